// Due times: each is met once, and what does not run is recorded with its reason.

import { TransientError } from "@ticker/core/error";
import type { TickerInput, TickerPatch } from "@ticker/core/ticker-input";
import { editTicker } from "@ticker/core/tickers";
import { afterEach, describe, expect, test } from "vitest";
import { makeWorld, OWNER, START, until, type World } from "./support/world.ts";

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.close();
});

/** A ticker of every second whose service was away; answers its id. */
const downFor = async (ms: number, policy = {}): Promise<string> => {
  world = await makeWorld();
  const ticker = await world.ticker({ schedule: { every: 1000 }, policy });
  (await world.hand.next()).end();
  await world.event("finished", 1);
  await world.crash();
  world = await makeWorld({ folder: world.folder, startAt: START + ms });
  return ticker.id;
};

describe("a ticker that is due", () => {
  test("ticks at once when it is made, and then on its grid", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 1000 } });
    const first = await world.hand.next();
    expect(first.job.facts.dueAt).toBe(START);
    first.print("hello");
    first.end();
    await world.event("finished", 1);
    world.clock.move(1000);
    const second = await world.hand.next();
    expect(second.job.facts.dueAt).toBe(START + 1000);
    expect(second.job.facts.last).toMatchObject({ outcome: "succeeded", line: "hello" });
    second.end();
    await world.event("finished", 2);
    expect((await world.runs(ticker.id)).map((r) => [r.number, r.dueAt, r.outcome])).toEqual([
      [2, START + 1000, "succeeded"],
      [1, START, "succeeded"],
    ]);
  });

  test("does not drift when it starts late", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 1000 } });
    (await world.hand.next()).end();
    await world.event("finished", 1);
    world.clock.jump(1300);
    world.clock.move(0);
    world.engine.wake();
    const second = await world.hand.next();
    expect(second.job.facts.dueAt).toBe(START + 1000);
    second.end();
    await world.event("finished", 2);
    const [run] = await world.runs(ticker.id);
    expect(run?.lateMs).toBe(300);
    expect((await world.status(ticker.id)).nextDueAt).toBe(START + 2000);
  });

  test("still running: the due time is recorded as skipped, a row of them as one record", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 1000 } });
    const job = await world.hand.next();
    world.clock.move(1000);
    await world.event("skipped", 2);
    world.clock.move(1000);
    world.engine.wake();
    await until(async () => (await world.runs(ticker.id))[0]?.count === 2);
    job.end();
    await world.event("finished", 1);
    const [record] = await world.runs(ticker.id);
    expect(record).toMatchObject({
      number: 2,
      outcome: "skipped",
      reason: "still-running",
      count: 2,
      dueAt: START + 1000,
      dueUntilAt: START + 2000,
    });
  });

  test("overlap queue: runs wait their turn, and one beyond the queue is skipped", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({
      schedule: { every: 1000 },
      policy: { overlap: { mode: "queue", queueMax: 1 } },
    });
    const first = await world.hand.next();
    world.clock.move(1000);
    await until(async () => (await world.status(ticker.id)).queued.length === 1);
    world.clock.move(1000);
    await world.event("skipped", 3);
    first.end();
    const second = await world.hand.next();
    expect(second.job.facts.dueAt).toBe(START + 1000);
    second.end();
    await world.event("finished", 2);
    expect((await world.runs(ticker.id)).map((r) => [r.number, r.outcome, r.reason])).toEqual([
      [3, "skipped", "queue-full"],
      [2, "succeeded", null],
      [1, "succeeded", null],
    ]);
  });

  test("from finish: counts from the end of the run", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 1000, from: "finish" } });
    const job = await world.hand.next();
    expect((await world.status(ticker.id)).nextDueAt).toBe(null);
    world.clock.move(700);
    job.end();
    await world.event("finished", 1);
    expect((await world.status(ticker.id)).nextDueAt).toBe(START + 1700);
    world.clock.move(1000);
    (await world.hand.next()).end();
    await world.event("finished", 2);
  });

  test("from finish: a thread whose clock is behind ours makes nothing due in the past", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 1000, from: "finish" } });
    const job = await world.hand.next();
    world.clock.move(200);
    job.end({ startedAt: START - 30_000, finishedAt: START - 29_800 });
    await world.event("finished", 1);
    expect((await world.status(ticker.id)).nextDueAt).toBe(START + 1200);
    expect((await world.runs(ticker.id))[0]).toMatchObject({
      startedAt: START,
      finishedAt: START + 200,
    });
  });

  test("once: runs at its instant and is done", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { at: START + 5000 } });
    world.clock.move(5000);
    (await world.hand.next()).end();
    await world.event("finished", 1);
    expect(await world.status(ticker.id)).toMatchObject({
      state: "stopped",
      stopReason: "done",
      nextDueAt: null,
    });
  });
});

describe("due times nobody was there for", () => {
  test("none: the newest runs, the rest is one record", async () => {
    const id = await downFor(3_600_000 + 200);
    const job = await world.hand.next();
    expect(job.job.facts.dueAt).toBe(START + 3_600_000);
    job.end();
    await world.event("finished", 3);
    const [, record] = await world.runs(id);
    expect(record).toMatchObject({
      outcome: "missed",
      reason: "down",
      count: 3599,
      dueAt: START + 1000,
      dueUntilAt: START + 3_599_000,
    });
  });

  test("a rare one that is too late is missed, not run", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { cron: "0 3 * * *", zone: "UTC" } });
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 4 * 3_600_000 });
    await world.event("missed", 1);
    expect(world.hand.pendingArrivals()).toBe(0);
    expect((await world.status(ticker.id)).nextDueAt).toBe(START + 27 * 3_600_000);
  });

  test("latest: a rare one runs however late", async () => {
    world = await makeWorld();
    await world.ticker({
      schedule: { cron: "0 3 * * *", zone: "UTC" },
      policy: { catchUp: { mode: "latest" } },
    });
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 52 * 3_600_000 });
    const job = await world.hand.next();
    expect(job.job.facts.dueAt).toBe(START + 51 * 3_600_000);
    job.end();
    await world.event("finished", 3 - 1);
  });

  test("all: each of them runs, in order, one after the other", async () => {
    const id = await downFor(3500, { catchUp: { mode: "all", windowMs: 60_000 } });
    for (const dueAt of [1000, 2000, 3000]) {
      const job = await world.hand.next();
      expect(job.job.facts.dueAt).toBe(START + dueAt);
      expect(world.hand.jobs.size).toBe(1);
      job.end();
    }
    await world.event("finished", 4);
    expect((await world.runs(id)).map((r) => r.outcome)).toEqual(Array(4).fill("succeeded"));
  });
});

describe("catching up with all, when only some are within its window", () => {
  test("those run, and the ones before them are missed", async () => {
    const id = await downFor(3500, { catchUp: { mode: "all", windowMs: 1_600 } });
    for (const dueAt of [2000, 3000]) {
      const job = await world.hand.next();
      expect(job.job.facts.dueAt).toBe(START + dueAt);
      job.end();
    }
    await world.event("finished", 4);
    const [, , missed] = await world.runs(id);
    expect(missed).toMatchObject({ outcome: "missed", count: 1, dueAt: START + 1000 });
  });

  test("a rare one that is older than the window is missed", async () => {
    world = await makeWorld();
    await world.ticker({
      schedule: { cron: "0 3 * * *", zone: "UTC" },
      policy: { catchUp: { mode: "all", windowMs: 600_000 } },
    });
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 4 * 3_600_000 });
    await world.event("missed", 1);
    expect(world.hand.pendingArrivals()).toBe(0);
  });
});

describe("an edit while a run is under way", () => {
  const edited = async (patch: TickerPatch, policy: TickerInput["policy"] = {}) => {
    world = await makeWorld();
    const { id } = await world.ticker({ schedule: { every: 1000 }, policy });
    const first = await world.hand.next();
    await editTicker(world.platform, OWNER, id, patch, { revision: null, zone: "UTC" });
    world.engine.changed(OWNER, id);
    return { id, first };
  };

  test("a queued run, and another try, run the new text, and their records say so", async () => {
    const policy: TickerInput["policy"] = {
      overlap: { mode: "queue", queueMax: 1 },
      retry: { attempts: 1, backoffMs: 0, backoffMaxMs: 0, on: ["failed"] },
    };
    const script = { language: "javascript", source: "print(2)" } as const;
    const { id, first } = await edited({ script }, policy);
    world.clock.move(1000);
    await until(async () => (await world.status(id)).queued.length === 1);
    first.end({ outcome: "failed" });
    await world.event("retry", 1);
    world.clock.move(2);
    for (const number of [1, 2]) {
      const job = await world.hand.next();
      expect(job.job).toMatchObject({ script, facts: { run: { number } } });
      job.end();
      await world.event("finished", number);
    }
    expect((await world.runs(id)).map((run) => run.revision)).toEqual([2, 2]);
  });

  test("to from: finish: its end makes the ticker due, though a due time was skipped meanwhile", async () => {
    const { id, first } = await edited({ schedule: { every: 500, from: "finish" } });
    world.clock.move(600);
    await world.event("skipped", 2);
    expect((await world.status(id)).nextDueAt).toBeNull();
    first.end();
    await world.event("finished", 1);
    expect((await world.status(id)).nextDueAt).toBe(START + 600 + 500);
  });
});

describe("a run in nobody's hands", () => {
  test("what its script may know is read again when the store did not answer", async () => {
    world = await makeWorld();
    const { readState } = world.store;
    world.store.readState = () => {
      world.store.readState = readState;
      return Promise.reject(new TransientError("not just now"));
    };
    await world.ticker();
    await until(async () => world.errors.splice(0).length > 0);
    world.clock.move(20);
    (await world.hand.next()).end();
    await world.event("finished", 1);
  });

  test("killall ends it and does not wait for its lease", async () => {
    world = await makeWorld();
    const { readState } = world.store;
    world.store.readState = () => Promise.reject(new Error("broken"));
    const { id } = await world.ticker();
    await until(async () => world.errors.splice(0).length > 0);
    world.store.readState = readState;
    expect(await world.engine.killAll(OWNER, "somebody", null)).toMatchObject({ killed: 1 });
    expect((await world.runs(id))[0]).toMatchObject({ state: "finished", outcome: "killed" });
  });
});

test("a killall that a crash cut short is finished at the next start", async () => {
  world = await makeWorld();
  const { id } = await world.ticker({ policy: { overlap: { mode: "queue", queueMax: 2 } } });
  await world.hand.next();
  world.clock.move(1000);
  await until(async () => (await world.status(id)).queued.length === 1);
  await world.store.setHold(OWNER, { at: START, by: "somebody", reason: null });
  await world.crash();
  world = await makeWorld({ folder: world.folder, startAt: START + 1_100 });
  expect((await world.runs(id)).map((run) => run.outcome)).toEqual(["killed", "interrupted"]);
  expect(world.hand.pendingArrivals()).toBe(0);
});

describe("a service that ends while scripts run", () => {
  test("records them as interrupted itself, with what they printed", async () => {
    world = await makeWorld();
    const { id } = await world.ticker();
    (await world.hand.next()).print("half way");
    await world.engine.drain(0);
    const [run] = await world.runs(id);
    expect(run).toMatchObject({ state: "finished", outcome: "interrupted", lastLine: "half way" });
  });

  test("leaves a run that others wait behind to the next process, which begins them", async () => {
    world = await makeWorld();
    const { id } = await world.ticker({ policy: { overlap: { mode: "queue", queueMax: 1 } } });
    await world.hand.next();
    world.clock.move(1000);
    await until(async () => (await world.status(id)).queued.length === 1);
    await world.engine.drain(0);
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 1_100 });
    expect(world.interrupted).toBe(1);
    const job = await world.hand.next();
    expect(job.job.facts).toMatchObject({ run: { number: 2 }, dueAt: START + 1000 });
    job.end();
    await world.event("finished", 2);
  });
});

describe("a process that went away", () => {
  test("its run is interrupted at once, keeps its output, and is not run again", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({ schedule: { every: 60_000 } });
    const job = await world.hand.next();
    job.print("half way");
    world.clock.move(100);
    await world.event("output", 1);
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 500 });
    expect(world.interrupted).toBe(1);
    const [run] = await world.runs(ticker.id);
    expect(run).toMatchObject({ outcome: "interrupted", state: "finished" });
    const events = await world.store.readEvents(OWNER, ticker.id, 1, 1, 100);
    expect(events.map((e) => e.kind)).toEqual(["started", "output", "finished"]);
    expect(events.map((e) => e.seq)).toEqual([1, 2, 3]);
    expect(world.hand.jobs.size).toBe(0);
  });

  test("with retries asked for, it is tried again as the next attempt", async () => {
    world = await makeWorld();
    const ticker = await world.ticker({
      schedule: { every: 60_000 },
      policy: { retry: { attempts: 1, backoffMs: 100, backoffMaxMs: 100, on: ["interrupted"] } },
    });
    await world.hand.next();
    await world.crash();
    world = await makeWorld({ folder: world.folder, startAt: START + 500 });
    await until(async () => {
      world.clock.move(20);
      return world.hand.pendingArrivals() > 0;
    });
    const again = await world.hand.next();
    expect(again.job.facts.run).toMatchObject({ number: 1, attempt: 2 });
    again.end();
    await world.event("finished", 1);
    expect((await world.runs(ticker.id))[0]).toMatchObject({ outcome: "succeeded", attempt: 2 });
  });
});

test("an end during a pass wakes it for what it made due, though the store was asked before", async () => {
  world = await makeWorld();
  const { nextWakeAt } = world.store;
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await world.ticker({ schedule: { every: 1000, from: "finish" } });
  world.store.nextWakeAt = async () => {
    world.store.nextWakeAt = nextWakeAt;
    const at = await nextWakeAt();
    asked.resolve();
    await answer.promise;
    return at;
  };
  const job = await world.hand.next();
  await asked.promise;
  job.end();
  await world.event("finished", 1);
  answer.resolve();
  await until(async () => {
    world.clock.move(100);
    return world.hand.pendingArrivals() > 0;
  });
});

test("killing a run between its tries makes a ticker from: finish due, and it is woken for that", async () => {
  world = await makeWorld();
  const retry = { attempts: 1, backoffMs: 60_000, backoffMaxMs: 60_000, on: ["failed" as const] };
  const schedule = { every: 500, from: "finish" };
  const { id } = await world.ticker({ schedule, policy: { retry } });
  (await world.hand.next()).end({ outcome: "failed" });
  await world.event("retry", 1);
  await world.engine.kill(OWNER, id, 1);
  await until(async () => {
    if (world.clock.now() < START + 2_000) world.clock.move(100);
    return world.hand.pendingArrivals() > 0;
  });
});

describe("no more than there is room for", () => {
  test("what cannot start waits in the store and starts as places come free", async () => {
    world = await makeWorld({ room: 2 });
    for (let i = 0; i < 5; i++)
      await world.ticker({ name: `many-${i}`, schedule: { every: 3_600_000 } });
    for (let i = 0; i < 5; i++) (await world.hand.next()).end();
    await world.event("finished");
    expect(world.hand.most()).toBeLessThanOrEqual(2);
  });
});
