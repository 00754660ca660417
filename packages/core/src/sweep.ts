// Repairs what a lost process or message left behind, and keeps the store within its budgets. Safe to run
// at any time, any number of times, beside everything else.

import { aftermath, lastHappening } from "./aftermath.ts";
import type { Event } from "./event.ts";
import type { Platform } from "./platform.ts";
import { retryAt } from "./retry.ts";
import type { Run } from "./run.ts";
import { INTERRUPTED, LEASE_MS, type Runner } from "./runner.ts";
import type { Status } from "./status.ts";
import type { Finish } from "./store.ts";

const BATCH = 200;
const BIN_MS = 30 * 24 * 3_600_000;
const TALLY_KEPT_MS = 25 * 3_600_000;

export type SweepHooks = {
  /** Attempts that nobody carries were cut short. */
  ended(
    run: Run,
    events: Event[],
    status: Status,
    next: Run | null,
    ended: { run: Run; events: Event[] }[],
  ): void;
};

export type Sweep = {
  /** At start: every attempt another holder left is cut short now, not when its lease runs out. */
  recover(): Promise<number>;
  /** A standing pass: leases that ran out. */
  repair(): Promise<number>;
  /** Ends a running attempt that nobody carries as killed. */
  kill(run: Run): Promise<boolean>;
  /** Retention, the bin, expired credentials; a bounded piece. Answers how much went. */
  tidy(): Promise<number>;
};

export function makeSweep(
  platform: Platform,
  runner: Runner,
  holder: string,
  hooks: SweepHooks,
): Sweep {
  const { store, clock } = platform;

  async function cut(run: Run, outcome: "interrupted" | "killed"): Promise<boolean> {
    const entry = await store.readTicker(run.owner, { id: run.tickerId }, true);
    if (entry === null) return false;
    const { ticker } = entry;
    const at = clock.now();
    const again = retryAt(
      ticker.policy.retry,
      run.attempt,
      outcome,
      at,
      platform.random.fraction(),
    );
    const error = outcome === "killed" ? null : INTERRUPTED;
    const end = { at, outcome, error, startedAt: run.startedAt };
    const finish: Finish = {
      runId: run.id,
      attempt: run.attempt,
      revision: run.revision,
      at,
      outcome,
      error,
      happenings: [lastHappening(run, end, again)],
      retryAt: again,
      startedAt: run.startedAt,
      lateMs: run.lateMs,
      cpuMs: run.cpuMs ?? 0,
      outputBytes: run.outputBytes,
      droppedBytes: run.droppedBytes,
      metrics: run.metrics,
      progress: run.progress,
      lastLine: run.lastLine,
      stateWrites: {},
      ...aftermath(ticker.schedule, run, at, again),
      stopAfterFailures: ticker.policy.stopAfterFailures,
      lease: { holder, untilAt: at + LEASE_MS },
    };
    const done = await store.finishRun(finish);
    if (done.ok) {
      hooks.ended(done.run, done.events, done.status, done.next, done.ended);
    }
    return done.ok;
  }

  async function interruptAll(leaseBefore: number, notHolder: string | null): Promise<number> {
    let ended = 0;
    for (;;) {
      const lost = await store.lostRuns({ leaseBefore, notHolder, limit: BATCH });
      const ours = lost.filter((run) => !runner.has(run.id));
      const done = await Promise.all(ours.map((run) => cut(run, "interrupted")));
      const progress = done.filter(Boolean).length;
      ended += progress;
      if (lost.length < BATCH || progress === 0) return ended;
    }
  }

  return {
    recover: () => interruptAll(0, holder),
    repair: () => interruptAll(clock.now(), null),
    kill: (run) => cut(run, "killed"),
    async tidy() {
      const now = clock.now();
      const gone = await Promise.all([
        store.prune(BATCH * 5),
        store.expire(now, now - TALLY_KEPT_MS),
        store.purgeTickers(now - BIN_MS, 20),
      ]);
      return gone.reduce((sum, count) => sum + count, 0);
    },
  };
}
