// The simulation: the real engine on the real store (or the model) in a simulated world, all of it driven by one
// seed. People work with it, the world gets in its way, processes die; rules are judged at every step and at the
// end, when all is quiet. The same seed gives the same history.

import type { SandboxJob } from "@ticker/core/platform";
import { LEASE_MS } from "@ticker/core/runner";
import { type Acknowledged, CHANGES, makeClient } from "./simulated-client.ts";
import { makeLedger } from "./simulated-ledger.ts";
import { OWNER, type SimulatedProcess, startProcess } from "./simulated-process.ts";
import { judgeQuiet } from "./simulated-quiet.ts";
import { type Fate, modelPlace, type Place, sqlitePlace } from "./simulated-store.ts";
import { dice, makeTime } from "./simulated-time.ts";
import { makeViewer, type Viewer } from "./simulated-viewer.ts";

/** What may be left out, to find out what a failure needs. */
export const FEATURES = [
  ...["crash", "shutdown", "fail", "slow", "late", "stall", "suspend", "step", "viewer"],
  ...[
    "create",
    "edit",
    "stop",
    "start",
    "bin",
    "restore",
    "hand",
    "kill",
    "killall",
    "told",
    "try",
  ],
] as const;

export type Options = { seed: number; without?: readonly string[]; trace?: boolean };

export type Report = {
  seed: number;
  faults: { rule: string; message: string; tickerId: string }[];
  trace: string[];
  /** What happened, in numbers. */
  sums: Record<string, number>;
  /** Of the whole history: the same for the same seed. */
  digest: number;
};

/** Every start of a process takes over within this; every fault is repaired within it. */
const REPAIR_MS = LEASE_MS + 15_000;
/** After a clock or the thread was out of step. */
const SETTLE_MS = 3_000;
/** What is due and could run is claimed within this when nothing is in the way. */
const LATE_MS = 1_000;
const LOOK_MS = 500;
const TRACE_MAX = 20_000;

export async function simulate(options: Options, folder: string): Promise<Report> {
  const { seed } = options;
  const left = new Set(options.without ?? []);
  const profile = dice(seed, "profile");
  const change = profile.pick(CHANGES);
  const time = makeTime(change.at - profile.between(2_000, 90_000));
  const busyMs = profile.pick([10_000, 20_000, 40_000]);
  const level = (name: string, most: number): number => {
    const on = profile.chance(0.5);
    const drawn = profile.fraction() * most;
    return on && !left.has(name) ? drawn : 0;
  };
  const likely = {
    crash: level("crash", 0.004),
    fail: level("fail", 0.04),
    slow: level("slow", 0.05),
    late: level("late", 0.2),
    /** A second, of what strikes the whole process. */
    stall: level("stall", 0.1),
    suspend: level("suspend", 0.03),
    step: level("step", 0.08),
    kill9: level("crash", 0.08),
    shutdown: level("shutdown", 0.04),
    viewer: level("viewer", 0.3),
  };
  const places = profile.pick([1, 2, 5, 50]);
  const isModel = profile.chance(0.35);
  const place: Place = isModel ? modelPlace() : sqlitePlace(folder);

  const faults: Report["faults"] = [];
  const trace: string[] = [];
  const sums: Record<string, number> = {
    crashes: 0,
    steps: 0,
    stalls: 0,
    jumps: 0,
    fails: 0,
    shutdowns: 0,
  };
  let digest = 0;
  let over = false;
  let healed = false;
  /** Nothing is in the way from here on, as far as is known. */
  let clearFrom = 0;
  /** Time in which nothing could act. */
  let stalledMs = 0;
  let holding: "no" | "asked" | "yes" = "no";
  let serial = 0;
  let process: SimulatedProcess | null = null;
  let booting = false;
  const acknowledged = new Set<string>();
  const handed = new Map<string, number>();
  const completed = new Set<string>();
  /** By run: the revision of the script that was given to the sandbox last. */
  const ran = new Map<string, number>();
  const viewers: Viewer[] = [];
  const chance = dice(seed, "faults");
  const timers = dice(seed, "timers");

  function log(line: () => string): void {
    if (options.trace !== true || faults.length > 0) return;
    trace.push(
      `${(time.monotonic() / 1_000).toFixed(4)} ${new Date(time.wall()).toISOString().slice(11, 23)} ${line()}`,
    );
    if (trace.length > TRACE_MAX) trace.shift();
  }
  function fault(rule: string, message: string, tickerId = ""): void {
    if (over) return;
    log(() => `FAULT ${rule}: ${message} ${tickerId}`);
    const name = ledger.accounts.get(tickerId)?.ticker.name ?? "";
    faults.push({ rule, message: `${name} ${message}`.trim(), tickerId });
  }
  const ledger = makeLedger(fault, () => time.monotonic() - stalledMs);
  const count = (name: string): void => {
    sums[name] = (sums[name] ?? 0) + 1;
  };
  /** Something is in the way; what follows from it may take `ms` to be repaired. */
  const disturb = (ms: number): void => {
    clearFrom = Math.max(clearFrom, time.monotonic() + ms);
  };

  // -- what strikes

  function fate(verb: string): Fate {
    digest = (Math.imul(digest ^ verb.length, 31) + Math.floor(time.monotonic() * 16)) | 0;
    if (healed || verb === "close") return { thereMs: 0, backMs: 0, fails: null, crashes: null };
    const far = isModel ? chance.between(0, 3) : 0;
    const slow = chance.chance(likely.slow) ? chance.between(5, 600) : 0;
    const fails = chance.chance(likely.fail);
    const crashes = chance.chance(likely.crash);
    const side = chance.chance(0.5) ? ("before" as const) : ("after" as const);
    if (slow > 0) disturb(2_000);
    if (fails) {
      count("fails");
      disturb(REPAIR_MS);
    }
    // One process and its file: an answer is lost only with the process.
    const lost = isModel ? side : ("before" as const);
    return {
      thereMs: far + slow,
      backMs: isModel ? far : 0,
      fails: fails ? lost : null,
      crashes: crashes ? side : null,
    };
  }

  function crash(where: string): void {
    const dying = process;
    if (dying === null || !dying.alive()) return;
    count("crashes");
    log(() => `CRASH of ${dying.name} ${where}`);
    fell(dying);
    place.crash();
    const downMs = chance.pick([0, 5, 300, 2_000, 2_000, 90_000, 7_200_000]);
    disturb(downMs + REPAIR_MS);
    time.after(downMs, boot);
  }

  function fell(dying: SimulatedProcess): void {
    dying.die();
    process = null;
    for (const viewer of viewers) viewer.forget();
  }

  function boot(): void {
    const begun = startProcess(world, serial++);
    process = begun;
    booting = true;
    count("starts");
    log(() => `${begun.name} starts`);
    begun.ready.then(
      (interrupted) => {
        if (process !== begun) return;
        booting = false;
        log(() => `${begun.name} is ready; ${interrupted} cut short`);
        judgeTakenOver(begun);
        if (ledger.held()) holding = "yes";
        for (const viewer of viewers) if (!left.has("viewer")) viewer.connect(begun.feed);
      },
      (error: Error) => {
        if (process !== begun) return;
        if (error.name !== "TransientError") fault("a start goes well", String(error.stack));
        crash("because it could not start");
      },
    );
  }

  /** A run cut short is recorded as such when the next process is there. */
  function judgeTakenOver(begun: SimulatedProcess): void {
    for (const run of ledger.runs.values()) {
      const lost = run.state === "running" && handed.get(`${run.id} ${run.attempt}`) !== serial - 1;
      const account = ledger.account(run.tickerId);
      if (lost && handed.has(`${run.id} ${run.attempt}`) && account.ticker.deletedAt === null)
        fault(
          "a run cut short is interrupted",
          `${run.id} runs on after the start of ${begun.name}`,
          run.tickerId,
        );
    }
  }

  async function shutdown(): Promise<void> {
    const ending = process;
    if (ending === null || booting || ending.stopping) return;
    count("shutdowns");
    log(() => `${ending.name} is asked to end`);
    disturb(REPAIR_MS + 6_000);
    ending.stopping = true;
    await ending.stop(chance.pick([0, 200, 5_000]));
    if (process !== ending) return;
    log(() => `${ending.name} has ended`);
    // A queue moves on when its run is recorded: that is left to the next process, which can begin it.
    const open = [...ledger.runs.values()].filter(
      (run) =>
        run.state === "running" &&
        handed.get(`${run.id} ${run.attempt}`) === serial - 1 &&
        ledger.account(run.tickerId).queued.length === 0,
    );
    for (const run of open)
      fault("what ends in order leaves nothing running", run.id, run.tickerId);
    fell(ending);
    const downMs = chance.pick([0, 100, 3_000, 120_000]);
    disturb(downMs + REPAIR_MS);
    time.after(downMs, boot);
  }

  function strike(): void {
    if (healed) return;
    time.after(1_000 * chance.fraction() * 2, strike);
    if (chance.chance(likely.kill9)) crash("by kill -9");
    if (chance.chance(likely.shutdown)) void shutdown();
    if (chance.chance(likely.stall)) {
      const ms = chance.pick([20, 200, 2_000, 40_000]);
      count("stalls");
      log(() => `the event loop stands still for ${ms} ms`);
      time.stall(ms);
      stalledMs += ms;
      disturb(SETTLE_MS);
    }
    if (chance.chance(likely.suspend)) {
      count("jumps");
      const ms = chance.pick([5_000, 61_000, 3_600_000]);
      log(() => `the machine sleeps for ${ms} ms`);
      time.stepWall(ms);
      if (chance.chance(0.3)) {
        time.stall(ms);
        stalledMs += ms;
      }
      disturb(SETTLE_MS);
    }
    if (chance.chance(likely.step)) {
      count("jumps");
      const ms = chance.pick([-3_600_000, -30_000, -1_000, -300, 300, 1_000, 30_000]);
      log(() => `the wall clock is set by ${ms} ms`);
      time.stepWall(ms);
      disturb(SETTLE_MS);
    }
  }

  // -- what is watched

  const running = (): SandboxJob[] =>
    process?.underway().filter(({ id }) => !id.startsWith("try.")) ?? [];

  function began(job: SandboxJob): void {
    if (job.id.startsWith("try.")) return;
    const run = ledger.runs.get(job.id);
    const { attempt } = job.facts.run;
    const key = `${job.id} ${attempt}`;
    log(() => `sandbox: ${key} begins`);
    if (run === undefined) {
      fault("no run starts before its record", key);
      return;
    }
    const { tickerId } = run;
    if (run.state !== "running" || run.attempt !== attempt)
      fault(
        "no run starts before its record",
        `${key}; booked is ${run.state} ${run.attempt}`,
        tickerId,
      );
    const definition = ledger
      .account(tickerId)
      .definitions.find(({ script }) => script.source === job.script.source);
    if (definition === undefined || definition.revision < run.revision)
      fault("an old definition is not run", `${key} is not revision ${run.revision}`, tickerId);
    else ran.set(job.id, definition.revision);
    if (handed.has(key)) fault("no attempt is made twice", key, tickerId);
    handed.set(key, serial - 1);
    const beside = running().filter((each) => each.facts.ticker.id === tickerId);
    if (beside.length > 0) fault("never two at once", `${key} beside ${beside[0]?.id}`, tickerId);
    if (holding === "yes") fault("killall means nothing starts until release", key, tickerId);
    const retries = ledger
      .account(tickerId)
      .definitions.some(
        (d) => d.policy.retry.attempts > 0 && d.policy.retry.on.includes("interrupted"),
      );
    if (completed.has(job.id) && !retries)
      fault("no due time runs to completion twice", key, tickerId);
  }

  function acknowledge(fact: Acknowledged): void {
    if (fact.kind === "created") acknowledged.add(fact.tickerId);
    if (fact.kind === "created" && !viewers.some((v) => v.tickerId === fact.tickerId))
      watch(fact.tickerId);
    if (fact.kind === "releasing") holding = "no";
    if (fact.kind === "held") {
      holding = "yes";
      const going = running();
      for (const job of going)
        fault("killall ends everything", `${job.id} goes on`, job.facts.ticker.id);
      for (const run of ledger.runs.values())
        if (run.state !== "finished")
          fault("killall ends everything", `${run.id} is ${run.state}`, run.tickerId);
    }
  }

  function watch(tickerId: string): void {
    const viewer = makeViewer(OWNER, tickerId, dice(seed, `viewer ${viewers.length}`), fault, log);
    viewers.push(viewer);
    if (process !== null && !booting && !left.has("viewer")) viewer.connect(process.feed);
    const live = (): void => {
      if (healed) return;
      time.after(viewer.chance.between(100, 4_000), live);
      const roll = viewer.chance.fraction();
      if (roll > likely.viewer || process === null || booting || left.has("viewer")) return;
      if (viewer.connected()) viewer.disconnect();
      else viewer.connect(process.feed);
    };
    const read = (): void => {
      if (healed) return;
      time.after(viewer.chance.between(100, 3_000), read);
      if (viewer.isSlow()) viewer.setSlow(false);
      else if (viewer.chance.chance(likely.viewer)) viewer.setSlow(true);
    };
    live();
    read();
  }

  /** Nothing that could run is left lying when nothing is in the way. */
  function look(): void {
    time.after(LOOK_MS, look);
    if (process === null || booting) {
      disturb(LATE_MS);
      return;
    }
    if (process.platform.sandbox.room() <= 0) disturb(LATE_MS);
    if (time.monotonic() < clearFrom) return;
    const now = process.clock.now();
    for (const { ticker, nextDueAt, state } of ledger.accounts.values()) {
      // Catching up with all takes them one by one, oldest first.
      if (ticker.policy.catchUp.mode === "all") continue;
      if (state === "started" && nextDueAt !== null && nextDueAt < now - LATE_MS)
        fault(
          "what is due is taken on",
          `due ${nextDueAt} is ${now - nextDueAt} ms late`,
          ticker.id,
        );
    }
    for (const run of ledger.runs.values()) {
      if (run.state === "waiting" && holding === "no" && (run.retryAt ?? 0) < now - LATE_MS)
        fault(
          "what is due is taken on",
          `${run.id}: a try is ${now - (run.retryAt ?? 0)} ms late`,
          run.tickerId,
        );
      if (run.state === "running" && !process.underway().some(({ id }) => id === run.id))
        lying(run.id, run.tickerId);
      else idle.delete(run.id);
    }
  }
  const idle = new Map<string, number>();
  /** Recorded as running and in nobody's hands: only for a moment. */
  function lying(runId: string, tickerId: string): void {
    const since = idle.get(runId) ?? time.monotonic();
    idle.set(runId, since);
    const ms = time.monotonic() - Math.max(since, clearFrom);
    if (ms > LATE_MS) fault("what runs is carried", `${runId} lay for ${ms} ms`, tickerId);
  }

  const world = {
    ...{ seed, time, ledger, place, places, fate, crash, log, began },
    timerLateMs: () =>
      timers.chance(likely.late) ? timers.between(1, 40) : timers.fraction() * 1.2 - 0.4,
    ended(job: SandboxJob, result: { outcome: string }) {
      log(() => `sandbox: ${job.id} ends ${result.outcome}`);
      if (result.outcome === "succeeded") completed.add(job.id);
    },
  };
  const tickersMax = profile.between(1, 6);
  const client = makeClient(
    {
      process: () => process as SimulatedProcess,
      zone: change.zone,
      tickersMax,
      tickers: () => [...ledger.accounts.keys()],
      acknowledged: acknowledge,
      log,
      leftOut: (feature) => left.has(feature),
    },
    dice(seed, "client"),
  );
  const paceMs = profile.pick([300, 1_500, 5_000]);
  function work(): void {
    if (healed) return;
    const few = ledger.accounts.size < Math.min(3, tickersMax);
    time.after(chance.fraction() * (few ? 600 : paceMs * 2), work);
    if (process !== null && !booting) void acted();
  }
  async function acted(): Promise<void> {
    try {
      await client.act();
    } catch (error) {
      fault("nothing breaks", String((error as Error).stack));
    }
  }

  async function until(mono: number): Promise<void> {
    while (time.monotonic() < mono && faults.length === 0) {
      sums.steps = (sums.steps ?? 0) + 1;
      if (!(await time.step())) return;
    }
  }
  /** Steps until the work is done, for at most so long. */
  async function within<T>(ms: number, what: string, doing: Promise<T>): Promise<void> {
    let done = false;
    doing.then(
      () => {
        done = true;
      },
      (error) => {
        done = true;
        fault("nothing breaks", `${what}: ${String((error as Error).stack)}`);
      },
    );
    const end = time.monotonic() + ms;
    while (!done && faults.length === 0 && time.monotonic() < end) await time.step();
    if (!done && faults.length === 0) fault("everything ends", `${what} takes more than ${ms} ms`);
  }

  try {
    boot();
    strike();
    look();
    work();
    await until(time.monotonic() + busyMs);
    // From here on nothing is in the way; what was is repaired, and all goes well again.
    healed = true;
    log(() => "HEALED");
    while (faults.length === 0 && (process === null || booting)) await time.step();
    if (faults.length === 0) {
      await within(10_000, "release", client.release());
      await until(time.monotonic() + REPAIR_MS + 5_000);
    }
    if (faults.length === 0) {
      await within(10_000, "stopping all", client.stopAll());
      for (const viewer of viewers) {
        viewer.setSlow(false);
        if (!viewer.connected() && process !== null && !left.has("viewer"))
          viewer.connect((process as SimulatedProcess).feed);
      }
      const open = (): boolean => [...ledger.runs.values()].some((run) => run.state !== "finished");
      const end = time.monotonic() + 3_600_000;
      while (open() && faults.length === 0 && time.monotonic() < end) await time.step();
      await until(time.monotonic() + 2_000);
    }
    if (faults.length === 0 && process !== null) {
      const { platform } = process as SimulatedProcess;
      await within(
        60_000,
        "reading all",
        judgeQuiet(
          { store: platform.store, ledger, viewers, ran, lossy: isModel && (sums.fails ?? 0) > 0 },
          fault,
        ),
      );
      for (const id of acknowledged)
        if (!ledger.accounts.has(id)) fault("what was acknowledged stays", id);
    }
  } finally {
    over = true;
    place.remove();
  }
  Object.assign(sums, ledger.sums, {
    runs: ledger.runs.size,
    handed: handed.size,
    events: viewers.reduce(
      (sum, v) => sum + [...v.seen.values()].reduce((n, s) => n + s.events.length, 0),
      0,
    ),
  });
  return { seed, faults, trace, sums, digest };
}
