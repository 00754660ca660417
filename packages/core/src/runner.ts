// Carries one attempt from its lease to its outcome: gives the sandbox its job, stores and shows what comes
// out while it runs, renews the lease, and at the end decides finish, retry, or leave to the lease.

import { aftermath, countsFromFinish, lastHappening } from "./aftermath.ts";
import type { Event, Happening } from "./event.ts";
import type { Facts } from "./facts.ts";
import { insist } from "./insist.ts";
import { makeMask, maskError } from "./mask.ts";
import { makeOutput, type Output } from "./output.ts";
import type { Platform, SandboxEvent, SandboxResult } from "./platform.ts";
import { retryAt } from "./retry.ts";
import type { Run } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import type { Status } from "./status.ts";
import type { Finish } from "./store.ts";
import type { Ticker } from "./ticker.ts";
import { lateness, toldTime } from "./told-time.ts";

export const LEASE_MS = 30_000;
/** The error of an attempt whose process went away under it. */
export const INTERRUPTED = {
  name: "Interrupted",
  message: "the service went away while the script ran",
};
/** A run that says nothing is shown as started after this long; shorter ones tell all at their end. */
const ANNOUNCE_MS = 100;
/** What a script prints is appended from this long after its start; most scripts are over by then. */
const FIRST_FLUSH_MS = 15;
/** Least time between two appends of one run: at most 40 messages a second. */
const FLUSH_MS = 25;
/** A full pile is appended at once, whatever the clock says, so memory stays bounded. */
const PILE_MAX = 500;

export type RunnerHooks = {
  /** Events of a run are durable: tell whoever watches. */
  happened(run: Run, events: Event[]): void;
  /** The attempt is over and recorded (or was fenced: status null). There is room for another. */
  ended(run: Run, status: Status | null): void;
  /** A queued run's turn has come; `ticker` is the definition that ended, which may be an older one. */
  turn(run: Run, ticker: Ticker): void;
  /** Queued runs that ended with it, because the ticker stopped itself. */
  dropped(ended: { run: Run; events: Event[] }[]): void;
};

export type Runner = {
  /** Begins the attempt that `run` is leased for. Never throws; everything ends in `hooks`. */
  start(ticker: Ticker, run: Run): void;
  /** Ends the attempt in the sandbox; it is recorded as killed. False: not under way here. */
  kill(runId: string): boolean;
  /** The ticker's definition changed: what follows from the end of its runs is asked anew. */
  edited(tickerId: string): void;
  /** Resolves when that run's attempt here is recorded; at once if there is none. */
  ended(runId: string): Promise<void>;
  underway(): number;
  has(runId: string): boolean;
  /** Places left for claims: what the sandbox has, less the attempts on their way to it. */
  room(): number;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** The service ends: cuts short what is under way and records it as interrupted. */
  interruptAll(): Promise<void>;
};

type Attempt = {
  run: Run;
  ticker: Ticker;
  output: Output;
  /** When the sandbox was given it, by the engine's clock. */
  sentAt: number;
  startedAt: number | null;
  announced: boolean;
  flushedMono: number;
  /** When the first thing came out of the sandbox. */
  heardMono: number | null;
  beganMono: number;
  leaseMono: number;
  /** Appends in order; the finish waits for it. */
  tail: Promise<void>;
  appending: boolean;
  inSandbox: boolean;
  killed: boolean;
  /** The service ends before it does. */
  interrupted: boolean;
  /** The definition changed since it began. */
  edited: boolean;
  /** Numbers given so far, by the store's answers. */
  seq: number;
  over: Promise<void>;
  isOver: () => void;
};

export function makeRunner(
  platform: Platform,
  facts: Facts,
  holder: string,
  hooks: RunnerHooks,
): Runner {
  const { clock, store, sandbox } = platform;
  const attempts = new Map<string, Attempt>();
  let starting = 0;
  let ticking: (() => void) | null = null;

  // -- while it runs

  function take(attempt: Attempt): Happening[] {
    const taken = attempt.output.take();
    if (attempt.announced) return taken;
    attempt.announced = true;
    const at = attempt.startedAt ?? clock.now();
    const lateMs = Math.max(0, at - attempt.run.dueAt);
    return [{ kind: "started", at, attempt: attempt.run.attempt, lateMs }, ...taken];
  }

  function flush(attempt: Attempt): void {
    if (attempt.appending) return;
    const happenings = take(attempt);
    if (happenings.length === 0) return;
    attempt.appending = true;
    attempt.flushedMono = clock.monotonic();
    attempt.tail = append(attempt, happenings);
  }

  /** Sent again until the store takes it: the number makes a repeat harmless. */
  async function append(attempt: Attempt, happenings: Happening[]): Promise<void> {
    const { run } = attempt;
    const done = await insist(platform, () =>
      store.appendEvents(run.id, run.attempt, attempt.seq + 1, happenings),
    );
    attempt.appending = false;
    if (done.ok) {
      attempt.seq += happenings.length;
      hooks.happened(run, done.events);
    } else sandbox.kill(run.id); // Fenced: the attempt belongs to somebody else, or is over.
  }

  /** A job may wait in the sandbox for its turn: it is shown as started when it is. */
  function begun(attempt: Attempt): boolean {
    attempt.startedAt ??= sandbox.begunAt(attempt.run.id);
    return attempt.startedAt !== null;
  }

  /** One timer for all attempts: announces quiet ones, appends piles, renews leases. */
  function tick(): void {
    ticking = null;
    const now = clock.monotonic();
    for (const attempt of attempts.values()) {
      if (!attempt.inSandbox) continue;
      const quiet = !attempt.announced && now - attempt.beganMono >= ANNOUNCE_MS && begun(attempt);
      const piled = attempt.output.pending() > 0 && ripe(attempt, now);
      if (quiet || piled) flush(attempt);
      if (now - attempt.leaseMono >= LEASE_MS / 3) renew(attempt, now);
    }
    keepTicking();
  }

  function keepTicking(): void {
    if (ticking === null && attempts.size > 0) ticking = clock.after(FLUSH_MS / 2, tick);
  }

  function renew(attempt: Attempt, mono: number): void {
    attempt.leaseMono = mono;
    const { run } = attempt;
    store.renewLease(run.id, run.attempt, clock.now() + LEASE_MS).then(
      ({ ok, killAsked }) => {
        if (!ok || killAsked) sandbox.kill(run.id);
      },
      // Asked again a third of a lease later; two misses are still in time.
      (error) =>
        platform.log.error("a lease was not renewed", { run: run.id, cause: String(error) }),
    );
  }

  function heard(attempt: Attempt, events: SandboxEvent[]): void {
    const [first] = events;
    attempt.startedAt ??=
      sandbox.begunAt(attempt.run.id) ??
      (first === undefined ? null : toldTime(attempt.sentAt, first.at, clock.now()));
    attempt.output.add(events);
    const now = clock.monotonic();
    attempt.heardMono ??= now;
    const piled = attempt.output.pending();
    if (piled >= PILE_MAX || (piled > 0 && ripe(attempt, now))) flush(attempt);
  }

  /** Old enough to be worth an append of its own, and not appended to a moment ago. */
  const ripe = (attempt: Attempt, now: number): boolean =>
    attempt.heardMono !== null &&
    now - attempt.heardMono >= FIRST_FLUSH_MS &&
    now - attempt.flushedMono >= FLUSH_MS;

  // -- from start to end

  async function carry(attempt: Attempt): Promise<void> {
    const { run, ticker } = attempt;
    let result: SandboxResult;
    try {
      const {
        facts: known,
        state,
        secrets,
      } = await insist(platform, () => facts.gather(ticker, run));
      const mask = makeMask(Object.values(secrets));
      attempt.output = makeOutput(ticker.limits.outputBytes, mask);
      starting--;
      attempt.inSandbox = true;
      const { script, limits } = ticker;
      const job = { id: run.id, script, limits, facts: known, state, secrets };
      if (attempt.killed || attempt.interrupted) result = killedBeforeStart(clock.now());
      else {
        attempt.sentAt = clock.now();
        result = await sandbox.run(job, (events) => heard(attempt, events));
      }
      if (attempt.interrupted && !attempt.killed && result.outcome === "killed") {
        // A queue behind it moves on when it is recorded: that is for the next process, which can begin it.
        if (await isFollowed(ticker)) return finished(attempt, null);
        result = { ...result, outcome: "interrupted", error: INTERRUPTED };
      }
      await attempt.tail;
      await settle(attempt, result, mask);
    } catch (error) {
      // Ours: the lease runs out and the sweep records the attempt as interrupted.
      if (!attempt.inSandbox) starting--;
      platform.log.error("an attempt crashed; its lease will run out", {
        run: run.id,
        attempt: run.attempt,
        cause: (error as Error).stack ?? String(error),
      });
      finished(attempt, null);
    }
  }

  /** The one visible place that ends an attempt. */
  async function settle(attempt: Attempt, result: SandboxResult, mask: (t: string) => string) {
    const { run, ticker, output } = attempt;
    const now = clock.now();
    const at = toldTime(attempt.sentAt, result.finishedAt, now) ?? now;
    attempt.startedAt = result.startedAt ?? attempt.startedAt;
    if (attempt.startedAt !== null) {
      attempt.startedAt = toldTime(attempt.sentAt, attempt.startedAt, at) ?? attempt.sentAt;
    }
    const error = result.error && maskError(result.error, mask);
    const again = retryAt(
      ticker.policy.retry,
      run.attempt,
      result.outcome,
      at,
      platform.random.fraction(),
    );
    const end = { at, outcome: result.outcome, error, startedAt: attempt.startedAt };
    const happenings = [...take(attempt), ...output.close(at), lastHappening(run, end, again)];
    const stateWrites: Record<string, string | null> = {};
    for (const [key, value] of Object.entries(result.stateWrites)) {
      stateWrites[key] = value === null ? null : mask(value);
    }
    const finish: Finish = {
      runId: run.id,
      attempt: run.attempt,
      revision: ticker.revision,
      at,
      outcome: result.outcome,
      error,
      happenings,
      retryAt: again,
      startedAt: attempt.startedAt,
      lateMs: lateness(run, attempt.startedAt),
      cpuMs: result.cpuMs,
      outputBytes: run.outputBytes + result.outputBytes,
      droppedBytes: run.droppedBytes + output.droppedBytes(),
      metrics: output.metrics,
      progress: output.progress(),
      lastLine: output.lastLine(),
      stateWrites,
      ...aftermath(await scheduleNow(attempt), run, at, again),
      stopAfterFailures: ticker.policy.stopAfterFailures,
      lease: { holder, untilAt: clock.now() + LEASE_MS },
    };
    const done = await insist(platform, () => store.finishRun(finish));
    if (!done.ok) {
      // Fenced or over: whoever took it has recorded it. Nothing was written, so nothing is told.
      finished(attempt, null);
      return;
    }
    facts.remember(done.run);
    hooks.happened(done.run, done.events);
    hooks.dropped(done.ended);
    finished(attempt, done.status, done.run);
    if (done.next !== null) hooks.turn(done.next, ticker);
  }

  async function isFollowed({ owner, id }: Ticker): Promise<boolean> {
    const entry = await insist(platform, () => store.readTicker(owner, { id }, true));
    return (entry?.status.queued.length ?? 0) > 0;
  }

  /** Only where it matters is the definition read again: it may have been edited meanwhile. */
  async function scheduleNow({ ticker, edited }: Attempt): Promise<Schedule> {
    if (!edited && !countsFromFinish(ticker.schedule)) return ticker.schedule;
    const key = { id: ticker.id };
    const entry = await insist(platform, () => store.readTicker(ticker.owner, key, true));
    return entry?.ticker.schedule ?? ticker.schedule;
  }

  function finished(attempt: Attempt, status: Status | null, run = attempt.run): void {
    attempts.delete(run.id);
    attempt.isOver();
    hooks.ended(run, status);
  }

  function start(ticker: Ticker, run: Run): void {
    if (attempts.has(run.id)) return; // A repeated dispatch: the lease is ours already.
    let isOver = (): void => {};
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    const mono = clock.monotonic();
    const attempt: Attempt = {
      run,
      ticker,
      output: makeOutput(ticker.limits.outputBytes, (text) => text),
      sentAt: clock.now(),
      startedAt: null,
      announced: false,
      flushedMono: Number.NEGATIVE_INFINITY,
      heardMono: null,
      beganMono: mono,
      leaseMono: mono,
      tail: Promise.resolve(),
      appending: false,
      inSandbox: false,
      killed: false,
      interrupted: false,
      edited: false,
      seq: run.seq,
      over,
      isOver,
    };
    attempts.set(run.id, attempt);
    starting++;
    keepTicking();
    void carry(attempt);
  }

  async function idle(): Promise<void> {
    while (attempts.size > 0) await Promise.all([...attempts.values()].map(({ over }) => over));
  }

  return {
    start,
    kill(runId) {
      const attempt = attempts.get(runId);
      if (!attempt) return false;
      attempt.killed = true;
      if (attempt.inSandbox) sandbox.kill(runId);
      return true;
    },
    edited(tickerId) {
      for (const attempt of attempts.values()) {
        if (attempt.ticker.id === tickerId) attempt.edited = true;
      }
    },
    ended: (runId) => attempts.get(runId)?.over ?? Promise.resolve(),
    underway: () => attempts.size,
    has: (runId) => attempts.has(runId),
    room: () => sandbox.room() - starting,
    idle,
    async interruptAll() {
      for (const attempt of attempts.values()) {
        attempt.interrupted = true;
        if (attempt.inSandbox) sandbox.kill(attempt.run.id);
      }
      await idle();
    },
  };
}

function killedBeforeStart(at: number): SandboxResult {
  return {
    outcome: "killed",
    error: null,
    startedAt: null,
    finishedAt: at,
    cpuMs: 0,
    stateWrites: {},
    outputBytes: 0,
  };
}
