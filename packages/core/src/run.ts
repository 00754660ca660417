// A run: the execution for one due time, in one or more attempts. One record per due time, whatever
// became of it; due times that were skipped or missed in a row share one record with a count.

/** How a script ended. A value, never an exception. */
export type Outcome =
  | "succeeded"
  | "failed" // it threw, would not compile, or waits for something that can never happen
  | "timed-out" // wall time
  | "cpu-limit"
  | "out-of-memory"
  | "output-limit" // far past its output limit: a flood, ended (merely over the limit is cut and marked)
  | "host-call-limit"
  | "killed" // by somebody, or by killall
  | "interrupted" // the process or the worker under it went away
  | "skipped" // never started: see `reason`
  | "missed"; // never started, and nobody was there to skip it: see `reason`

export type RunState =
  | "queued" // behind an earlier run of its ticker (overlap: queue)
  | "running" // an attempt holds a lease
  | "waiting" // between two attempts, until retryAt
  | "finished";

/** What asked for the run. */
export type Trigger = "schedule" | "hand" | "outside";

export type SkipReason = "still-running" | "queue-full" | "kill-all";
export type MissReason = "late" | "down"; // superseded by a newer due time; or nobody was running

/** Where in the script it went wrong: 1-based, in the source as its owner wrote it. */
export type ScriptError = {
  name: string;
  message: string;
  line?: number;
  column?: number;
  stack?: string;
};

/** A lease: the right to work on an attempt until an instant. */
export type Lease = { holder: string; untilAt: number };

export type Run = {
  /**
   * `<tickerId>.<dueAt>`, or `<tickerId>.<dueAt>h` by hand, `...o` from outside: asked twice = one run.
   * `<tickerId>.<dueAt>r<number>` for a skipped or missed record.
   */
  id: string;
  tickerId: string;
  owner: string;
  /** Dense per ticker from 1: the teletext subpage. Skipped and missed records take a number too. */
  number: number;
  /** The ticker's revision that ran, in the latest attempt. */
  revision: number;
  trigger: Trigger;
  dueAt: number;
  /** Last due time covered; equals dueAt for anything that ran. */
  dueUntilAt: number;
  /** Due times covered: 1 for anything that ran. */
  count: number;
  state: RunState;
  /** 1-based; fences late writers. 0 while queued. */
  attempt: number;
  lease: Lease | null;
  retryAt: number | null;
  /** Somebody asked for the end of it; honoured within a second. */
  killAskedAt: number | null;
  /** Actual start of the latest attempt. `startedAt - dueAt` of attempt 1 is its lateness. */
  startedAt: number | null;
  finishedAt: number | null;
  /** Lateness of the first attempt, ms. */
  lateMs: number | null;
  cpuMs: number | null;
  outcome: Outcome | null;
  reason: SkipReason | MissReason | null;
  error: ScriptError | null;
  /** Highest event number so far; 0 = none. */
  seq: number;
  /** Bytes printed, and of those the bytes not kept. */
  outputBytes: number;
  droppedBytes: number;
  /** Last value of each metric, at most 16 names. */
  metrics: Record<string, number>;
  /** Newest progress, 0..1. */
  progress: number | null;
  /** The last line printed, at most 200 characters. */
  lastLine: string | null;
};

export const runId = (tickerId: string, dueAt: number, trigger: Trigger): string =>
  `${tickerId}.${dueAt}${trigger === "hand" ? "h" : trigger === "outside" ? "o" : ""}`;

/** The due time in a run's id; null when it is no run id. */
export function dueAtOfId(id: string): number | null {
  const match = /\.(\d{1,16})(?:[ho]|r\d+)?$/.exec(id);
  return match ? Number(match[1]) : null;
}

/** Outcomes that count as a failure of the script (for retries, streaks, the newsflash). */
export const isFailure = (outcome: Outcome): boolean =>
  outcome !== "succeeded" && outcome !== "killed" && outcome !== "skipped" && outcome !== "missed";
