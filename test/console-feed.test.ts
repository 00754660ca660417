// The console's feed client against a world made by hand: subscribing, cursors, silence, reconnecting.

import type { ServerMessage } from "@ticker/core/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { type About, Feed } from "../packages/web/src/feed.ts";

type Ear = (message: { data: unknown }) => void;

class FakeSocket {
  sent: Record<string, unknown>[] = [];
  isClosed = false;
  #message: Ear = () => {};
  #close = () => {};
  addEventListener(kind: "message" | "close", hear: Ear | (() => void)) {
    if (kind === "message") this.#message = hear as Ear;
    else this.#close = hear as () => void;
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.isClosed = true;
  }
  hear(message: ServerMessage) {
    this.#message({ data: JSON.stringify(message) });
  }
  drop() {
    this.#close();
  }
}

let sockets: FakeSocket[];
let timers: { ms: number; wake: () => void }[];
let clock: number;
let feed: Feed;
const newest = () => sockets.at(-1) as FakeSocket;
const hello: ServerMessage = {
  type: "hello",
  protocol: "ticker.v1",
  now: 5_000,
  heartbeatMs: 5_000,
  account: "a",
  version: "1",
};
const events = (id: string, from: number): ServerMessage => ({
  type: "events",
  id,
  tickerId: "t",
  run: 1,
  runId: "t.1",
  dueAt: 0,
  from,
  to: from,
  events: [],
  cursor: `c${from}`,
});
const pass = () => timers.pop()?.wake();

beforeEach(() => {
  sockets = [];
  timers = [];
  clock = 0;
  feed = new Feed({
    open() {
      sockets.push(new FakeSocket());
      return newest();
    },
    now: () => clock,
    after(ms, wake) {
      const timer = { ms, wake };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    fraction: () => 1,
  });
});

describe("subscriptions", () => {
  test("are asked for once the server has said hello, and later ones at once", () => {
    feed.subscribe("tiles", undefined, () => {});
    feed.start();
    expect(newest().sent).toEqual([]);
    newest().hear(hello);
    expect(newest().sent).toEqual([{ type: "subscribe", id: "1", feed: "tiles" }]);
    const leave = feed.subscribe("203", 20, () => {});
    leave();
    expect(newest().sent.slice(1)).toEqual([
      { type: "subscribe", id: "2", feed: "203", last: 20 },
      { type: "unsubscribe", id: "2" },
    ]);
  });

  test("hear what is theirs, and nothing after they left", () => {
    const heard: About[] = [];
    const leave = feed.subscribe("203", 1, (message) => heard.push(message));
    feed.start();
    newest().hear(hello);
    newest().hear(events("1", 1));
    newest().hear(events("9", 1));
    leave();
    newest().hear(events("1", 2));
    expect(heard.map((message) => message.id)).toEqual(["1"]);
  });

  test("a trouble of the server's costs no cursor", () => {
    feed.subscribe("203", 3, () => {});
    feed.start();
    newest().hear(hello);
    newest().hear(events("1", 4));
    newest().hear({ type: "error", id: "1", code: "unavailable", message: "just now" });
    newest().drop();
    pass();
    newest().hear(hello);
    expect(newest().sent).toEqual([{ type: "subscribe", id: "1", feed: "203", cursor: "c4" }]);
  });

  test("a cursor the server refuses is given up once, and the feed begun anew", () => {
    feed.subscribe("203", 3, () => {});
    feed.start();
    newest().hear(hello);
    newest().hear(events("1", 4));
    newest().hear({ type: "error", id: "1", code: "invalid", message: "unknown cursor" });
    newest().hear({ type: "error", id: "1", code: "invalid", message: "unknown cursor" });
    expect(newest().sent.slice(1)).toEqual([{ type: "subscribe", id: "1", feed: "203", last: 3 }]);
  });
});

describe("a lost connection", () => {
  test("is taken up where it was left", () => {
    feed.subscribe("203", 20, () => {});
    feed.start();
    newest().hear(hello);
    newest().hear(events("1", 1));
    newest().hear(events("1", 2));
    newest().drop();
    expect(feed.connection).toMatchObject({ state: "lost", failures: 1 });
    pass();
    newest().hear(hello);
    expect(sockets).toHaveLength(2);
    expect(newest().sent).toEqual([{ type: "subscribe", id: "1", feed: "203", cursor: "c2" }]);
    expect(feed.connection).toMatchObject({ state: "live", failures: 0 });
  });

  test("is tried again after growing pauses, never longer than ten seconds", () => {
    feed.start();
    const pauses = Array.from({ length: 9 }, () => {
      newest().drop();
      const pause = timers.at(-1)?.ms;
      pass();
      return pause;
    });
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  test("two heartbeats of silence are a lost connection, whatever the socket says", () => {
    feed.start();
    newest().hear(hello);
    clock = 4_000;
    newest().hear({ type: "heartbeat", now: 9_000 });
    expect(timers).toHaveLength(1);
    expect(timers[0]?.ms).toBe(11_000);
    pass();
    expect(sockets[0]?.isClosed).toBe(true);
    expect(feed.connection).toEqual({ state: "lost", heardAt: 4_000, failures: 1 });
  });

  test("what an abandoned socket still says is not heard", () => {
    const heard: About[] = [];
    feed.subscribe("203", 1, (message) => heard.push(message));
    feed.start();
    const [first] = sockets;
    first?.hear(hello);
    first?.drop();
    pass();
    first?.hear(events("1", 1));
    first?.drop();
    expect(heard).toEqual([]);
    expect(sockets).toHaveLength(2);
  });

  test("after stop nothing is tried", () => {
    feed.start();
    newest().hear(hello);
    feed.stop();
    newest().drop();
    expect(timers).toEqual([]);
  });
});

test("whether killall is in force is heard, at each connect anew", () => {
  const heard: unknown[] = [];
  feed.onHeld = (hold) => heard.push(hold);
  feed.start();
  newest().hear(hello);
  const hold = { at: 1, by: "operator", reason: null };
  newest().hear({ type: "held", held: hold });
  newest().drop();
  pass();
  newest().hear({ type: "held", held: null });
  expect(heard).toEqual([hold, null]);
});

test("every word about the time is passed on", () => {
  const times: number[] = [];
  feed.onTime = (at) => times.push(at);
  feed.start();
  newest().hear(hello);
  newest().hear({ type: "heartbeat", now: 10_000 });
  newest().hear({ type: "pong", id: null, now: 10_001 });
  expect(times).toEqual([5_000, 10_000, 10_001]);
});
