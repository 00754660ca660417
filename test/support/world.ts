// A small world for the engine: a clock that is moved by hand, a sandbox whose jobs the test ends itself,
// and a real SQLite store in a folder of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeEngine, type Service } from "@ticker/core/engine";
import type { EventBatch } from "@ticker/core/event";
import { makeFeed } from "@ticker/core/feed";
import type { Platform, SandboxEvent, SandboxJob, SandboxResult } from "@ticker/core/platform";
import type { TickerInput } from "@ticker/core/ticker-input";
import { createTicker } from "@ticker/core/tickers";
import { sqliteStore } from "../../packages/server/src/sqlite.ts";
import { timerAlarm } from "../../packages/server/src/timers.ts";

export const OWNER = "home";
export const START = Date.UTC(2027, 0, 1);

/** A clock that stands still until it is moved; timers fire in order as it passes them. */
export function handClock(startAt = START) {
  let now = startAt;
  let serial = 0;
  const timers = new Map<number, { at: number; wake: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    after(ms: number, wake: () => void) {
      const id = ++serial;
      timers.set(id, { at: now + Math.max(0, ms), wake });
      if (ms <= 0) setImmediate(() => fire(now));
      return () => timers.delete(id);
    },
    move(ms: number) {
      fire(now + ms);
    },
    /** The wall clock alone, without any timer noticing. */
    jump(ms: number) {
      now += ms;
    },
  };

  function fire(until: number): void {
    for (;;) {
      const due = [...timers]
        .filter(([, t]) => t.at <= until)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      timers.delete(due[0]);
      now = Math.max(now, due[1].at);
      due[1].wake();
    }
    now = Math.max(now, until);
  }
}

export type Job = {
  job: SandboxJob;
  startedAt: number;
  say(...events: SandboxEvent[]): void;
  print(text: string): void;
  end(result?: Partial<SandboxResult>): void;
  killed: boolean;
};

/** Jobs wait here until the test ends them. */
export function handSandbox(clock: { now(): number }, room = 1_000) {
  const jobs = new Map<string, Job>();
  const arrived: Job[] = [];
  const waiting: ((job: Job) => void)[] = [];
  let most = 0;
  return {
    jobs,
    most: () => most,
    /** The next job to arrive, or one that has. */
    next(): Promise<Job> {
      const job = arrived.shift();
      return job ? Promise.resolve(job) : new Promise((resolve) => waiting.push(resolve));
    },
    pendingArrivals: () => arrived.length,
    sandbox: {
      room: () => room - jobs.size,
      begunAt: (id: string) => jobs.get(id)?.startedAt ?? null,
      check: () => Promise.resolve(null),
      kill(id: string) {
        const job = jobs.get(id);
        if (!job) return;
        job.killed = true;
        job.end({ outcome: "killed" });
      },
      run(job: SandboxJob, onEvents: (events: SandboxEvent[]) => void) {
        const startedAt = clock.now();
        return new Promise<SandboxResult>((resolve) => {
          const handle: Job = {
            job,
            startedAt,
            killed: false,
            say: (...events) => onEvents(events),
            print: (text) => onEvents([{ kind: "output", at: clock.now(), text, stream: "out" }]),
            end(result = {}) {
              if (!jobs.delete(job.id)) return;
              resolve({
                outcome: "succeeded",
                error: null,
                startedAt,
                finishedAt: clock.now(),
                cpuMs: 1,
                stateWrites: {},
                outputBytes: 0,
                ...result,
              });
            },
          };
          jobs.set(job.id, handle);
          most = Math.max(most, jobs.size);
          const wake = waiting.shift();
          if (wake) wake(handle);
          else arrived.push(handle);
        });
      },
    },
  };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;

/** Asks again each turn of the event loop until it is so; the test's own limit ends a wait in vain. */
export async function until(fact: () => Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setImmediate(resolve));
}

/** `folder`: an earlier world's, to start again on what it left. */
export async function makeWorld(given: { folder?: string; startAt?: number; room?: number } = {}) {
  const folder = given.folder ?? mkdtempSync(join(tmpdir(), "ticker-world-"));
  const clock = handClock(given.startAt);
  const hand = handSandbox(clock, given.room);
  const errors: string[] = [];
  const log = {
    info: () => {},
    error: (message: string, facts?: object) =>
      errors.push(`${message} ${JSON.stringify(facts ?? {})}`),
  };
  const store = sqliteStore(join(folder, "ticker.sqlite"), { synchronous: "normal" });
  const feed = makeFeed({ clock, store, log }, "epoch");
  const batches: EventBatch[] = [];
  const heard: { wants: (batch: EventBatch) => boolean; tell: (batch: EventBatch) => void }[] = [];
  let engine: Service | null = null;
  let random = 0;
  const platform: Platform = {
    clock,
    random: {
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fraction: () => (random = (random + 0.37) % 1),
    },
    store,
    alarm: timerAlarm(clock, () => engine?.wake()),
    sandbox: hand.sandbox,
    broadcast: {
      revoked: (owner) => feed.revoked(owner),
      publish(owner, batch) {
        batches.push(batch);
        feed.publish(owner, batch);
        for (const ear of [...heard]) {
          if (!ear.wants(batch)) continue;
          heard.splice(heard.indexOf(ear), 1);
          ear.tell(batch);
        }
      },
    },
    vault: { seal: async (text) => `sealed ${text}`, open: async (text) => text.slice(7) },
    log,
    memoryBytes: () => 1,
  };
  const holder = `holder-${Math.floor(clock.now())}-${folder.length}-${crypto.randomUUID()}`;
  engine = makeEngine(platform, feed, holder);
  const running = engine;
  const account = await store.openAccount({
    id: OWNER,
    name: OWNER,
    createdAt: clock.now(),
    hold: null,
  });
  const interrupted = await running.start([account]);

  return {
    folder,
    clock,
    hand,
    store,
    feed,
    platform,
    engine: running,
    batches,
    errors,
    interrupted,
    /** Resolves with the next batch that has such an event, or one that was published already. */
    event(kind: string, run?: number): Promise<EventBatch> {
      const wants = (b: EventBatch): boolean =>
        b.events.some((e) => e.kind === kind) && (run === undefined || b.run === run);
      const known = batches.find(wants);
      return known ? Promise.resolve(known) : new Promise((tell) => heard.push({ wants, tell }));
    },
    async ticker(input: Partial<TickerInput> = {}) {
      const { entry } = await createTicker(
        platform,
        OWNER,
        {
          name: `t${batches.length}-${Math.floor(clock.now() % 1e6)}-${hand.jobs.size}`,
          script: { language: "javascript", source: "print(1)" },
          schedule: { every: 1000 },
          ...input,
        },
        { key: null, zone: "UTC" },
      );
      running.changed(OWNER, entry.ticker.id);
      return entry.ticker;
    },
    runs: (tickerId: string) =>
      store.listRuns(OWNER, tickerId, { before: null, limit: 100, failed: false }),
    async status(tickerId: string) {
      const entry = await store.readTicker(OWNER, { id: tickerId }, true);
      if (!entry) throw new Error("no such ticker");
      return entry.status;
    },
    /** Leaves everything as a `kill -9` would: only what was committed remains. */
    async crash() {
      await store.close();
    },
    async close() {
      for (const job of hand.jobs.values()) job.end();
      await running.drain(0);
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
