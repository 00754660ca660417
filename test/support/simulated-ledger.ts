// What must have happened, kept beside the engine: every verb that took effect in the store is judged here and
// booked. What must hold of it
// is in simulated-laws.ts.

import type { Outcome, Run } from "@ticker/core/run";
import type { Claim, Claimed, Finish, Finished } from "@ticker/core/store";
import type { Ticker } from "@ticker/core/ticker";
import {
  judgeDue,
  judgeFinishDue,
  judgeNoRetry,
  judgeRetry,
  type Must,
  queueMaxOf,
} from "./simulated-laws.ts";

/** A run or a record as it should be in the store. */
export type Booked = {
  id: string;
  tickerId: string;
  trigger: Run["trigger"];
  dueAt: number;
  untilAt: number;
  count: number;
  state: Run["state"];
  attempt: number;
  retryAt: number | null;
  killAsked: boolean;
  outcome: Outcome | null;
  reason: string | null;
  /** The ticker as it was when the run was made: its policy may be that of a later revision. */
  revision: number;
};

export type Account = {
  ticker: Ticker;
  definitions: Ticker[];
  state: "started" | "stopped";
  anchorAt: number;
  nextDueAt: number | null;
  active: string[];
  queued: string[];
  failuresInRow: number;
  /** Runs and records in the order of their numbers. */
  booked: Booked[];
  /** The newest record, while it may still grow. */
  open: Booked | null;
  purged: boolean;
};

export type Ledger = ReturnType<typeof makeLedger>;
type Fault = (rule: string, message: string, tickerId: string) => void;

const FAILED = ["failed", "timed-out", "cpu-limit", "out-of-memory", "output-limit"];
export const isFailed = (outcome: Outcome): boolean =>
  [...FAILED, "host-call-limit", "interrupted"].includes(outcome);

/** A claim may have been on its way for as long as calls to the store take. */
const HELD_MS = 2_000;

export function makeLedger(fault: Fault, activeMs: () => number) {
  const accounts = new Map<string, Account>();
  const runs = new Map<string, Booked>();
  let heldAt: number | null = null;
  const sums = { skipped: 0, missed: 0, succeeded: 0, claims: 0, interrupted: 0, retries: 0 };

  const must: Must = (fact, rule, message, id) => {
    if (!fact) fault(rule, message, id);
  };
  const account = (id: string): Account => {
    const found = accounts.get(id);
    if (found === undefined) throw new Error(`no account ${id}`);
    return found;
  };

  function book(
    of: Account,
    run: Pick<Run, "id" | "number" | "tickerId" | "trigger" | "state" | "attempt">,
    more: Pick<Booked, "outcome" | "reason" | "dueAt" | "untilAt" | "count" | "revision">,
  ): Booked {
    const { id, number, tickerId, trigger, state, attempt } = run;
    const made: Booked = {
      ...{ id, tickerId, trigger, state, attempt, ...more },
      ...{ retryAt: null, killAsked: false },
    };
    must(!runs.has(id), "every due time in exactly one record", `${id} is made twice`, tickerId);
    of.booked.push(made);
    runs.set(id, made);
    const dense = number === of.booked.length;
    must(dense, "numbers are dense", `${id} is number ${number} of ${of.booked.length}`, tickerId);
    return made;
  }

  const bookRun = (of: Account, run: Run): Booked =>
    book(of, run, {
      ...{ outcome: run.outcome, reason: null, revision: run.revision },
      ...{ dueAt: run.dueAt, untilAt: run.dueAt, count: 1 },
    });

  /** Due times that did not run share a record while nothing else comes between. */
  function grow(of: Account, unrun: NonNullable<Claim["unrun"]>): void {
    const { fromAt, untilAt, count, kind, reason } = unrun;
    sums[kind] += count;
    if (of.open?.reason === reason) {
      of.open.count += count;
      of.open.untilAt = untilAt;
      return;
    }
    const number = of.booked.length + 1;
    const tickerId = of.ticker.id;
    const id = `${tickerId}.${fromAt}r${number}`;
    of.open = book(
      of,
      { id, number, tickerId, trigger: "schedule", state: "finished", attempt: 0 },
      { outcome: kind, reason, dueAt: fromAt, untilAt, count, revision: of.ticker.revision },
    );
  }

  /** Whoever was on its way when killall came is ended by it; nobody sets out later. */
  function judgeHold(run: Pick<Booked, "id" | "tickerId">): void {
    const ms = heldAt === null ? 0 : activeMs() - heldAt;
    const told = `${run.id} is begun ${ms} ms after it`;
    must(ms <= HELD_MS, "killall means nothing starts until release", told, run.tickerId);
  }

  /** A claim took the due time on. */
  function take(of: Account, claim: Claim, exists: boolean): void {
    judgeDue(of, claim, exists, must);
    of.nextDueAt = claim.nextDueAt;
    if (claim.done) stop(of);
  }

  function stop(of: Account): void {
    of.state = "stopped";
    of.nextDueAt = null;
  }

  function kill(run: Booked): void {
    run.state = "finished";
    run.outcome = "killed";
    run.retryAt = null;
  }

  function toRunning(of: Account, run: Booked, attempt: number, revision: number): void {
    const { id } = of.ticker;
    const told = `${run.id} begins at revision ${revision}, the ticker is at ${of.ticker.revision}`;
    must(revision === of.ticker.revision, "an old definition is not run", told, id);
    run.revision = revision;
    must(
      attempt === run.attempt + 1,
      "attempts are numbered without holes",
      `${run.id}: ${attempt} after ${run.attempt}`,
      id,
    );
    run.state = "running";
    run.attempt = attempt;
    run.retryAt = null;
  }

  /** The end of an active run: its place, its streak, whose turn is next. */
  function settle(
    of: Account,
    run: Booked,
    outcome: Outcome,
    ask: Pick<Finish, "nextDueAt" | "done" | "stopAfterFailures">,
    next: Run | null,
  ): void {
    const { id } = of.ticker;
    run.state = "finished";
    run.outcome = outcome;
    run.retryAt = null;
    of.active = of.active.filter((each) => each !== run.id);
    if (outcome === "succeeded") of.failuresInRow = 0;
    if (isFailed(outcome)) of.failuresInRow++;
    if (outcome === "succeeded") sums.succeeded++;
    if (outcome === "interrupted") sums.interrupted++;
    if (
      of.state === "started" &&
      ask.stopAfterFailures > 0 &&
      of.failuresInRow >= ask.stopAfterFailures
    ) {
      for (const queued of of.queued) kill(runs.get(queued) as Booked);
      of.queued = [];
      stop(of);
    }
    const turn = of.active.length === 0 ? of.queued.shift() : undefined;
    must(
      next?.id === turn,
      "the queue moves on",
      `${next?.id} begins after ${run.id}, not ${turn}`,
      id,
    );
    if (turn !== undefined) {
      of.active.push(turn);
      toRunning(of, runs.get(turn) as Booked, 1, next?.revision ?? 0);
    }
    if (of.state === "started" && of.nextDueAt === null) {
      if (ask.nextDueAt !== undefined) of.nextDueAt = ask.nextDueAt;
      if (ask.done && of.active.length === 0 && of.nextDueAt === null) stop(of);
    }
  }

  return {
    accounts,
    runs,
    sums,
    account,

    /** Killall is in force, as far as the store knows. */
    held: () => heldAt !== null,
    setHold(hold: object | null): void {
      heldAt = hold === null ? null : activeMs();
    },

    created(
      ticker: Ticker,
      status: { state: "started" | "stopped"; anchorAt: number; nextDueAt: number | null },
    ): void {
      const { state, anchorAt, nextDueAt } = status;
      accounts.set(ticker.id, {
        ...{ ticker, definitions: [ticker], state, anchorAt, nextDueAt },
        ...{ active: [], queued: [], failuresInRow: 0, booked: [], open: null, purged: false },
      });
    },

    edited(ticker: Ticker, timing: { anchorAt: number; nextDueAt: number | null } | null): void {
      const of = account(ticker.id);
      if (of.ticker.revision === ticker.revision) return; // A repeat.
      of.ticker = ticker;
      of.definitions.push(ticker);
      if (timing === null) return;
      of.anchorAt = timing.anchorAt;
      of.nextDueAt = of.state === "started" ? timing.nextDueAt : null;
    },

    setState(
      id: string,
      change:
        | { state: "started"; anchorAt: number; nextDueAt: number | null }
        | { state: "stopped" },
    ): void {
      const of = account(id);
      if (change.state === "stopped") {
        for (const queued of of.queued) kill(runs.get(queued) as Booked);
        of.queued = [];
        stop(of);
      } else if (of.state === "stopped") {
        of.state = "started";
        of.anchorAt = change.anchorAt;
        of.nextDueAt = change.nextDueAt;
        of.failuresInRow = 0;
      }
    },

    setDeleted(id: string, deletedAt: number | null): void {
      const of = account(id);
      if ((of.ticker.deletedAt === null) === (deletedAt === null)) return;
      of.ticker = { ...of.ticker, deletedAt };
      if (deletedAt === null) return;
      for (const queued of of.queued) kill(runs.get(queued) as Booked);
      of.queued = [];
      stop(of);
    },

    claimed(claim: Claim, result: Claimed): void {
      const of = account(claim.tickerId);
      const { id } = of.ticker;
      if (!result.claimed) {
        const passes =
          of.state === "started" &&
          claim.dueAt === of.nextDueAt &&
          claim.revision === of.ticker.revision;
        if (result.why !== "same-run" || claim.dueAt === null || !passes) return;
        take(of, claim, true);
        if (claim.unrun !== null) grow(of, claim.unrun);
        return;
      }
      sums.claims++;
      must(
        claim.revision === of.ticker.revision,
        "an old definition is not run",
        `revision ${claim.revision}`,
        id,
      );
      if (claim.dueAt !== null) take(of, claim, false);
      const { run } = result;
      const refused = claim.run !== null && run === null;
      const byHand = claim.dueAt === null;
      const reason = claim.queueMax > 0 ? "queue-full" : "still-running";
      const joined = refused && !byHand && claim.unrun?.reason === reason;
      if (claim.unrun !== null && !joined) grow(of, claim.unrun);
      if (refused) {
        const { dueAt } = claim.run as { dueAt: number };
        const why = `${dueAt} is refused beside ${of.active.length} running, ${of.queued.length} queued`;
        const full = of.active.length > 0 && of.queued.length >= claim.queueMax;
        must(full, "a due time is skipped for a reason", why, id);
        const first = joined ? claim.unrun : null;
        const fromAt = first?.fromAt ?? dueAt;
        const count = (first?.count ?? 0) + 1;
        if (!byHand) grow(of, { kind: "skipped", reason, fromAt, untilAt: dueAt, count });
      }
      const record = claim.unrun !== null || (refused && !byHand) ? of.open : null;
      const right = result.record?.id === record?.id && result.record?.count === record?.count;
      const answer = `${result.record?.id} x ${result.record?.count}`;
      must(
        right,
        "skipped and missed are counted",
        `${answer}; booked ${record?.id} x ${record?.count}`,
        id,
      );
      if (run === null) return;
      judgeHold(run);
      of.open = null;
      const made = bookRun(of, run);
      if (of.active.length > 0) {
        must(run.state === "queued", "never two at once", `${run.id} runs beside ${of.active}`, id);
        of.queued.push(made.id);
        must(
          of.queued.length <= claim.queueMax,
          "queue bounds are kept",
          `${of.queued.length} of ${claim.queueMax} queued`,
          id,
        );
        must(
          claim.queueMax === queueMaxOf(of.ticker) || of.ticker.policy.catchUp.mode === "all",
          "queue bounds are kept",
          `${claim.queueMax} asked`,
          id,
        );
      } else {
        must(
          run.state === "running" && run.attempt === 1,
          "a free place is used",
          `${run.id} is ${run.state}`,
          id,
        );
        of.active.push(made.id);
      }
    },

    attemptStarted(runId: string, run: Run | null, at: number): void {
      if (run === null) return;
      const booked = runs.get(runId) as Booked;
      const of = account(booked.tickerId);
      must(
        booked.state === "waiting",
        "attempts are numbered without holes",
        `${runId} was ${booked.state}`,
        of.ticker.id,
      );
      must(
        at >= (booked.retryAt ?? Number.POSITIVE_INFINITY),
        "back-off is kept",
        `${runId} tried at ${at}, before ${booked.retryAt}`,
        of.ticker.id,
      );
      judgeHold(booked);
      sums.retries++;
      toRunning(of, booked, run.attempt, run.revision);
    },

    finished(finish: Finish, result: Finished): void {
      if (!result.ok) return;
      const run = runs.get(finish.runId) as Booked;
      const of = account(run.tickerId);
      const { id } = of.ticker;
      must(
        run.state === "running" && run.attempt === finish.attempt,
        "no late writer",
        `${run.id} is ${run.state} in attempt ${run.attempt}; ${finish.attempt} ends`,
        id,
      );
      must(
        finish.revision >= run.revision,
        "an old definition is not run",
        `${run.id}: revision ${finish.revision}`,
        id,
      );
      run.revision = finish.revision;
      if (finish.retryAt !== null) judgeRetry(of, run, finish, must);
      else if (finish.outcome !== "killed" && finish.outcome !== "succeeded")
        judgeNoRetry(of, run, finish, must);
      if (finish.retryAt !== null && !run.killAsked) {
        run.state = "waiting";
        run.retryAt = finish.retryAt;
        return;
      }
      if (finish.retryAt === null) judgeFinishDue(of, finish, finish.at, must);
      settle(of, run, finish.retryAt === null ? finish.outcome : "killed", finish, result.next);
    },

    killAsked(
      runId: string,
      at: number,
      then: Pick<Finish, "nextDueAt" | "done">,
      result: { run: Run; next: Run | null } | null,
    ): void {
      if (result === null) return;
      const run = runs.get(runId) as Booked;
      const of = account(run.tickerId);
      if (run.state === "running") run.killAsked = true;
      else if (run.state === "queued") {
        kill(run);
        of.queued = of.queued.filter((each) => each !== runId);
      } else if (run.state === "waiting") {
        judgeFinishDue(of, then, at, must);
        settle(of, run, "killed", { ...then, stopAfterFailures: 0 }, result.next);
      }
    },

    told(run: Run): void {
      const of = account(run.tickerId);
      if (runs.has(run.id)) return;
      of.open = null;
      bookRun(of, run);
      if (run.outcome === "succeeded") of.failuresInRow = 0;
    },
  };
}
