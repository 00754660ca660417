// The store's contract: atomic domain verbs, each with its outcome in the result, each safe to send again
// after a lost answer. A verb *decides* by one conditional write on one item; whatever else it writes
// follows from that item, so anyone can write it again. A verb's promise resolves once it is durable.
// Nothing here knows SQL or DynamoDB. `test/store.contract.ts` says the same in examples.

import type { Account, Credential, CredentialKind, Hold } from "./account.ts";
import type { Event, Happening } from "./event.ts";
import type { MissReason, Outcome, Run, ScriptError, SkipReason } from "./run.ts";
import type { Status, StopReason } from "./status.ts";
import type { Ticker } from "./ticker.ts";

export type Entry = { ticker: Ticker; status: Status };
export type Page<T> = { items: T[]; next: string | null };

/** One due time (or range of them) as the scheduler decided it. */
export type Claim = {
  tickerId: string;
  /**
   * Must equal status.nextDueAt, or the claim is lost. Null for a run by hand: `state` is not asked then, and
   * nextDueAt, done and unrun (null) play no part.
   */
  dueAt: number | null;
  /** Must equal status.revision. */
  revision: number;
  nextDueAt: number | null;
  /** Stops the ticker with reason `done` (a schedule with no further due time and nothing to run). */
  done: boolean;
  /** Due times not run, recorded before `run`. Grows status.openRecord when kind and reason are the same. */
  unrun:
    | { kind: "skipped"; reason: SkipReason; fromAt: number; untilAt: number; count: number }
    | { kind: "missed"; reason: MissReason; fromAt: number; untilAt: number; count: number }
    | null;
  /** The run to make, without number (the store gives it), state, attempt and lease. */
  run: { id: string; trigger: Run["trigger"]; dueAt: number } | null;
  /**
   * Where the run goes when runs are active: as policy.overlap says. 0 = skip. A run that finds no place is
   * recorded as skipped (`still-running`, `queue-full`), in one range with `unrun` when that has the same
   * reason; one by hand leaves no trace: claimed, with neither run nor record.
   */
  queueMax: number;
  /** Created as running attempt 1 under this lease when it need not queue. */
  lease: { holder: string; untilAt: number };
  at: number;
};

export type Claimed =
  /**
   * `run` is running (leased to the claimer) or queued. `record` is the skipped or missed record made or grown;
   * of two with different reasons the newer (the older one's number is one less).
   */
  | { claimed: true; status: Status; run: Run | null; record: Run | null }
  /**
   * `same-run`: that id exists already (a repeat, whatever else changed since); the existing run is given.
   * When the due time is still the ticker's (a clock was set back over it) the schedule goes on all the same.
   * `absent`: or in the bin. Asked in this order: absent, same-run, stopped, edited, not-due.
   */
  | {
      claimed: false;
      why: "not-due" | "stopped" | "edited" | "absent" | "same-run";
      run: Run | null;
    };

export type Finish = {
  runId: string;
  attempt: number;
  /** Of the definition that ran: an edit may have come between the attempt's record and its beginning. */
  revision: number;
  at: number;
  outcome: Outcome;
  error: ScriptError | null;
  /** Events not appended yet, the first numbered run.seq + 1; the last is `finished`, or `retry`. */
  happenings: Happening[];
  /**
   * Try again then; the run stays active as `waiting`. Null: it is over. If a kill was asked meanwhile the run
   * ends as killed instead, and the `retry` event becomes `finished`.
   */
  retryAt: number | null;
  startedAt: number | null;
  lateMs: number | null;
  cpuMs: number;
  outputBytes: number;
  droppedBytes: number;
  metrics: Record<string, number>;
  progress: number | null;
  lastLine: string | null;
  /** Applied in the same commit as the outcome. */
  stateWrites: Record<string, string | null>;
  /** `from: finish`: the next due time, set if the ticker is started and not due already. Undefined: leave it. */
  nextDueAt?: number | null;
  /** Stop the ticker after this many failures in a row; 0 = never. */
  stopAfterFailures: number;
  /** Schedules without a further due time (`at`): stop with reason `done` once nothing is active. */
  done: boolean;
  /** For the next queued run, which becomes running attempt 1, at the ticker's present revision. */
  lease: { holder: string; untilAt: number };
};

export type Finished =
  /** `ended`: queued runs that stopAfterFailures killed with it. */
  | {
      ok: true;
      run: Run;
      events: Event[];
      status: Status;
      next: Run | null;
      ended: { run: Run; events: Event[] }[];
    }
  /** `fenced`: another attempt, or none, has it. `over`: it is finished already (a repeat). Nothing was written. */
  | { ok: false; why: "fenced" | "over" | "absent" };

export type Tally = {
  minuteAt: number;
  succeeded: number;
  failed: number;
  skipped: number;
  missed: number;
};

export type Store = {
  // ---- accounts and credentials
  /** Put if absent; answers what is stored. */
  openAccount(account: Account): Promise<Account>;
  readAccount(id: string): Promise<Account | null>;
  setHold(accountId: string, hold: Hold | null): Promise<Account | null>;
  addCredential(credential: Credential): Promise<void>;
  /** Finds a live one by hash and kinds and stamps lastUsedAt (at most once a minute). `once`: it is gone afterwards, and only one caller gets it. */
  useCredential(
    hash: string,
    kinds: CredentialKind[],
    now: number,
    once: boolean,
  ): Promise<Credential | null>;
  listCredentials(owner: string, kinds: CredentialKind[]): Promise<Credential[]>;
  /** True if it was there. */
  removeCredential(owner: string, id: string): Promise<boolean>;

  // ---- tickers
  /** `exists`: that id is taken (a repeated request). `page-taken`/`name-taken`: choose another. */
  createTicker(
    ticker: Ticker,
    status: Status,
  ): Promise<
    { ok: true } | { ok: false; why: "exists" | "page-taken" | "name-taken"; entry: Entry | null }
  >;
  /** By id, page number or name. Deleted ones only by id or page, and only when `deleted`. */
  readTicker(
    owner: string,
    key: { id: string } | { page: number } | { name: string },
    deleted?: boolean,
  ): Promise<Entry | null>;
  /** In order of page, then id. `cursor`: `next` of the page before. */
  listTickers(
    owner: string,
    ask: { limit: number; cursor: string | null; deleted: boolean; tag: string | null },
  ): Promise<Page<Entry>>;
  /** Page numbers in use or resting (deleted ones keep theirs until they are purged), lowest first. */
  usedPages(owner: string): Promise<number[]>;
  /** How many tickers the owner has outside the bin. Asked at every create, like `usedPages`: both are cheap. */
  tickerCount(owner: string): Promise<number>;
  /**
   * Writes the definition if its revision is ticker.revision - 1, and with it status.revision; `timing` when the
   * schedule changed (a stopped ticker is not made due by it). The very same definition again is a success.
   */
  editTicker(
    ticker: Ticker,
    timing: { anchorAt: number; nextDueAt: number | null } | null,
  ): Promise<
    | { ok: true; entry: Entry }
    | { ok: false; why: "conflict" | "absent" | "name-taken"; entry: Entry | null }
  >;
  /**
   * Start (a started ticker stays as it is; a stopped one begins with failuresInRow 0) or stop (a stopped one
   * keeps its reason). Stopping also finishes queued runs as killed; they are returned with their events. Null:
   * absent or in the bin.
   */
  setState(
    owner: string,
    tickerId: string,
    change:
      | { state: "started"; anchorAt: number; nextDueAt: number | null; at: number }
      | { state: "stopped"; reason: StopReason; at: number },
  ): Promise<{ entry: Entry; ended: { run: Run; events: Event[] }[] } | null>;
  /**
   * Into the bin (which stops it and kills its queue, returned as by `setState`; runs under way go on), or out of
   * it (still stopped). Throws VisibleError `conflict` when another ticker has taken the name meanwhile. A repeat
   * changes nothing.
   */
  setDeleted(
    owner: string,
    tickerId: string,
    deletedAt: number | null,
    at: number,
  ): Promise<{ entry: Entry; ended: { run: Run; events: Event[] }[] } | null>;
  /**
   * Removes bin entries deleted before `before` with all they own; answers how many. One with a run under way
   * stays until that is over, so that the run's end is recorded and told.
   */
  purgeTickers(before: number, limit: number): Promise<number>;

  // ---- due times and runs
  /** Started and due at or before `until`, earliest first, then in order of creation. May see what is not durable yet. */
  dueTickers(until: number, limit: number): Promise<Entry[]>;
  /** Runs waiting with retryAt at or before `until`, earliest first. */
  dueRetries(until: number, limit: number): Promise<Run[]>;
  /** The earliest nextDueAt of a started ticker or retryAt of a run; null when there is none. */
  nextWakeAt(): Promise<number | null>;
  claim(claim: Claim): Promise<Claimed>;
  /** waiting -> running, at the ticker's present revision. `attempt`: the one to begin, run.attempt + 1. Null: it was not waiting for that one. */
  startAttempt(
    runId: string,
    attempt: number,
    lease: { holder: string; untilAt: number },
    at: number,
  ): Promise<Run | null>;
  /** Only the holder of that attempt. `killAsked`: end it. */
  renewLease(
    runId: string,
    attempt: number,
    untilAt: number,
  ): Promise<{ ok: boolean; killAsked: boolean }>;
  /** A `started` among them sets the run's startedAt and, once, its lateMs. Only the attempt's own; `fromSeq` must be run.seq + 1. A repeat of what is stored is a success. */
  appendEvents(
    runId: string,
    attempt: number,
    fromSeq: number,
    happenings: Happening[],
  ): Promise<{ ok: true; events: Event[] } | { ok: false; why: "fenced" | "gap" | "over" }>;
  finishRun(finish: Finish): Promise<Finished>;
  /** Marks it; a queued or waiting run is finished as killed at once and returned so. Null: absent or over. `then`: as in Finish, for the end of a waiting run. */
  askKill(
    owner: string,
    runId: string,
    at: number,
    then: Pick<Finish, "lease" | "nextDueAt" | "done">,
  ): Promise<{ run: Run; events: Event[]; next: Run | null } | null>;
  /** Running ones whose lease ended before `leaseBefore`, or that another holder than `notHolder` has. */
  lostRuns(ask: { leaseBefore: number; notHolder: string | null; limit: number }): Promise<Run[]>;
  /** Running, waiting and queued runs of an account (null: of all), newest due time first. */
  openRuns(owner: string | null, limit: number): Promise<Run[]>;
  /**
   * A finished run from outside: one record, number and events in one verb. Its id names `at` as due time; the
   * last happening is `finished`. The same id again: what is stored. Null: the ticker is absent or in the bin.
   */
  recordRun(run: {
    id: string;
    owner: string;
    tickerId: string;
    at: number;
    happenings: Happening[];
    lastLine: string | null;
    metrics: Record<string, number>;
    progress: number | null;
    outputBytes: number;
    droppedBytes: number;
  }): Promise<{ run: Run; events: Event[]; status: Status } | null>;

  // ---- reading
  readRun(owner: string, tickerId: string, number: number): Promise<Run | null>;
  /** Newest first; numbers below `before`. `failed`: only failures. */
  listRuns(
    owner: string,
    tickerId: string,
    ask: { before: number | null; limit: number; failed: boolean },
  ): Promise<Run[]>;
  /** Events of one run from `fromSeq` on, in order, at most `limit`. */
  readEvents(
    owner: string,
    tickerId: string,
    number: number,
    fromSeq: number,
    limit: number,
  ): Promise<Event[]>;
  /** Whole minutes with anything in them, oldest first. */
  tallies(owner: string, sinceAt: number): Promise<Tally[]>;
  counts(owner: string | null): Promise<{
    tickers: number;
    started: number;
    running: number;
    queued: number;
    waiting: number;
  }>;

  // ---- state kept between runs, and secrets (sealed by the vault)
  readState(tickerId: string): Promise<Record<string, string>>;
  putSecret(owner: string, name: string, sealed: string, at: number): Promise<void>;
  readSecrets(
    owner: string,
    names: string[] | null,
  ): Promise<{ name: string; sealed: string; updatedAt: number }[]>;
  removeSecret(owner: string, name: string): Promise<boolean>;

  // ---- housekeeping
  /**
   * Deletes at most `limit` run records beyond retention; answers how many went, 0 when done. A record stays while
   * it is among its ticker's newest `retention.runs` of any kind (skipped and missed ones count), is a failure
   * among its newest `retention.failures` failures, or is not older than the oldest run under way.
   */
  prune(limit: number): Promise<number>;
  /** Removes expired credentials and tallies older than `talliesBefore`. */
  expire(now: number, talliesBefore: number): Promise<number>;
  close(): Promise<void>;
};
