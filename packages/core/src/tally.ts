// The service's own numbers since it started: counts by outcome, and the lateness of the newest runs.

import type { Event } from "./event.ts";
import type { Clock, ServiceFacts } from "./platform.ts";
import type { Run } from "./run.ts";
import { percentiles } from "./tile.ts";

export type EngineNumbers = {
  /** Since the process started. */
  startedAt: number;
  runsStarted: number;
  runsFinished: Record<string, number>;
  skipped: number;
  missed: number;
  /** Lateness of the newest 1,000 scheduled runs, ms. */
  late: { p50: number; p95: number; p99: number; max: number } | null;
  running: number;
  sandboxRoom: number;
  watchers: number;
  /** Messages sent to watchers, and gaps they were told of. */
  deliveries: number;
  gaps: number;
};

const LATE_KEPT = 1_000;

/** The facts for scripts are refreshed at most this often: sorting a thousand numbers is not for each run. */
const FACTS_MS = 1_000;

export function makeTally(clock: Clock) {
  const startedAt = clock.now();
  let facts: ServiceFacts | null = null;
  let factsMono = 0;
  const runsFinished: Record<string, number> = {};
  const late: number[] = [];
  let lateNext = 0;
  let runsStarted = 0;
  let skipped = 0;
  let missed = 0;
  /** Records grow: only what a record gained counts. */
  const counted = new Map<string, number>();

  function grown(run: Run, count: number): number {
    const before = counted.get(run.tickerId + run.id) ?? 0;
    if (counted.size > 10_000) counted.clear();
    counted.set(run.tickerId + run.id, count);
    return Math.max(0, count - before);
  }

  const finishedRuns = (): number => Object.values(runsFinished).reduce((sum, n) => sum + n, 0);

  return {
    facts(running: number, memoryBytes: () => number): ServiceFacts {
      const mono = clock.monotonic();
      if (facts === null || mono - factsMono >= FACTS_MS) {
        const lateP95Ms = percentiles(late)?.p95 ?? 0;
        facts = { startedAt, runs: finishedRuns(), running, lateP95Ms, memoryBytes: memoryBytes() };
        factsMono = mono;
      }
      return facts;
    },
    claimed(): void {
      runsStarted++;
    },
    happened(run: Run, events: Event[]): void {
      for (const event of events) {
        if (event.kind === "finished") {
          runsFinished[event.outcome] = (runsFinished[event.outcome] ?? 0) + 1;
          if (run.trigger === "schedule" && run.lateMs !== null) {
            late[lateNext] = run.lateMs;
            lateNext = (lateNext + 1) % LATE_KEPT;
          }
        } else if (event.kind === "skipped") skipped += grown(run, event.count);
        else if (event.kind === "missed") missed += grown(run, event.count);
      }
    },
    numbers: () => ({
      startedAt,
      runsStarted,
      runsFinished: { ...runsFinished },
      skipped,
      missed,
      late: percentiles(late),
    }),
  };
}
