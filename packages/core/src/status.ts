// What happens to a ticker, beside its definition: started or stopped, when it is due next, which runs
// are under way. One small item that every claim and every finish writes, so the script's text is not
// rewritten at each tick. The pure transitions that stores apply to it live here.

import type { Outcome } from "./run.ts";

export type StopReason =
  | "asked" // by somebody
  | "done" // a schedule with no further due time
  | "failures" // policy.stopAfterFailures
  | "deleted";

/** A run that holds a place: running or waiting for its next attempt. */
export type ActiveRun = { runId: string; number: number; dueAt: number };

export type Status = {
  tickerId: string;
  owner: string;
  state: "started" | "stopped";
  stopReason: StopReason | null;
  /** Equal to the ticker's revision, or the pass repairs it. */
  revision: number;
  /** Origin of the grid of `every`; set at creation, at start after a stop, and when the schedule changes. */
  anchorAt: number;
  /** Null: not due (stopped, by hand, done, or `from: finish` while a run is under way). */
  nextDueAt: number | null;
  /** Number of the newest run record; the next gets one more. */
  runNumber: number;
  active: ActiveRun[];
  /** Overlap `queue`: oldest first. */
  queued: ActiveRun[];
  failuresInRow: number;
  /** The newest finished run that really ran. */
  lastRunNumber: number | null;
  lastOutcome: Outcome | null;
  lastFinishedAt: number | null;
  /** The newest record when it is a skipped or missed one that may still grow. */
  openRecord: { runId: string; reason: string } | null;
};
