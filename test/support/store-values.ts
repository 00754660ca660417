// Tickers, statuses, claims and finishes as tests of the store need them: plain, each part replaceable.

import type { Happening } from "@ticker/core/event";
import { type Run, runId } from "@ticker/core/run";
import type { Status } from "@ticker/core/status";
import type { Claim, Finish } from "@ticker/core/store";
import { LIMITS_DEFAULT, POLICY_DEFAULT, type Ticker } from "@ticker/core/ticker";

export const LEASE = { holder: "here", untilAt: 100_000 };

export const tickerOf = (id: string, more: Partial<Ticker> = {}): Ticker => ({
  id,
  owner: "ada",
  page: null,
  name: id.replace("_", "-"),
  script: { language: "javascript", source: "print(1)" },
  schedule: { every: 1000, from: "start" },
  policy: POLICY_DEFAULT,
  limits: LIMITS_DEFAULT,
  retention: { runs: 100, failures: 50 },
  tags: [],
  revision: 1,
  createdAt: 0,
  updatedAt: 0,
  deletedAt: null,
  requestHash: null,
  ...more,
});

export const statusOf = (ticker: Ticker, more: Partial<Status> = {}): Status => ({
  tickerId: ticker.id,
  owner: ticker.owner,
  state: "started",
  stopReason: null,
  revision: ticker.revision,
  anchorAt: 0,
  nextDueAt: 1000,
  runNumber: 0,
  active: [],
  queued: [],
  failuresInRow: 0,
  lastRunNumber: null,
  lastOutcome: null,
  lastFinishedAt: null,
  openRecord: null,
  ...more,
});

/** Claims `dueAt` for a run of it; the next due time is a second later. */
export const claimOf = (tickerId: string, dueAt: number, more: Partial<Claim> = {}): Claim => ({
  tickerId,
  dueAt,
  revision: 1,
  nextDueAt: dueAt + 1000,
  done: false,
  unrun: null,
  run: { id: runId(tickerId, dueAt, "schedule"), trigger: "schedule", dueAt },
  queueMax: 0,
  lease: LEASE,
  at: dueAt,
  ...more,
});

export const byHand = (tickerId: string, at: number, more: Partial<Claim> = {}): Claim =>
  claimOf(tickerId, at, {
    dueAt: null,
    run: { id: runId(tickerId, at, "hand"), trigger: "hand", dueAt: at },
    ...more,
  });

export const output = (at: number, text: string): Happening => ({
  at,
  kind: "output",
  text,
  stream: "out",
});

/** The end of `run`, whose events come with it; `retryAt` makes it the end of an attempt only. */
export function finishOf(run: Run, at: number, more: Partial<Finish> = {}): Finish {
  const outcome = more.outcome ?? "succeeded";
  const error = outcome === "succeeded" ? null : { name: "Error", message: "no", line: 1 };
  const retryAt = more.retryAt ?? null;
  const { attempt } = run;
  const end: Happening =
    retryAt === null
      ? { at, kind: "finished", outcome, error, durationMs: 5 }
      : { at, kind: "retry", attempt, retryAt, outcome, error };
  return {
    runId: run.id,
    attempt,
    at,
    outcome,
    error,
    happenings: [{ at: at - 5, kind: "started", attempt, lateMs: 1 }, output(at, "hello"), end],
    retryAt,
    startedAt: at - 5,
    lateMs: 1.5,
    cpuMs: 2.25,
    outputBytes: 5,
    droppedBytes: 0,
    metrics: { x: 1 },
    progress: 0.5,
    lastLine: "hello",
    stateWrites: {},
    revision: 1,
    stopAfterFailures: 0,
    done: false,
    lease: LEASE,
    ...more,
  };
}
