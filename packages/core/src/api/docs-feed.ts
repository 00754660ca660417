// The feed protocol for readers, by hand, with an example of every message; the compiler holds the
// examples to the protocol's types.

import { type ClientMessage, HEARTBEAT_MS, type ServerMessage } from "../protocol.ts";
import { code, prose } from "./docs-html.ts";

const NOW = 1795293931000;
const TICKER = "t_01k9m2c7e4hd8xqv";

const ASKED: { [T in ClientMessage["type"]]: [Extract<ClientMessage, { type: T }>, string] } = {
  subscribe: [
    { type: "subscribe", id: "a", feed: "203", last: 1 },
    "`feed` is a ticker's id or page number, `account` for every event of every ticker, or `tiles` for each ticker's newest state. `id` is yours and is echoed. Without `cursor` a ticker's feed replays its newest `last` runs (1, at most 100); with the `cursor` of the newest message you have, it goes on right after it.",
  ],
  unsubscribe: [{ type: "unsubscribe", id: "a" }, "No more of that subscription."],
  ping: [{ type: "ping", id: "7" }, "Answered with `pong`."],
};

const TOLD: { [T in ServerMessage["type"]]: [Extract<ServerMessage, { type: T }>, string] } = {
  hello: [
    {
      type: "hello",
      protocol: "ticker.v1",
      now: NOW,
      heartbeatMs: HEARTBEAT_MS,
      account: "home",
      version: "0.1.0",
    },
    "First, once. If nothing comes for two heartbeats, call yourself stale and connect again with your cursors.",
  ],
  held: [
    { type: "held", held: { at: NOW, by: "token deploy", reason: "the SMTP key leaked" } },
    "Killall is in force: nothing runs and nothing starts until release; `null` when it is not. Right after `hello` and at every change, without subscribing.",
  ],
  subscribed: [
    { type: "subscribed", id: "a", feed: "203", tickerId: TICKER },
    "The replay begins.",
  ],
  events: [
    {
      type: "events",
      id: "a",
      tickerId: TICKER,
      run: 42,
      runId: `${TICKER}.${NOW}`,
      dueAt: NOW,
      from: 1,
      to: 2,
      events: [
        { seq: 1, at: NOW + 3, kind: "started", attempt: 1, lateMs: 3 },
        { seq: 2, at: NOW + 9, kind: "output", text: "64,182 USD", stream: "out" },
      ],
      cursor: "opaque-1",
    },
    "Events `from..to` of one run. Run numbers are dense per ticker and event numbers dense per run, so you can prove that nothing is missing.",
  ],
  live: [
    { type: "live", id: "a", cursor: "opaque-2" },
    "The replay is over; what follows happens now.",
  ],
  gap: [
    {
      type: "gap",
      id: "a",
      reason: "slow-reader",
      tickerId: TICKER,
      fromRun: 43,
      toRun: 45,
      cursor: "opaque-3",
    },
    "What this subscription did not get, and why. Read it over REST if it matters. There is never a silent hole.",
  ],
  tiles: [
    { type: "tiles", id: "t", tiles: [], removed: [TICKER], cursor: "opaque-4" },
    "Newest states, last value wins; at most four times a second for each ticker. `removed`: out of sight.",
  ],
  heartbeat: [{ type: "heartbeat", now: NOW }, `Every ${HEARTBEAT_MS / 1000} seconds.`],
  pong: [{ type: "pong", id: "7", now: NOW }, "The answer to `ping`."],
  error: [
    { type: "error", id: "a", code: "not-found", message: 'There is no ticker "299".' },
    "About a subscription, or with `id` null about the connection.",
  ],
};

/** The part of the page at `#feed`. */
export function feedPart(): string {
  const messages = (all: Record<string, [object, string]>) =>
    Object.entries(all)
      .map(
        ([type, [example, words]]) =>
          `<h4>${type}</h4><p>${prose(words)}</p>${code(JSON.stringify(example), `Example of ${type}`)}`,
      )
      .join("\n");
  return `<h2 id="feed">The feed</h2>
<p>${prose("A WebSocket at `/v1/feed` with subprotocol `ticker.v1`; JSON text frames. Prove who you are by `Authorization: Bearer`, by the session cookie (from this site's own pages only), or, from a page elsewhere, by a ticket of `POST /v1/feed-ticket` offered as a second subprotocol.")}</p>
${code('new WebSocket("wss://ticker.example.com/v1/feed", ["ticker.v1", "ticket." + ticket]);', "Opening a feed")}
<h3>What you send</h3>
${messages(ASKED)}
<h3>What you are sent</h3>
${messages(TOLD)}`;
}
