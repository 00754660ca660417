// The WebSocket protocol `ticker.v1`: JSON text frames, the same in both bodies. Documented for users at
// /docs#feed. A client can prove that it missed nothing: run numbers are dense per ticker, event numbers
// dense per run, and whatever is left out is said in a `gap`.

import type { Hold } from "./account.ts";
import type { Event } from "./event.ts";
import type { Tile } from "./tile.ts";

export const SUBPROTOCOL = "ticker.v1";
/** Server heartbeat; a client that hears nothing for two of them should call itself stale. */
export const HEARTBEAT_MS = 5_000;

/**
 * Feeds: a ticker's id or page number as text ("203"); "account" = every event of every ticker;
 * "tiles" = each ticker's newest state, last value wins, at most four times a second each.
 */
export type ClientMessage =
  /**
   * `id`: yours, echoed in everything about this subscription. `cursor`: from the newest message of that feed, and
   * of no other; `0` is the beginning of any ticker. Without it, ticker feeds replay the newest `last` runs
   * (default 1, at most 100), others start live.
   */
  | { type: "subscribe"; id: string; feed: string; cursor?: string; last?: number }
  | { type: "unsubscribe"; id: string }
  | { type: "ping"; id?: string };

export type ServerMessage =
  | {
      type: "hello";
      protocol: "ticker.v1";
      now: number;
      heartbeatMs: number;
      account: string;
      version: string;
    }
  /**
   * Whether killall is in force (null: no). Right after `hello` and at every change, to every connection of the
   * account whatever it is subscribed to: state, not history, so it is right after a reconnect too.
   */
  | { type: "held"; held: Hold | null }
  /** Replay begins. `tickerId` for ticker feeds. */
  | { type: "subscribed"; id: string; feed: string; tickerId: string | null }
  /** Replay is over; what follows is live. */
  | { type: "live"; id: string; cursor: string }
  /** Events `from..to` of run number `run`. The cursor resumes right after them. */
  | {
      type: "events";
      id: string;
      tickerId: string;
      run: number;
      runId: string;
      dueAt: number;
      from: number;
      to: number;
      events: Event[];
      cursor: string;
    }
  /** What this subscription did not get, and why. `run`/`from`/`to` when known. Read it over REST if it matters. */
  | {
      type: "gap";
      id: string;
      reason: "retention" | "too-far-behind" | "slow-reader" | "restarted";
      tickerId: string | null;
      fromRun: number | null;
      toRun: number | null;
      cursor: string;
    }
  | { type: "tiles"; id: string; tiles: Tile[]; removed: string[]; cursor: string }
  | { type: "heartbeat"; now: number }
  | { type: "pong"; id: string | null; now: number }
  /** RFC 9457 in small. Without `id` it is about the connection. */
  | { type: "error"; id: string | null; code: string; message: string };
