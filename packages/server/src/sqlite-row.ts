// Rows to values and back: runs and statuses. Columns in one order, read as arrays, because the hot path
// does this for every claim and every finish.

import type { SQLInputValue } from "node:sqlite";
import type { Run } from "@ticker/core/run";
import { isFailure } from "@ticker/core/run";
import type { ActiveRun, Status } from "@ticker/core/status";

export const RUN_COLUMNS =
  "number, id, revision, trigger, due_at, due_until_at, count, state, attempt, lease_holder, " +
  "lease_until_at, retry_at, kill_asked_at, started_at, finished_at, late_ms, cpu_ms, outcome, " +
  "reason, error, seq, output_bytes, dropped_bytes, metrics, progress, last_line";

type Row = SQLInputValue[];
const asJson = (value: object | null) => (value === null ? null : JSON.stringify(value));
// biome-ignore lint/suspicious/noExplicitAny: the columns' types stand in the schema, not in the compiler
type Loose = any;
const fromJson = (text: SQLInputValue) => (text === null ? null : JSON.parse(text as string));

const metricsOf = (run: Run) => {
  for (const _name in run.metrics) return JSON.stringify(run.metrics);
  return null;
};

/** A run from RUN_COLUMNS. */
export function runOf(row: Row, ticker: { id: string; owner: string }): Run {
  const r = row as Loose[];
  return {
    id: r[1],
    tickerId: ticker.id,
    owner: ticker.owner,
    number: r[0],
    revision: r[2],
    trigger: r[3],
    dueAt: r[4],
    dueUntilAt: r[5],
    count: r[6],
    state: r[7],
    attempt: r[8],
    lease: r[9] === null ? null : { holder: r[9], untilAt: r[10] },
    retryAt: r[11],
    killAskedAt: r[12],
    startedAt: r[13],
    finishedAt: r[14],
    lateMs: r[15],
    cpuMs: r[16],
    outcome: r[17],
    reason: r[18],
    error: fromJson(r[19]),
    seq: r[20],
    outputBytes: r[21],
    droppedBytes: r[22],
    metrics: fromJson(r[23]) ?? {},
    progress: r[24],
    lastLine: r[25],
  };
}

export const RUN_INSERT = `INSERT INTO runs (id, trigger, due_at, revision, due_until_at, count,
  state, attempt, lease_holder, lease_until_at, retry_at, kill_asked_at, started_at, finished_at,
  late_ms, cpu_ms, outcome, reason, error, seq, output_bytes, dropped_bytes, metrics, progress,
  last_line, failed, events, ticker, number) VALUES (${"?,".repeat(28)}?)`;

/** For RUN_INSERT. `events`: JSON of the run's last events, or null. */
export const runInsert = (ticker: number, run: Run, events: string | null): Row => [
  run.id,
  run.trigger,
  run.dueAt,
  ...runUpdate(ticker, run, events),
];

export const RUN_UPDATE = `UPDATE runs SET revision = ?, due_until_at = ?, count = ?, state = ?, attempt = ?,
  lease_holder = ?, lease_until_at = ?, retry_at = ?, kill_asked_at = ?, started_at = ?,
  finished_at = ?, late_ms = ?, cpu_ms = ?, outcome = ?, reason = ?, error = ?, seq = ?,
  output_bytes = ?, dropped_bytes = ?, metrics = ?, progress = ?, last_line = ?, failed = ?,
  events = ifnull(?, events) WHERE ticker = ? AND number = ?`;

/** For RUN_UPDATE. `events` null leaves those that are there. */
export const runUpdate = (ticker: number, run: Run, events: string | null): Row => [
  run.revision,
  run.dueUntilAt,
  run.count,
  run.state,
  run.attempt,
  run.lease?.holder ?? null,
  run.lease?.untilAt ?? null,
  run.retryAt,
  run.killAskedAt,
  run.startedAt,
  run.finishedAt,
  run.lateMs,
  run.cpuMs,
  run.outcome,
  run.reason,
  asJson(run.error),
  run.seq,
  run.outputBytes,
  run.droppedBytes,
  metricsOf(run),
  run.progress,
  run.lastLine,
  run.outcome !== null && isFailure(run.outcome) ? 1 : 0,
  events,
  ticker,
  run.number,
];

export const STATUS_COLUMNS =
  "state, stop_reason, revision, anchor_at, next_due_at, run_number, active, queued, " +
  "failures_in_row, last_run_number, last_outcome, last_finished_at, open_record, open_reason";

/** A status from STATUS_COLUMNS. */
export function statusOf(row: Row, ticker: { id: string; owner: string }): Status {
  const s = row as Loose[];
  return {
    tickerId: ticker.id,
    owner: ticker.owner,
    state: s[0],
    stopReason: s[1],
    revision: s[2],
    anchorAt: s[3],
    nextDueAt: s[4],
    runNumber: s[5],
    active: fromJson(s[6]) ?? [],
    queued: fromJson(s[7]) ?? [],
    failuresInRow: s[8],
    lastRunNumber: s[9],
    lastOutcome: s[10],
    lastFinishedAt: s[11],
    openRecord: s[12] === null ? null : { runId: s[12], reason: s[13] },
  };
}

export const STATUS_INSERT = `INSERT INTO statuses (${STATUS_COLUMNS}, ticker)
  VALUES (${"?,".repeat(14)}?)`;
const AFTER_TIMING = `run_number = ?, active = ?, queued = ?, failures_in_row = ?,
  last_run_number = ?, last_outcome = ?, last_finished_at = ?, open_record = ?, open_reason = ?
  WHERE ticker = ?`;
export const STATUS_UPDATE = `UPDATE statuses SET state = ?, stop_reason = ?, revision = ?,
  anchor_at = ?, next_due_at = ?, ${AFTER_TIMING}`;
/** Leaves state and due time alone, and with them the index of due times. */
export const STATUS_UPDATE_RUNS = `UPDATE statuses SET ${AFTER_TIMING}`;

const runsJson = (runs: ActiveRun[]) => (runs.length === 0 ? null : JSON.stringify(runs));

/** For STATUS_UPDATE_RUNS. */
export const statusRuns = (ticker: number, status: Status): Row => [
  status.runNumber,
  runsJson(status.active),
  runsJson(status.queued),
  status.failuresInRow,
  status.lastRunNumber,
  status.lastOutcome,
  status.lastFinishedAt,
  status.openRecord?.runId ?? null,
  status.openRecord?.reason ?? null,
  ticker,
];

/** For STATUS_INSERT and STATUS_UPDATE. */
export const statusRow = (ticker: number, status: Status): Row => [
  status.state,
  status.stopReason,
  status.revision,
  status.anchorAt,
  status.nextDueAt,
  ...statusRuns(ticker, status),
];
