// One connection's conversation in `ticker.v1`: parses what the client says, opens and closes its
// subscriptions. Knows nothing of sockets; a body gives it a connection and hands it the texts.

import { VisibleError } from "./error.ts";
import type { Connection, Feed, Subscription } from "./feed.ts";
import type { Clock, Store } from "./index.ts";
import { parseCursor, reachOf, refused } from "./position.ts";
import { type ClientMessage, HEARTBEAT_MS, type ServerMessage, SUBPROTOCOL } from "./protocol.ts";

export const SUBSCRIPTIONS_MAX = 100;
const ID_MAX = 64;
/** Messages a client may send per ten seconds; a console opening a page sends a handful. */
const MESSAGES_PER_WINDOW = 300;
const WINDOW_MS = 10_000;

export type FeedSession = {
  /** A text frame from the client. Answers `close` when it must be let go. */
  receive(text: string): Promise<"open" | "close">;
  /** A ping frame, which counts as a message. */
  pinged(): "open" | "close";
  heartbeat(): void;
  /** The connection can take more. */
  resume(): void;
  close(): void;
};

export function openFeedSession(
  world: { clock: Clock; store: Store; feed: Feed; version: string },
  account: string,
  connection: Connection,
): FeedSession {
  const { clock, feed } = world;
  const { watcher } = connection;
  const subscriptions = new Map<string, Subscription>();
  let closed = false;
  let windowAt = clock.monotonic();
  let received = 0;
  let tail: Promise<void> = Promise.resolve();

  const say = (message: ServerMessage): void =>
    watcher.write(watcher.encode([JSON.stringify(message)]));
  const refuse = (id: string | null, code: string, message: string): void =>
    say({ type: "error", id, code, message });

  async function subscribe(ask: Extract<ClientMessage, { type: "subscribe" }>): Promise<void> {
    const { id, feed: name } = ask;
    if (subscriptions.has(id)) {
      return refuse(id, "conflict", `a subscription with id "${id}" is open; unsubscribe it first`);
    }
    if (subscriptions.size >= SUBSCRIPTIONS_MAX) {
      return refuse(id, "limit", `a connection has at most ${SUBSCRIPTIONS_MAX} subscriptions`);
    }
    const cursor = ask.cursor ?? null;
    try {
      const about = { id, owner: account, cursor };
      if (name === "account") subscriptions.set(id, feed.watchAccount(about, watcher));
      else if (name === "tiles") subscriptions.set(id, feed.tiles.watch(about, watcher));
      else await subscribeTicker(name, { ...about, last: ask.last ?? 1 });
    } catch (error) {
      if (!(error instanceof VisibleError)) throw error;
      refuse(id, error.code, error.message);
    }
  }

  async function subscribeTicker(
    name: string,
    about: { id: string; owner: string; cursor: string | null; last: number },
  ): Promise<void> {
    const key = name.startsWith("t_")
      ? { id: name }
      : /^\d{3}$/.test(name)
        ? { page: Number(name) }
        : { name };
    const entry = await world.store.readTicker(account, key);
    if (entry === null) {
      const kinds = 'a ticker\'s id, page number or name, "account" or "tiles"';
      return refuse(about.id, "not-found", `there is no feed "${name}"; a feed is ${kinds}`);
    }
    if (closed) return;
    const tickerId = entry.ticker.id;
    const { cursor } = about;
    // A folder put back from a copy, or a power cut: what was told since is not in the records.
    if (cursor !== null && reachOf(parseCursor(cursor, tickerId)) > entry.status.runNumber) {
      throw refused(cursor, "ahead of the ticker's records");
    }
    const ask = { ...about, tickerId };
    subscriptions.set(about.id, feed.watchTicker(ask, watcher));
  }

  function tooMany(): boolean {
    const now = clock.monotonic();
    if (now - windowAt > WINDOW_MS) {
      windowAt = now;
      received = 0;
    }
    return ++received > MESSAGES_PER_WINDOW;
  }

  async function handle(text: string): Promise<void> {
    if (closed) return;
    const message = parse(text);
    if (typeof message === "string") refuse(null, "invalid", message);
    else if (message.type === "subscribe") await subscribe(message);
    else if (message.type === "ping") {
      say({ type: "pong", id: message.id ?? null, now: clock.now() });
    } else {
      subscriptions.get(message.id)?.close();
      if (!subscriptions.delete(message.id)) {
        refuse(message.id, "not-found", `no subscription with id "${message.id}" is open`);
      }
    }
  }

  say({
    type: "hello",
    protocol: SUBPROTOCOL,
    now: clock.now(),
    heartbeatMs: HEARTBEAT_MS,
    account,
    version: world.version,
  });
  const disconnect = feed.connect(account, connection);

  function counted(): "open" | "close" {
    if (!tooMany()) return "open";
    refuse(null, "limit", `more than ${MESSAGES_PER_WINDOW} messages in ten seconds; goodbye`);
    return "close";
  }

  return {
    pinged: counted,
    receive(text) {
      if (counted() === "close") return Promise.resolve("close");
      // In the order they came: an id is free again once its unsubscribe was heard.
      const done = tail.then(() => handle(text));
      tail = done.catch(() => {});
      return done.then(() => "open");
    },
    heartbeat: () => say({ type: "heartbeat", now: clock.now() }),
    resume() {
      for (const subscription of subscriptions.values()) subscription.resume();
    },
    close() {
      closed = true;
      disconnect();
      for (const subscription of subscriptions.values()) subscription.close();
      subscriptions.clear();
    },
  };
}

const FIELDS: Record<string, string[]> = {
  subscribe: ["type", "id", "feed", "cursor", "last"],
  unsubscribe: ["type", "id"],
  ping: ["type", "id"],
};

/** A checked message, or what is wrong with it. */
function parse(text: string): ClientMessage | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "a message must be one JSON object as text";
  }
  if (message === null || typeof message !== "object" || Array.isArray(message)) {
    return "a message must be one JSON object";
  }
  const given = message as Record<string, unknown>;
  const fields = typeof given.type === "string" && Object.hasOwn(FIELDS, given.type);
  if (!fields) return 'type must be "subscribe", "unsubscribe" or "ping"';
  const known = FIELDS[given.type as string] as string[];
  const strange = Object.keys(given).find((key) => !known.includes(key));
  if (strange !== undefined) {
    return `"${strange.slice(0, 40)}" is no field of ${given.type}; it has ${known.join(", ")}`;
  }
  const named = typeof given.id === "string" && given.id.length > 0 && given.id.length <= ID_MAX;
  if (!named && !(given.type === "ping" && given.id === undefined)) {
    return `id must be a text of 1 to ${ID_MAX} characters of your choice`;
  }
  if (given.type !== "subscribe") return given as ClientMessage;
  if (typeof given.feed !== "string" || given.feed.length > 64) {
    return 'feed must be a ticker\'s id, page number or name, "account" or "tiles"';
  }
  if (given.cursor !== undefined && typeof given.cursor !== "string") {
    return "cursor must be the text of a message's cursor";
  }
  const last = given.last;
  if (last !== undefined && !(Number.isInteger(last) && Number(last) >= 0 && Number(last) <= 100)) {
    return "last must be a whole number from 0 to 100: how many runs to replay";
  }
  return given as ClientMessage;
}
