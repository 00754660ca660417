// The feed over records made by hand: replay meets live, records that grow, runs that are pruned under a
// watcher, readings that fail; and that tiles and the account's feed resume without a silent hole.

import type { Event } from "@ticker/core/event";
import { makeFeed } from "@ticker/core/feed";
import type { FeedPlatform } from "@ticker/core/platform";
import type { ServerMessage } from "@ticker/core/protocol";
import type { Run } from "@ticker/core/run";
import { batchOf } from "@ticker/core/subscription";
import { beforeEach, describe, expect, test } from "vitest";
import { handClock } from "./support/world.ts";

const TICKER = "t_1";
const OWNER = "home";
type Record = { run: Run; events: Event[] };

let records: Map<number, Record>;
let clock: ReturnType<typeof handClock>;
let feed: ReturnType<typeof makeFeed>;
let reads: number;
let eventReads: number;
let errors: string[];
/** Called before a reading of events is answered. */
let onRead: (number: number) => unknown;
let onTicker: () => unknown;
/** Lets everything that was begun come to rest. */
const rest = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  records = new Map();
  clock = handClock();
  reads = 0;
  eventReads = 0;
  errors = [];
  onRead = () => {};
  onTicker = () => {};
  const ticker = { id: TICKER, owner: OWNER, revision: 1, name: "one", schedule: { hand: true } };
  const store = {
    listRuns: async (_owner: string, _ticker: string, { limit }: { limit: number }) => {
      reads++;
      const newest = [...records.values()].sort((a, b) => b.run.number - a.run.number);
      return newest.slice(0, limit).map(({ run }) => ({ ...run }));
    },
    readEvents: async (_o: string, _t: string, number: number, from: number, limit: number) => {
      eventReads++;
      await onRead(number);
      const events = records.get(number)?.events ?? [];
      return events.filter((event) => event.seq >= from).slice(0, limit);
    },
    readTicker: async () => {
      const entry = { ticker: { ...ticker }, status: statusOf() };
      await onTicker();
      return entry;
    },
    listTickers: async () => ({ items: [{ ticker, status: statusOf() }], next: null }),
  };
  const log = { info: () => {}, error: (message: string) => errors.push(message) };
  feed = makeFeed({ clock, store, log } as unknown as FeedPlatform, "epoch");
});

const statusOf = (active = 0) =>
  ({
    tickerId: TICKER,
    owner: OWNER,
    active: Array(active).fill({}),
    lastRunNumber: null,
  }) as never;

/** Adds events to a run and tells the feed; the last decides what became of it. */
function happen(number: number, ...kinds: ("output" | "finished" | "skipped" | "queued")[]): void {
  const known = records.get(number);
  const run = (known?.run ?? {
    tickerId: TICKER,
    number,
    id: `t_1.${number}`,
    dueAt: number,
    seq: 0,
    state: "queued",
    outcome: null,
    metrics: {},
  }) as Run;
  const fresh = kinds
    .filter((kind) => kind !== "queued")
    .map((kind) => ({ seq: ++run.seq, at: 0, kind, text: `${number}`, outcome: "succeeded" }));
  const last = kinds.at(-1);
  run.state = last === "queued" ? "queued" : last === "output" ? "running" : "finished";
  if (last === "skipped" || last === "finished")
    run.outcome = last === "skipped" ? last : "succeeded";
  // A record holds only its newest event.
  const before = last === "skipped" ? [] : (known?.events ?? []);
  records.set(number, { run, events: [...before, ...(fresh as unknown as Event[])] });
  if (fresh.length > 0) feed.publish(OWNER, batchOf(run, fresh as unknown as Event[]));
}

function viewer(full = { now: false }) {
  const said: ServerMessage[] = [];
  const watcher = {
    encode: (messages: string[]) => new TextEncoder().encode(`[${messages.join(",")}]`),
    write: (bytes: Uint8Array) => {
      said.push(...JSON.parse(new TextDecoder().decode(bytes)));
    },
    ready: () => !full.now,
  };
  const of = <T extends ServerMessage["type"]>(type: T) =>
    said.filter((m): m is Extract<ServerMessage, { type: T }> => m.type === type);
  return {
    said,
    watcher,
    full,
    of,
    follow: (cursor: string | null, last = 0) =>
      feed.watchTicker({ id: "a", owner: OWNER, tickerId: TICKER, cursor, last }, watcher),
    events: () => of("events").map(({ run, from, to }) => `${run}: ${from}-${to}`),
  };
}

/** What is gathered goes out. */
const gathered = () => clock.move(10);

describe("a ticker's feed", () => {
  test("a run that waits silently in the queue keeps nobody from going live, nor busy", async () => {
    happen(1, "output");
    const [first, second] = [viewer(), viewer()];
    first.follow(null);
    await rest();
    happen(1, "output");
    happen(2, "queued");
    second.follow(null);
    await rest();
    expect(second.of("live")).toHaveLength(1);
    expect(reads).toBeLessThan(6);
    happen(1, "finished");
    happen(2, "output", "finished");
    gathered();
    expect(second.events()).toEqual(["1: 3-3", "2: 1-2"]);
    expect(first.events()).toEqual(["1: 2-2", "1: 3-3", "2: 1-2"]);
  });

  test("a cursor at a record of skipped due times does not grow with every run after it", async () => {
    happen(1, "skipped");
    const one = viewer();
    one.follow(null, 1);
    await rest();
    const cursor = one.of("live")[0]?.cursor ?? "";
    happen(2, "output", "finished");
    const two = viewer();
    two.follow(cursor);
    await rest();
    for (let run = 3; run <= 40; run++) happen(run, "output", "finished");
    gathered();
    expect(two.of("events").at(-1)?.cursor).toBe("t_1:40");
    expect(two.events()).toHaveLength(39);
  });

  test("from now on means a record that goes on growing, too", async () => {
    happen(1, "skipped");
    const one = viewer();
    one.follow(null, 0);
    await rest();
    happen(1, "skipped");
    gathered();
    expect(one.events()).toEqual(["1: 2-2"]);
  });

  test("what retention took of a run that was seen in part is in a gap, and no more than that", async () => {
    happen(1, "output");
    const one = viewer();
    const subscription = one.follow("0");
    await rest();
    subscription.close();
    const cursor = one.of("events").at(-1)?.cursor ?? "";
    happen(1, "finished");
    happen(2, "finished");
    happen(3, "finished");
    records.delete(1);
    records.delete(2);
    const two = viewer();
    two.follow(cursor);
    await rest();
    expect(two.of("gap")).toMatchObject([{ fromRun: 1, toRun: 2, reason: "retention" }]);
    expect(two.events()).toEqual(["3: 1-1"]);
  });

  test("a run that is pruned between the list and its events is a gap", async () => {
    happen(1, "output", "finished");
    happen(2, "output", "finished");
    onRead = (number) => number === 1 && records.delete(1);
    const one = viewer();
    one.follow("0");
    await rest();
    expect(one.of("gap")).toMatchObject([{ fromRun: 1, toRun: 1, reason: "retention" }]);
    expect(one.events()).toEqual(["2: 1-2"]);
    expect(one.of("live")[0]?.cursor).toBe("t_1:2");
  });

  test("a cursor that knows more of a run than the records, as after a power cut, is a gap", async () => {
    happen(1, "output", "finished");
    const one = viewer();
    one.follow("t_1:0_1.7");
    await rest();
    expect(one.of("gap")).toMatchObject([{ fromRun: 1, toRun: 1, reason: "restarted" }]);
    happen(2, "finished");
    gathered();
    expect(one.events()).toEqual(["2: 1-1"]);
  });

  test("a reading that fails is tried again, though nothing more happens", async () => {
    happen(1, "output", "finished");
    const one = viewer();
    onRead = () => Promise.reject(new Error("the disk is away"));
    one.follow("0");
    await rest();
    expect(one.of("error")).toMatchObject([{ id: "a", code: "unavailable" }]);
    onRead = () => {};
    clock.move(1_000);
    await rest();
    expect(one.events()).toEqual(["1: 1-2"]);
    expect(one.of("live")).toHaveLength(1);
    expect(errors).toHaveLength(1);
  });

  test("many subscriptions of one slow connection do not all read at once", async () => {
    happen(1, "output", "finished");
    const one = viewer();
    const watcher = {
      ...one.watcher,
      write(bytes: Uint8Array) {
        one.watcher.write(bytes);
        if (one.said.at(-1)?.type === "events") one.full.now = true;
      },
    };
    const subscriptions = Array.from({ length: 20 }, (_, i) => {
      const ask = { id: `${i}`, owner: OWNER, tickerId: TICKER, cursor: "0", last: 0 };
      return feed.watchTicker(ask, watcher);
    });
    await rest();
    expect(one.events()).toHaveLength(1);
    expect(eventReads).toBe(1);
    one.full.now = false;
    for (const subscription of subscriptions) subscription.resume();
    await rest();
    expect(one.events()).toHaveLength(2);
  });
});

describe("tiles", () => {
  test("what changed while nobody watched is not missed by a cursor from before", async () => {
    const [first, other, again] = [viewer(), viewer(), viewer()];
    const watch = (who: ReturnType<typeof viewer>, cursor: string | null) =>
      feed.tiles.watch({ id: "t", owner: OWNER, cursor }, who.watcher);
    const subscription = watch(first, null);
    clock.move(250);
    await rest();
    const cursor = first.of("live")[0]?.cursor ?? "";
    subscription.close();
    feed.tiles.changed(OWNER, TICKER, false);
    watch(other, null);
    clock.move(250);
    await rest();
    watch(again, cursor);
    clock.move(250);
    await rest();
    expect(again.of("tiles").flatMap((m) => m.tiles.map((tile) => tile.tickerId))).toEqual([
      TICKER,
    ]);
  });

  test("two who ask for a tile at once lose nothing that happens meanwhile", async () => {
    happen(1, "output");
    const entry = {
      ticker: { id: TICKER, owner: OWNER, revision: 1 },
      status: statusOf(1),
    } as never;
    let asked = 0;
    onTicker = async () => {
      // Both have begun to read when it happens; the first is done before it.
      if (++asked === 2) {
        await rest();
        feed.tiles.status(statusOf(0));
        happen(1, "finished");
      }
    };
    const [first] = await Promise.all([feed.tiles.load([entry]), feed.tiles.load([entry])]);
    expect(first[0]?.running).toBe(0);
    expect((await feed.tiles.load([entry]))[0]?.running).toBe(0);
  });
});

describe("the account's feed", () => {
  const long = "x".repeat(16_000);
  const print = (number: number, text: string) =>
    feed.publish(OWNER, {
      tickerId: TICKER,
      run: number,
      runId: `t_1.${number}`,
      dueAt: 0,
      from: 1,
      to: 1,
      events: [{ seq: 1, at: 0, kind: "output", text, stream: "out" }],
    });

  test("remembers no more text than it may, and says so", () => {
    for (let number = 1; number <= 2_000; number++) print(number, long);
    const one = viewer();
    feed.watchAccount({ id: "a", owner: OWNER, cursor: "epoch.1" }, one.watcher);
    expect(one.of("gap")).toMatchObject([{ reason: "too-far-behind" }]);
    const characters = one.of("events").length * long.length;
    expect(characters).toBeGreaterThan(7_000_000);
    expect(characters).toBeLessThan(10_000_000);
    expect(one.of("events").at(-1)?.run).toBe(2_000);
  });

  test("is called live when the replay is over, not when its reader is full", () => {
    for (let number = 1; number <= 500; number++) print(number, "short");
    const one = viewer({ now: true });
    const ask = { id: "a", owner: OWNER, cursor: "epoch.1" };
    const subscription = feed.watchAccount(ask, one.watcher);
    expect(one.of("live")).toEqual([]);
    one.full.now = false;
    subscription.resume();
    expect(one.of("events")).toHaveLength(499);
    expect(one.said.at(-1)).toMatchObject({ type: "live", cursor: "epoch.500" });
  });

  test.each(["epoch.501", "epoch.-1", "epoch.x", "x", "", "epoch.1e2"])(
    "the cursor %j, which is none of ours, is a gap",
    (cursor) => {
      for (let number = 1; number <= 500; number++) print(number, "short");
      const one = viewer();
      feed.watchAccount({ id: "a", owner: OWNER, cursor }, one.watcher);
      expect(one.said.map((m) => m.type)).toEqual(["subscribed", "gap", "live"]);
    },
  );
});
