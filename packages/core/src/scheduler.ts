// The loop: asks the store what is due, claims each due time once, records those that will not run and why,
// and hands the rest to the runner. A pass is a function of (store, time); the alarm only calls it.
// It claims no more than there is room for: the store is the queue, and what is late shows as late.

import { countsFromFinish } from "./aftermath.ts";
import type { Platform } from "./platform.ts";
import { type Run, runId } from "./run.ts";
import { LEASE_MS, type Runner } from "./runner.ts";
import { dueBetween, nextDue, type Schedule } from "./schedule.ts";
import type { Claim, Claimed, Entry } from "./store.ts";
import { LATE_MAX_MS, type Ticker } from "./ticker.ts";

const BATCH_MAX = 500;
/** Due times of a cron line counted exactly up to this many; a minutely one fills a week. */
const COUNT_MAX = 100_000;
const RETRY_PASS_MS = 250;
/**
 * Least time between two passes, by how many runs are under way. A pass costs a commit, a wake-up of the
 * workers and three queries whatever it finds, so a busy service takes several due times at once.
 */
const GAPS_MS = [
  { underway: 8, gapMs: 6 },
  { underway: 3, gapMs: 3 },
];
/** Catching up with `all` lines the late due times up behind each other, whatever overlap says. */
const CATCH_UP_QUEUE_MAX = 100;

export type SchedulerHooks = {
  /** A claim went through: the run to show, the record of due times that did not run, the new status. */
  claimed(ticker: Ticker, claimed: Extract<Claimed, { claimed: true }>): void;
  /** A waiting run's next attempt is leased: begin it. */
  turn(run: Run): void;
  heldFor(owner: string): boolean;
};

export type Scheduler = {
  /** Something changed: look at due times now. */
  poke(): void;
  /** A run ended and its ticker is due at `nextDueAt`: wake by then, or at once if room was short. */
  freed(nextDueAt: number | null): void;
  /** Resolves when no pass is under way: whatever was claimed before is with the runner. */
  settled(): Promise<void>;
  /** No more claims; resolves when the last pass is over. */
  stop(): Promise<void>;
};

/** What to ask of the store for a ticker that is due. Pure. */
export function decide(entry: Entry, now: number, held: boolean, holder: string): Claim {
  const { ticker, status } = entry;
  const dueAt = status.nextDueAt as number;
  const late = pastDue(ticker.schedule, dueAt, now, status.anchorAt);
  const fromFinish = countsFromFinish(ticker.schedule);
  const claim: Claim = {
    tickerId: ticker.id,
    dueAt,
    revision: status.revision,
    nextDueAt: fromFinish ? null : nextDue(ticker.schedule, late.latestAt, status.anchorAt),
    done: false,
    unrun: null,
    run: null,
    queueMax: ticker.policy.overlap.mode === "queue" ? ticker.policy.overlap.queueMax : 0,
    lease: { holder, untilAt: now + LEASE_MS },
    at: now,
  };
  if (held) {
    const { latestAt: untilAt, count } = late;
    claim.unrun = { kind: "skipped", reason: "kill-all", fromAt: dueAt, untilAt, count };
    if (fromFinish) claim.nextDueAt = nextDue(ticker.schedule, now, now);
  } else catchUp(claim, entry, late, now);
  claim.done = claim.nextDueAt === null && claim.run === null && !fromFinish;
  return claim;
}

type PastDue = { count: number; latestAt: number };

function pastDue(schedule: Schedule, dueAt: number, now: number, anchorAt: number): PastDue {
  if (countsFromFinish(schedule)) return { count: 1, latestAt: dueAt };
  if ("at" in schedule || "hand" in schedule) return { count: 1, latestAt: dueAt };
  const past = dueBetween(schedule, dueAt, now, anchorAt, COUNT_MAX);
  return { count: Math.max(1, past.count), latestAt: past.latestAt ?? dueAt };
}

/** The newest due time runs unless it is too late for that; the ones before it as the policy says. */
function catchUp(claim: Claim, entry: Entry, late: PastDue, now: number): void {
  const { ticker } = entry;
  const { anchorAt } = entry.status;
  const dueAt = claim.dueAt as number;
  const policy = ticker.policy.catchUp;
  const run = (at: number): Claim["run"] => ({
    id: runId(ticker.id, at, "schedule"),
    trigger: "schedule",
    dueAt: at,
  });
  const reason = now - dueAt > LATE_MAX_MS ? "down" : "late";
  const kept = policy.mode === "all" ? firstKept(entry, now - policy.windowMs) : null;
  if (kept !== null && kept <= now) {
    // One at a time, oldest first: the next pass takes the next one.
    claim.run = run(kept);
    claim.queueMax = Math.max(claim.queueMax, CATCH_UP_QUEUE_MAX);
    if (kept < late.latestAt) claim.nextDueAt = nextDue(ticker.schedule, kept, anchorAt);
    if (kept > dueAt) {
      const { count, latestAt } = dueBetween(ticker.schedule, dueAt, kept - 1, anchorAt, COUNT_MAX);
      claim.unrun = { kind: "missed", reason, fromAt: dueAt, untilAt: latestAt ?? dueAt, count };
    }
    return;
  }
  const tooLate = policy.mode !== "latest" && now - late.latestAt > LATE_MAX_MS;
  const missed = tooLate ? late.count : late.count - 1;
  if (missed > 0) {
    const untilAt = tooLate ? late.latestAt : lastBefore(ticker.schedule, late.latestAt, dueAt);
    claim.unrun = { kind: "missed", reason, fromAt: dueAt, untilAt, count: missed };
  }
  if (!tooLate) claim.run = run(late.latestAt);
  else if (countsFromFinish(ticker.schedule)) claim.nextDueAt = now;
}

/** The ticker's first due time at or after `since`, of those it has not met yet. */
function firstKept({ ticker, status }: Entry, since: number): number | null {
  const dueAt = status.nextDueAt as number;
  if (dueAt >= since) return dueAt;
  if (countsFromFinish(ticker.schedule)) return null; // It has no other until it ran.
  return nextDue(ticker.schedule, since - 1, status.anchorAt);
}

/** The due time before `latestAt`: exact on a grid; for cron the record's end is only a bound. */
function lastBefore(schedule: Schedule, latestAt: number, fromAt: number): number {
  return "every" in schedule ? Math.max(fromAt, latestAt - schedule.every) : latestAt - 1;
}

/** Null: never. */
export const earliest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

export function makeScheduler(
  platform: Platform,
  runner: Runner,
  holder: string,
  hooks: SchedulerHooks,
): Scheduler {
  const { clock, store, alarm } = platform;
  let passing: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  /** The last pass left due times unclaimed for want of room. */
  let starved = false;
  /** What the alarm is set to; null when nothing is due. */
  let wakeAt: number | null = null;
  /** The earliest due time that ends made during the pass: the store may have been asked before. */
  let freedAt: number | null = null;
  let passedMono = Number.NEGATIVE_INFINITY;
  let pacing: (() => void) | null = null;

  /** How many due times it took. */
  async function claimAll(now: number): Promise<number> {
    const room = Math.min(BATCH_MAX, runner.room());
    starved = room <= 0;
    if (starved) return 0; // The end of any run wakes us.
    const due = await store.dueTickers(now, room);
    const claims = due.map(async (entry) => {
      const claim = decide(entry, now, hooks.heldFor(entry.ticker.owner), holder);
      const claimed = await store.claim(claim);
      if (claimed.claimed) hand(entry.ticker, claimed);
      // That very run exists (a clock that went back, an answer that was lost): only move on.
      else if (claimed.why === "same-run") await store.claim({ ...claim, run: null, unrun: null });
    });
    await Promise.all(claims);
    starved = due.length === room;
    return due.length;
  }

  function hand(ticker: Ticker, claimed: Extract<Claimed, { claimed: true }>): void {
    hooks.claimed(ticker, claimed);
    if (claimed.run?.state === "running") runner.start(ticker, claimed.run);
  }

  async function retryAll(now: number): Promise<void> {
    const room = Math.min(BATCH_MAX, runner.room());
    if (room <= 0) return;
    for (const waiting of await store.dueRetries(now, room)) {
      if (hooks.heldFor(waiting.owner)) continue;
      const lease = { holder, untilAt: now + LEASE_MS };
      const run = await store.startAttempt(waiting.id, waiting.attempt + 1, lease, now);
      if (run !== null) hooks.turn(run);
    }
  }

  async function pass(): Promise<void> {
    try {
      again = false;
      freedAt = null;
      const now = clock.now();
      await retryAll(now);
      const taken = await claimAll(now);
      if (!stopped) await rearm(now, taken > 0);
    } catch (error) {
      platform.log.error("a scheduler pass failed; the next one follows", { cause: String(error) });
      if (!stopped) wake(clock.now() + RETRY_PASS_MS);
    }
  }

  async function rearm(passedAt: number, progress: boolean): Promise<void> {
    const at = earliest(await store.nextWakeAt(), freedAt);
    // It was due in this pass, and nothing could be done about it: without room the end of a run wakes us,
    // and this is the net beneath it. Asking again at once would spin.
    const stuck = at !== null && at <= passedAt && (!progress || runner.room() <= 0);
    wake(stuck ? clock.now() + RETRY_PASS_MS : at);
  }

  function wake(at: number | null): void {
    wakeAt = at;
    alarm.set(at);
  }

  function poke(): void {
    if (stopped || pacing !== null) return;
    if (passing !== null) {
      again = true;
      return;
    }
    const crowd = runner.underway();
    const gapMs = GAPS_MS.find((gap) => crowd >= gap.underway)?.gapMs ?? 0;
    const waitMs = passedMono + gapMs - clock.monotonic();
    if (waitMs < 1) begin();
    else pacing = clock.after(waitMs, begin);
  }

  function begin(): void {
    pacing = null;
    passing = pass().finally(() => {
      passing = null;
      passedMono = clock.monotonic();
      if (again || (starved && runner.room() > 0)) poke();
    });
  }

  return {
    poke,
    freed(nextDueAt) {
      if (starved) poke();
      else if (passing !== null) freedAt = earliest(freedAt, nextDueAt);
      else if (nextDueAt !== null && (wakeAt === null || nextDueAt < wakeAt)) wake(nextDueAt);
    },
    async settled() {
      while (passing !== null) await passing;
    },
    async stop() {
      stopped = true;
      wake(null);
      pacing?.();
      while (passing !== null) await passing;
    },
  };
}
