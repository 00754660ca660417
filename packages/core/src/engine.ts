// The running service: the verbs that start, end and watch runs, over the scheduler, the runner, the sweep
// and the feed. The API asks this and never touches those itself.

import type { Account, Hold } from "./account.ts";
import { aftermath } from "./aftermath.ts";
import { makeArrivals } from "./arrivals.ts";
import { VisibleError } from "./error.ts";
import type { Event } from "./event.ts";
import { makeFacts } from "./facts.ts";
import type { Feed } from "./feed.ts";
import { makeHolds } from "./holds.ts";
import { insist } from "./insist.ts";
import type { Platform, SandboxEvent, SandboxResult } from "./platform.ts";
import { type Run, runId } from "./run.ts";
import { LEASE_MS, makeRunner } from "./runner.ts";
import { earliest, makeScheduler } from "./scheduler.ts";
import { makeStanding } from "./standing.ts";
import type { Entry } from "./store.ts";
import { batchOf } from "./subscription.ts";
import { makeSweep } from "./sweep.ts";
import { type EngineNumbers, makeTally } from "./tally.ts";
import type { Limits, Script, Ticker } from "./ticker.ts";
import type { Tile } from "./tile.ts";
import { makeTrial } from "./trial.ts";

export type { EngineNumbers } from "./tally.ts";

export type TryEvent =
  | SandboxEvent
  /** A state write that would have been kept. `value` null: removed. */
  | { kind: "state"; at: number; key: string; value: string | null };

export type Engine = {
  /** A definition or state changed: look at due times again and tell the watchers. `removed`: out of sight. */
  changed(owner: string, tickerId: string, removed?: boolean): void;
  /** Run now. Answers the run, running or queued. Errors: not-found, held, conflict (overlap skip while running), limit. */
  runNow(owner: string, tickerId: string): Promise<Run>;
  /** Stop: no new run starts once this resolves; queued runs end as killed; a run under way goes on. */
  stop(owner: string, tickerId: string): Promise<Entry>;
  /** Kill one run; resolves when it is over (within a second). Errors: not-found; an ended run is answered as it is. */
  kill(owner: string, tickerId: string, number: number): Promise<Run>;
  /**
   * Killall: nothing runs and nothing starts until release. Resolves when all are over. Errors: conflict
   * (released by somebody before that).
   */
  killAll(
    owner: string,
    by: string,
    reason: string | null,
  ): Promise<{ held: Hold; killed: number }>;
  release(owner: string): Promise<void>;
  /** An outside process sets the ticker's text: a finished run of its own. */
  setOutput(owner: string, tickerId: string, text: string): Promise<Run>;
  /** Dry run of unsaved code: nothing is stored. `tickerId` lends its state and facts. */
  tryScript(
    owner: string,
    ask: { script: Script; limits: Limits; tickerId: string | null; signal: AbortSignal },
    onEvents: (events: TryEvent[]) => void,
  ): Promise<SandboxResult>;
  /** The tiles of these entries, in the same order. */
  tiles(entries: Entry[]): Promise<Tile[]>;
  /** The service's own numbers. */
  numbers(): EngineNumbers;
};

export type Service = Engine & {
  /** The alarm went off: look at what is due. */
  wake(): void;
  /** Takes over what an earlier process left, then begins to schedule. Answers the runs cut short. */
  start(accounts: Account[]): Promise<number>;
  /** No new claims; waits for runs under way up to `graceMs`, then records the rest as interrupted. */
  drain(graceMs: number): Promise<{ handedBack: number }>;
};

const REPAIR_MS = 5_000;
const TIDY_MS = 2_000;
/** Killall looks again until nothing is left; a run that survives this many looks is a defect. */
const KILL_LOOKS_MAX = 100;

/** `holder` is new at every process start. `feed` is what `platform.broadcast` reaches in this process. */
export function makeEngine(platform: Platform, feed: Feed, holder: string): Service {
  const { store, clock } = platform;
  const holds = makeHolds(store, feed);
  const tally = makeTally(clock);
  const standing = makeStanding(platform);
  let draining = false;
  /** Nothing begins any more. */
  let closing = false;

  const facts = makeFacts(platform, () => tally.facts(runner.underway(), platform.memoryBytes));

  function tell(run: Run, events: Event[]): void {
    if (events.length === 0) return;
    tally.happened(run, events);
    platform.broadcast.publish(run.owner, batchOf(run, events));
  }

  const runner = makeRunner(platform, facts, holder, {
    happened: tell,
    ended(run, status) {
      if (status !== null) feed.tiles.status(status);
      scheduler.freed(earliest(status?.nextDueAt ?? null, run.retryAt));
    },
    turn: (run, ticker) => begin(run, ticker),
    dropped: (ended) => tellAll(ended),
  });
  const scheduler = makeScheduler(platform, runner, holder, {
    turn: (run) => begin(run),
    heldFor: (owner) => holds.of(owner) !== undefined,
    claimed(_ticker, { status, run, record }) {
      feed.tiles.status(status);
      if (record !== null) tellRecord(record);
      if (run !== null) tally.claimed();
    },
  });
  const sweep = makeSweep(platform, runner, holder, {
    ended(run, events, status, next, ended) {
      tell(run, events);
      tellAll(ended);
      feed.tiles.status(status);
      scheduler.freed(earliest(status.nextDueAt, run.retryAt));
      if (next !== null) begin(next);
    },
  });

  const arrivals = makeArrivals();
  /** Resolves when every run claimed before is with the runner. */
  async function arrived(): Promise<void> {
    await scheduler.settled();
    await arrivals.settled();
  }

  function tellAll(ended: { run: Run; events: Event[] }[]): void {
    for (const { run, events } of ended) tell(run, events);
  }

  function tellRecord(record: Run): void {
    const { outcome, reason, count, dueUntilAt } = record;
    if (outcome !== "skipped" && outcome !== "missed") return;
    const at = record.finishedAt ?? dueUntilAt;
    const event = { seq: record.seq, at, kind: outcome, reason, count, dueUntilAt } as Event;
    tell(record, [event]);
  }

  /** A queued run's turn has come. `known`: a definition at hand, which may be an older one. */
  function begin(run: Run, known: Ticker | null = null): void {
    if (closing) return; // Leased and not begun: the next process cuts it short.
    if (holds.of(run.owner) !== undefined) {
      leave(sweep.kill(run));
      return;
    }
    if (known?.revision === run.revision) {
      runner.start(known, run);
      return;
    }
    const key = { id: run.tickerId };
    const way = insist(platform, () => store.readTicker(run.owner, key, true)).then((entry) => {
      if (entry !== null && !closing) runner.start(entry.ticker, run);
    });
    leave(way);
  }

  /** On its way by itself; whoever must know waits in `arrived`. */
  function leave(way: Promise<unknown>): void {
    const failed = (error: unknown) =>
      platform.log.error("a run did not begin; its lease will run out", { cause: String(error) });
    arrivals.add(way).catch(failed);
  }

  async function demandEntry(owner: string, tickerId: string): Promise<Entry> {
    const entry = await store.readTicker(owner, { id: tickerId });
    if (entry === null) throw new VisibleError("not-found", `there is no ticker ${tickerId}`);
    return entry;
  }

  function demandReleased(owner: string): void {
    const hold = holds.of(owner);
    if (hold === undefined) return;
    throw new VisibleError(
      "held",
      "killall is in force: nothing starts until it is released (POST /v1/release)",
      { detail: { hold } },
    );
  }

  function demandOpen(): void {
    if (draining)
      throw new VisibleError("unavailable", "the service is shutting down; try again soon");
  }

  const lease = () => ({ holder, untilAt: clock.now() + LEASE_MS });

  async function runNow(owner: string, tickerId: string): Promise<Run> {
    demandOpen();
    demandReleased(owner);
    const { ticker, status } = await demandEntry(owner, tickerId);
    if (runner.room() <= 0) {
      throw new VisibleError(
        "limit",
        "all places for runs are taken just now; try again in a second",
        {
          retryAfterMs: 1_000,
        },
      );
    }
    const at = clock.now();
    const claimed = await store.claim({
      tickerId,
      dueAt: null,
      revision: status.revision,
      nextDueAt: status.nextDueAt,
      done: false,
      unrun: null,
      run: { id: runId(tickerId, at, "hand"), trigger: "hand", dueAt: at },
      queueMax: ticker.policy.overlap.mode === "queue" ? ticker.policy.overlap.queueMax : 0,
      lease: lease(),
      at,
    });
    if (!claimed.claimed) return refusedClaim(claimed.why, claimed.run, owner, tickerId);
    feed.tiles.status(claimed.status);
    if (claimed.record !== null) tellRecord(claimed.record);
    if (claimed.run === null) throw busy(ticker);
    tally.claimed();
    if (claimed.run.state === "running") runner.start(ticker, claimed.run);
    return claimed.run;
  }

  function refusedClaim(why: string, run: Run | null, owner: string, id: string): Promise<Run> {
    if (run !== null) return Promise.resolve(run); // Asked twice in one millisecond: one run.
    if (why === "edited") return runNow(owner, id); // Somebody saved meanwhile: with the new text.
    throw new VisibleError("not-found", `there is no ticker ${id}`);
  }

  function busy(ticker: Ticker): VisibleError {
    const why =
      ticker.policy.overlap.mode === "queue"
        ? "its queue is full"
        : "it is still running and its overlap policy is skip";
    return new VisibleError("conflict", `${ticker.name} was not run: ${why}; kill the run or wait`);
  }

  async function kill(owner: string, tickerId: string, number: number): Promise<Run> {
    const run = await store.readRun(owner, tickerId, number);
    if (run === null)
      throw new VisibleError("not-found", `there is no run ${number} of that ticker`);
    await killRun(run);
    return (await store.readRun(owner, tickerId, number)) ?? run;
  }

  async function killRun(run: Run): Promise<void> {
    if (run.state === "finished") return;
    const entry = await store.readTicker(run.owner, { id: run.tickerId }, true);
    const at = clock.now();
    const then = entry === null ? { done: false } : aftermath(entry.ticker.schedule, run, at, null);
    const asked = await store.askKill(run.owner, run.id, at, { lease: lease(), ...then });
    if (asked === null) return;
    if (asked.run.state === "finished") {
      tell(asked.run, asked.events);
      if (asked.next !== null) begin(asked.next);
      await freshStatus(run);
      return;
    }
    // Claimed a moment ago and on its way to the runner: let it arrive, then end it there.
    if (!runner.has(run.id)) await arrived();
    if (runner.kill(run.id)) await runner.ended(run.id);
    // Ours, and in nobody's hands: its attempt crashed, or the claim's answer was lost.
    else if (asked.run.lease?.holder === holder) await sweep.kill(asked.run);
  }

  async function freshStatus(run: Run): Promise<void> {
    const entry = await store.readTicker(run.owner, { id: run.tickerId });
    if (entry === null) return;
    feed.tiles.status(entry.status);
    scheduler.freed(entry.status.nextDueAt);
  }

  async function killAll(owner: string, by: string, reason: string | null) {
    const hold: Hold = { at: clock.now(), by, reason };
    await holds.put(owner, hold);
    return { held: hold, killed: await endAll(owner) };
  }

  async function endAll(owner: string): Promise<number> {
    await arrived();
    let killed = 0;
    for (let look = 0; look < KILL_LOOKS_MAX; look++) {
      const open = await store.openRuns(owner, 500);
      if (open.length === 0) return killed;
      // What is open after the first look was let start by whoever released.
      if (look > 0 && holds.of(owner) === undefined) {
        const message = `killall was released before all runs had ended; ${killed} were ended`;
        throw new VisibleError("conflict", message);
      }
      // Queued ones first, or the end of a run would start the next.
      const order = { queued: 0, waiting: 1, running: 2, finished: 3 };
      open.sort((a, b) => order[a.state] - order[b.state]);
      for (const run of open.filter((r) => r.state !== "running")) await killRun(run);
      await Promise.all(open.filter((r) => r.state === "running").map(killRun));
      killed += open.length;
    }
    throw new Error(`killall: runs of ${owner} are still open after ${KILL_LOOKS_MAX} looks`);
  }

  async function release(owner: string): Promise<void> {
    await holds.lift(owner);
    scheduler.poke();
  }

  async function stop(owner: string, tickerId: string): Promise<Entry> {
    const change = { state: "stopped", reason: "asked", at: clock.now() } as const;
    const stopped = await store.setState(owner, tickerId, change);
    if (stopped === null) throw new VisibleError("not-found", `there is no ticker ${tickerId}`);
    // A claim made just before is with the runner when this resolves: nothing starts after it.
    await arrived();
    tellAll(stopped.ended);
    feed.tiles.status(stopped.entry.status);
    return stopped.entry;
  }

  const trial = makeTrial(platform, facts);

  async function setOutput(owner: string, tickerId: string, text: string): Promise<Run> {
    const { ticker } = await demandEntry(owner, tickerId);
    const told = await trial.record(ticker, text);
    if (told === null) throw new VisibleError("not-found", `there is no ticker ${tickerId}`);
    feed.tiles.status(told.status);
    tell(told.run, told.events);
    return told.run;
  }

  return {
    wake: () => scheduler.poke(),
    changed(owner, tickerId, removed = false) {
      runner.edited(tickerId);
      feed.tiles.changed(owner, tickerId, removed);
      scheduler.poke();
    },
    runNow: (owner, tickerId) => arrivals.add(runNow(owner, tickerId)),
    stop,
    kill,
    killAll,
    release,
    setOutput,
    tryScript(owner, ask, onEvents) {
      demandOpen();
      demandReleased(owner);
      return trial.run(owner, ask, onEvents);
    },
    tiles: (entries) => feed.tiles.load(entries),
    numbers: () => ({
      ...tally.numbers(),
      running: runner.underway(),
      sandboxRoom: runner.room(),
      ...feed.numbers(),
    }),
    async start(accounts) {
      for (const { id, hold } of accounts) {
        if (hold === null) continue;
        holds.known(id, hold);
      }
      const cut = await sweep.recover();
      // The last process may have ended in the middle of a killall.
      for (const { id, hold } of accounts) if (hold !== null) await endAll(id);
      scheduler.poke();
      // A lease may run out while its claim is on its way, when the thread stood still for that long.
      standing.every(REPAIR_MS, () => arrived().then(sweep.repair));
      standing.every(TIDY_MS, sweep.tidy);
      return cut;
    },
    async drain(graceMs) {
      draining = true;
      standing.stop();
      await scheduler.stop();
      await arrivals.settled();
      let cancel = (): void => {};
      const late = new Promise<"late">((resolve) => {
        cancel = clock.after(graceMs, () => resolve("late"));
      });
      const end = await Promise.race([runner.idle(), late]);
      cancel();
      const handedBack = end === "late" ? runner.underway() : 0;
      closing = true;
      await runner.interruptAll();
      feed.close();
      return { handedBack };
    },
  };
}
