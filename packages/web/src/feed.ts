// The console's one socket: subscriptions with cursors, reconnecting with growing pauses, replay from where
// each left off, and the truth about how old what is shown is. Knows no page and draws nothing.

import type { Hold } from "@ticker/core/account";
import type { ClientMessage, ServerMessage } from "@ticker/core/protocol";

/** What the feed needs of the world, so that tests can be the world. */
export type FeedWorld = {
  open(): Socket;
  now(): number;
  after(ms: number, wake: () => void): () => void;
  fraction(): number;
};
export type Socket = {
  send(text: string): void;
  close(): void;
  addEventListener(kind: "message", hear: (message: { data: unknown }) => void): void;
  addEventListener(kind: "close", hear: () => void): void;
};

export type About = Extract<
  ServerMessage,
  { type: "subscribed" | "live" | "events" | "gap" | "tiles" }
>;
export type Connection = {
  state: "connecting" | "live" | "lost";
  /** Local time of the newest message; null before the first. */
  heardAt: number | null;
  /** Attempts that failed since the last success. */
  failures: number;
};
type Subscription = {
  feed: string;
  last: number | undefined;
  cursor: string | null;
  hear(message: About): void;
};

const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 10_000;
/** What a heartbeat may come late before it counts as missed. */
const GRACE_MS = 1_000;

export class Feed {
  connection: Connection = { state: "connecting", heardAt: null, failures: 0 };
  /** Told of every change of `connection`. */
  onConnection: (connection: Connection) => void = () => {};
  /** Told the server's time whenever it says it. */
  onTime: (serverAt: number) => void = () => {};
  /** Told whether killall is in force (null: no), at each connect and at every change. */
  onHeld: (hold: Hold | null) => void = () => {};
  #world: FeedWorld;
  #socket: Socket | null = null;
  #subscriptions = new Map<string, Subscription>();
  #nextId = 1;
  #heartbeatMs = 5_000;
  #cancel: () => void = () => {};
  #isReady = false;

  constructor(world: FeedWorld) {
    this.#world = world;
  }

  /** Connects, and keeps connected until `stop`. Called again while waiting: tries at once. */
  start() {
    if (this.#socket) return;
    this.#cancel();
    const socket = this.#world.open();
    this.#socket = socket;
    this.#watch();
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket && typeof data === "string") this.#hear(data);
    });
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#lose();
    });
  }

  /** Disconnects for good; subscriptions stay for another `start`. */
  stop() {
    this.#cancel();
    const socket = this.#socket;
    this.#socket = null;
    this.#isReady = false;
    socket?.close();
  }

  /** Hears a feed from now on, across reconnects; the answer ends it. `last`: runs to replay at first. */
  subscribe(feed: string, last: number | undefined, hear: (message: About) => void): () => void {
    const id = String(this.#nextId++);
    const subscription = { feed, last, cursor: null, hear };
    this.#subscriptions.set(id, subscription);
    if (this.#isReady) this.#ask(id, subscription);
    return () => {
      this.#subscriptions.delete(id);
      if (this.#isReady) this.#send({ type: "unsubscribe", id });
    };
  }

  #ask(id: string, { feed, cursor, last }: Subscription) {
    const from = cursor ? { cursor } : last ? { last } : {};
    this.#send({ type: "subscribe", id, feed, ...from });
  }

  #send(message: ClientMessage) {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(text: string) {
    const message = JSON.parse(text) as ServerMessage;
    this.#set({ state: this.#isReady ? "live" : "connecting", heardAt: this.#world.now() });
    this.#watch();
    switch (message.type) {
      case "hello":
        this.#heartbeatMs = message.heartbeatMs;
        this.#isReady = true;
        this.onTime(message.now);
        this.#set({ state: "live", failures: 0 });
        for (const [id, subscription] of this.#subscriptions) this.#ask(id, subscription);
        return;
      case "heartbeat":
      case "pong":
        this.onTime(message.now);
        return;
      case "held":
        this.onHeld(message.held);
        return;
      case "error":
        if (message.code === "invalid") this.#refused(message.id);
        return;
      default:
        this.#deliver(message);
    }
  }

  #deliver(message: About) {
    const subscription = this.#subscriptions.get(message.id);
    if (!subscription) return;
    if ("cursor" in message) subscription.cursor = message.cursor;
    subscription.hear(message);
  }

  /** A cursor the server no longer understands: start that feed afresh, once. */
  #refused(id: string | null) {
    const subscription = this.#subscriptions.get(id ?? "");
    if (!id || !subscription?.cursor) return;
    subscription.cursor = null;
    this.#ask(id, subscription);
  }

  /** Silence for two heartbeats means that the line is dead, whatever the socket believes. */
  #watch() {
    this.#cancel();
    this.#cancel = this.#world.after(2 * this.#heartbeatMs + GRACE_MS, () => this.#lose());
  }

  #lose() {
    const socket = this.#socket;
    this.#socket = null;
    this.#isReady = false;
    socket?.close();
    const failures = this.connection.failures + 1;
    this.#set({ state: "lost", failures });
    this.#cancel();
    this.#cancel = this.#world.after(this.#pause(failures), () => this.start());
  }

  #pause(failures: number): number {
    const longest = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures - 1, 10));
    return longest * (0.5 + this.#world.fraction() / 2);
  }

  #set(change: Partial<Connection>) {
    this.connection = { ...this.connection, ...change };
    this.onConnection(this.connection);
  }
}
