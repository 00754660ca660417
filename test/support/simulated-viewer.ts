// Somebody who watches one ticker for the whole simulation: slow at times, cut off at times, always back with the
// cursor of the last message. What it was shown must be what is stored, once, in order, or a gap that was said.

import type { Event } from "@ticker/core/event";
import type { Feed, Subscription } from "@ticker/core/feed";
import type { ServerMessage } from "@ticker/core/protocol";
import type { Dice } from "./simulated-time.ts";

type Seen = { seq: number; over: boolean; events: Event[] };

export type Viewer = ReturnType<typeof makeViewer>;

export function makeViewer(
  owner: string,
  tickerId: string,
  chance: Dice,
  fault: (rule: string, message: string, tickerId: string) => void,
  log: (line: () => string) => void,
) {
  const seen = new Map<number, Seen>();
  const gaps: { from: number; to: number }[] = [];
  let cursor: string | null = "0";
  let subscription: Subscription | null = null;
  let slow = false;
  let live = false;

  const tell = (what: string): void => log(() => `viewer of ${tickerId}: ${what}`);

  function hear(message: ServerMessage): void {
    if (message.type === "events")
      tell(`run ${message.run}: ${message.from}..${message.to}, then ${message.cursor}`);
    else tell(JSON.stringify(message));
    if (message.type === "live") live = true;
    if (message.type === "gap") {
      gaps.push({ from: message.fromRun ?? 0, to: message.toRun ?? 0 });
      cursor = message.cursor;
    }
    if (message.type !== "events") return;
    const { run, from, to, events } = message;
    const known = seen.get(run) ?? { seq: 0, over: false, events: [] };
    seen.set(run, known);
    const where = `run ${run}: ${from}..${to} after ${known.seq}`;
    const rule = "a viewer sees every event once and in order";
    if (from !== known.seq + 1) {
      const record = events[0]?.kind === "skipped" || events[0]?.kind === "missed";
      // The newest event of a record says all that the earlier ones said.
      if (!record || to <= known.seq) fault(rule, where, tickerId);
    }
    if (known.over) fault("nothing after the end", where, tickerId);
    known.seq = to;
    known.over = events.at(-1)?.kind === "finished";
    known.events.push(...events);
    cursor = message.cursor;
  }

  return {
    tickerId,
    seen,
    gaps,
    live: () => live,
    connected: () => subscription !== null,
    connect(feed: Feed): void {
      tell(`connects with ${cursor}`);
      live = false;
      slow = false;
      const watcher = {
        encode: (messages: string[]) => new TextEncoder().encode(messages.join("\n")),
        write(bytes: Uint8Array) {
          for (const text of new TextDecoder().decode(bytes).split("\n"))
            hear(JSON.parse(text) as ServerMessage);
        },
        ready: () => !slow,
      };
      try {
        const ask = { id: "v", owner, tickerId, cursor, last: 0 };
        subscription = feed.watchTicker(ask, watcher);
      } catch (error) {
        fault("a cursor that was given is taken", `${cursor}: ${String(error)}`, tickerId);
      }
    },
    /** The connection is gone; messages on their way with it. */
    disconnect(): void {
      tell("disconnects");
      subscription?.close();
      subscription = null;
    },
    /** The process died under it. */
    forget(): void {
      subscription = null;
    },
    setSlow(now: boolean): void {
      slow = now;
      tell(now ? "is slow" : "is ready");
      if (!slow) subscription?.resume();
    },
    isSlow: () => slow,
    chance,
  };
}
