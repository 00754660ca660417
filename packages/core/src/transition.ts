// What a claim, a finish, a kill, a start or a stop does to a ticker's status and its runs: pure, so that
// every store applies the same answer inside its one conditional write. Stores look things up and write;
// what to write is decided here.

import { assert } from "./error.ts";
import type { Event, Happening } from "./event.ts";
import { isFailure, type Run } from "./run.ts";
import type { ActiveRun, Status, StopReason } from "./status.ts";
import type { Claim, Finish } from "./store.ts";

/** Gives happenings the dense numbers that follow `seq`. */
export const numbered = (happenings: Happening[], seq: number): Event[] =>
  happenings.map((happening, index) => ({ seq: seq + 1 + index, ...happening }));

/** The one event of a skipped or missed record: it says all that its predecessors said. */
export function recordEvent(record: Run): Event {
  const { seq, outcome, reason, count, dueUntilAt } = record;
  assert(outcome === "skipped" || outcome === "missed", `run ${record.id} is not a record`);
  return { seq, at: record.finishedAt, kind: outcome, reason, count, dueUntilAt } as Event;
}

type Unrun = NonNullable<Claim["unrun"]>;

export type ClaimDecision =
  | { claimed: false; why: "not-due" | "stopped" | "edited" }
  /** `records` are made or grown, in order; all numbers not known to the status before are new. */
  | { claimed: true; status: Status; run: Run | null; records: Run[] };

/** Decides a claim. `open` is the run behind status.openRecord. */
export function decideClaim(status: Status, claim: Claim, open: Run | null): ClaimDecision {
  const byHand = claim.dueAt === null;
  if (!byHand && status.state !== "started") return { claimed: false, why: "stopped" };
  if (claim.revision !== status.revision) return { claimed: false, why: "edited" };
  if (!byHand && claim.dueAt !== status.nextDueAt) return { claimed: false, why: "not-due" };
  assert(!byHand || claim.unrun === null, "a run by hand passes over no due times");
  const place = claim.run === null ? null : placeOf(status, claim.queueMax);
  const refused = place === "still-running" || place === "queue-full" ? place : null;
  if (byHand && refused !== null) return { claimed: true, status, run: null, records: [] };

  let next: Status = byHand ? status : { ...status, nextDueAt: claim.nextDueAt };
  if (!byHand && claim.done) next = stopped(next, "done");
  const records: Run[] = [];
  for (const unrun of unruns(claim, refused)) {
    const grows = next.openRecord?.reason === unrun.reason && open !== null;
    const record = grows ? grown(open, unrun, claim.at) : recordOf(next, unrun, claim.at);
    records.push(record);
    next = {
      ...next,
      runNumber: Math.max(next.runNumber, record.number),
      openRecord: { runId: record.id, reason: unrun.reason },
    };
  }
  if (claim.run === null || refused !== null)
    return { claimed: true, status: next, run: null, records };
  const run = runOf(next, claim, claim.run, place === "queued");
  const active = { runId: run.id, number: run.number, dueAt: run.dueAt };
  next = { ...next, runNumber: run.number, openRecord: null };
  if (place === "queued") next.queued = [...next.queued, active];
  else next.active = [...next.active, active];
  return { claimed: true, status: next, run, records };
}

function placeOf(status: Status, queueMax: number) {
  if (status.active.length === 0) return "running";
  if (queueMax === 0) return "still-running";
  return status.queued.length < queueMax ? "queued" : "queue-full";
}

/** What the claim passes over, and the due time itself when it found no place; one range when alike. */
function unruns(claim: Claim, refused: "still-running" | "queue-full" | null): Unrun[] {
  const first = claim.unrun;
  if (refused === null || claim.run === null) return first === null ? [] : [first];
  const dueAt = claim.run.dueAt;
  const own: Unrun = { kind: "skipped", reason: refused, fromAt: dueAt, untilAt: dueAt, count: 1 };
  if (first === null) return [own];
  if (first.reason !== refused) return [first, own];
  return [{ ...own, fromAt: first.fromAt, count: first.count + 1 }];
}

const blankRun = (status: Status, number: number) => ({
  tickerId: status.tickerId,
  owner: status.owner,
  number,
  revision: status.revision,
  lease: null,
  retryAt: null,
  killAskedAt: null,
  startedAt: null,
  finishedAt: null,
  lateMs: null,
  cpuMs: null,
  outcome: null,
  reason: null,
  error: null,
  seq: 0,
  outputBytes: 0,
  droppedBytes: 0,
  metrics: {},
  progress: null,
  lastLine: null,
});

/** The number is in a record's id: a range may begin at a due time that a stepped-back clock gives again. */
function recordOf(status: Status, unrun: Unrun, at: number): Run {
  const number = status.runNumber + 1;
  return {
    ...blankRun(status, number),
    id: `${status.tickerId}.${unrun.fromAt}r${number}`,
    trigger: "schedule",
    dueAt: unrun.fromAt,
    dueUntilAt: unrun.untilAt,
    count: unrun.count,
    state: "finished",
    attempt: 0,
    finishedAt: at,
    outcome: unrun.kind,
    reason: unrun.reason,
    seq: 1,
  };
}

const grown = (record: Run, unrun: Unrun, at: number): Run => ({
  ...record,
  dueUntilAt: unrun.untilAt,
  count: record.count + unrun.count,
  finishedAt: at,
  seq: record.seq + 1,
});

function runOf(status: Status, claim: Claim, ask: NonNullable<Claim["run"]>, queued: boolean): Run {
  return {
    ...blankRun(status, status.runNumber + 1),
    id: ask.id,
    trigger: ask.trigger,
    dueAt: ask.dueAt,
    dueUntilAt: ask.dueAt,
    count: 1,
    state: queued ? "queued" : "running",
    attempt: queued ? 0 : 1,
    lease: queued ? null : { ...claim.lease },
  };
}

/** A queued run's turn has come: attempt 1 under this lease, of the definition as it is now. */
export const begun = (run: Run, revision: number, lease: Finish["lease"]): Run => ({
  ...run,
  revision,
  state: "running",
  attempt: 1,
  lease: { ...lease },
});

/** A waiting run's next attempt, of the definition as it is now. */
export const attempted = (run: Run, revision: number, lease: Finish["lease"]): Run => ({
  ...run,
  revision,
  state: "running",
  attempt: run.attempt + 1,
  lease: { ...lease },
  retryAt: null,
  startedAt: null,
});

/** The end of a run as killed while nobody worked on it (queued or waiting), with its last event. */
export function killed(run: Run, at: number): { run: Run; events: Event[] } {
  const durationMs = 0;
  const end: Happening = { at, kind: "finished", outcome: "killed", error: null, durationMs };
  return {
    run: {
      ...run,
      state: "finished",
      lease: null,
      retryAt: null,
      killAskedAt: run.killAskedAt ?? at,
      finishedAt: at,
      outcome: "killed",
      seq: run.seq + 1,
    },
    events: numbered([end], run.seq),
  };
}

/** What follows a run's end: the status, the queued run whose turn it is, and those that will not have one. */
export type Settled = { status: Status; next: ActiveRun | null; dropped: ActiveRun[] };

/** Decides a finish of a running attempt the caller still holds. */
export function decideFinish(
  status: Status,
  run: Run,
  finish: Finish,
): Settled & { run: Run; events: Event[] } {
  const killAsked = run.killAskedAt !== null && finish.retryAt !== null;
  const over = finish.retryAt === null || killAsked;
  const happenings = killAsked ? endedInstead(finish) : finish.happenings;
  const outcome = killAsked ? "killed" : finish.outcome;
  const after: Run = {
    ...run,
    revision: finish.revision,
    state: over ? "finished" : "waiting",
    lease: null,
    retryAt: over ? null : finish.retryAt,
    startedAt: finish.startedAt,
    finishedAt: over ? finish.at : null,
    lateMs: run.lateMs ?? finish.lateMs,
    cpuMs: finish.cpuMs,
    outcome: over ? outcome : null,
    error: over && !killAsked ? finish.error : null,
    seq: run.seq + happenings.length,
    outputBytes: finish.outputBytes,
    droppedBytes: finish.droppedBytes,
    metrics: finish.metrics,
    progress: finish.progress,
    lastLine: finish.lastLine,
  };
  const events = numbered(happenings, run.seq);
  if (!over) return { run: after, events, status, next: null, dropped: [] };
  return { run: after, events, ...settle(status, after, finish) };
}

/** A kill was asked while the attempt ended: what would be its retry is its end. */
function endedInstead(finish: Finish): Happening[] {
  const last = finish.happenings.at(-1);
  assert(last?.kind === "retry", `run ${finish.runId} is to be retried without a retry event`);
  const durationMs = Math.max(0, finish.at - (finish.startedAt ?? finish.at));
  const end: Happening = {
    at: last.at,
    kind: "finished",
    outcome: "killed",
    error: null,
    durationMs,
  };
  return [...finish.happenings.slice(0, -1), end];
}

/** What the end of an active run does to its ticker. */
export function settle(
  status: Status,
  run: Run,
  then: { nextDueAt?: number | null; done: boolean; stopAfterFailures: number },
): Settled {
  let after = outlived({ ...status, active: without(status.active, run.id) }, run);
  let dropped: ActiveRun[] = [];
  const failures = then.stopAfterFailures;
  if (failures > 0 && after.failuresInRow >= failures && after.state === "started") {
    dropped = after.queued;
    after = stopped({ ...after, queued: [] }, "failures");
  }
  const next = after.active.length === 0 ? (after.queued[0] ?? null) : null;
  if (next) after = { ...after, active: [...after.active, next], queued: after.queued.slice(1) };
  if (after.state === "started" && after.nextDueAt === null) {
    if (then.nextDueAt !== undefined) after.nextDueAt = then.nextDueAt;
    const idle = after.active.length === 0 && after.nextDueAt === null;
    if (then.done && idle) after = stopped(after, "done");
  }
  return { status: after, next, dropped };
}

/** Streak and newest end; an end that comes after that of a later run leaves the newest alone. */
export function outlived(status: Status, run: Run): Status {
  assert(run.outcome !== null, `run ${run.id} has no outcome`);
  const failed = isFailure(run.outcome);
  const streak = failed ? status.failuresInRow + 1 : status.failuresInRow;
  const after = { ...status, failuresInRow: run.outcome === "succeeded" ? 0 : streak };
  if (run.number < (status.lastRunNumber ?? 0)) return after;
  after.lastRunNumber = run.number;
  after.lastOutcome = run.outcome;
  after.lastFinishedAt = run.finishedAt;
  return after;
}

/** The status without one queued run that was killed before its turn. */
export const unqueued = (status: Status, runId: string): Status => ({
  ...status,
  queued: without(status.queued, runId),
});

const without = (runs: ActiveRun[], runId: string) => runs.filter((run) => run.runId !== runId);

/** Stopped: not due; its queue is the caller's to end. A ticker that is stopped keeps its reason. */
export function stopped(status: Status, reason: StopReason): Status {
  if (status.state === "stopped") return status;
  return { ...status, state: "stopped", stopReason: reason, nextDueAt: null };
}

/** Started, with a clean streak. A started ticker stays as it is: its grid must not move on a repeat. */
export function started(status: Status, anchorAt: number, nextDueAt: number | null): Status {
  if (status.state === "started") return status;
  return { ...status, state: "started", stopReason: null, anchorAt, nextDueAt, failuresInRow: 0 };
}

/** Into the bin: stopped for that reason whatever it was before, its queue gone. */
export const binned = (status: Status): Status => ({
  ...status,
  state: "stopped",
  stopReason: "deleted",
  nextDueAt: null,
  queued: [],
});

/** After an edit of the definition. A stopped ticker is not due whatever its new schedule says. */
export function edited(
  status: Status,
  revision: number,
  timing: { anchorAt: number; nextDueAt: number | null } | null,
): Status {
  if (timing === null) return { ...status, revision };
  const nextDueAt = status.state === "started" ? timing.nextDueAt : null;
  return { ...status, revision, anchorAt: timing.anchorAt, nextDueAt };
}

/** A finished run told from outside: its record and the status after it. */
export function toldRun(
  status: Status,
  ask: {
    id: string;
    at: number;
    happenings: Happening[];
    lastLine: string | null;
    metrics: Record<string, number>;
    progress: number | null;
    outputBytes: number;
    droppedBytes: number;
  },
): { run: Run; events: Event[]; status: Status } {
  const last = ask.happenings.at(-1);
  assert(last?.kind === "finished", `run ${ask.id} from outside ends without its end`);
  const run: Run = {
    ...blankRun(status, status.runNumber + 1),
    id: ask.id,
    trigger: "outside",
    dueAt: ask.at,
    dueUntilAt: ask.at,
    count: 1,
    state: "finished",
    attempt: 1,
    startedAt: ask.at,
    finishedAt: ask.at,
    outcome: last.outcome,
    error: last.error,
    seq: ask.happenings.length,
    outputBytes: ask.outputBytes,
    droppedBytes: ask.droppedBytes,
    metrics: ask.metrics,
    progress: ask.progress,
    lastLine: ask.lastLine,
  };
  const after = outlived({ ...status, runNumber: run.number, openRecord: null }, run);
  return { run, events: numbered(ask.happenings, 0), status: after };
}

/** A run whose attempt has told that it started; a manual run has no lateness. */
export function announced(run: Run, events: Event[]): Run {
  const started = events.find((event) => event.kind === "started");
  if (started?.kind !== "started") return run;
  const scheduled = run.trigger === "schedule";
  const lateMs = run.lateMs ?? (scheduled ? started.lateMs : null);
  return { ...run, startedAt: started.at, lateMs };
}
