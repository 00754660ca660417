// What must hold of due times and tries, judged verb by verb. Shares no code with the engine or the stores but
// `nextDue`, which has its own proofs.

import type { Outcome } from "@ticker/core/run";
import { nextDue, type Schedule } from "@ticker/core/schedule";
import type { Claim, Finish } from "@ticker/core/store";
import { LATE_MAX_MS, type Retry, type Ticker } from "@ticker/core/ticker";
import type { Account, Booked } from "./simulated-ledger.ts";

/** What is not so is a fault. */
export type Must = (fact: boolean, rule: string, message: string, tickerId: string) => void;

/** A claim is judged against every due time one by one; more than this were not simulated. */
const DUE_MAX = 1_000_000;

/** Every due time from the claimed one up to the next, asked for one by one. */
function dueTimes(of: Account, claim: Claim, dueAt: number): number[] {
  const { schedule } = of.ticker;
  if (fromFinish(schedule)) return [dueAt];
  const times = [dueAt];
  for (;;) {
    const next = nextDue(schedule, times.at(-1) as number, of.anchorAt);
    if (next === null || (claim.nextDueAt !== null && next >= claim.nextDueAt)) return times;
    if (claim.nextDueAt === null && next > claim.at) return times;
    times.push(next);
    if (times.length > DUE_MAX) throw new Error("too many due times for a simulation");
  }
}

/** A claim that took the due time on: what became of each due time it passed? */
export function judgeDue(of: Account, claim: Claim, exists: boolean, must: Must): void {
  const { id, schedule, policy } = of.ticker;
  const dueAt = claim.dueAt as number;
  const rule = "every due time in exactly one record";
  must(
    of.state === "started",
    "stop means no later start",
    `due ${dueAt} claimed of a stopped ticker`,
    id,
  );
  must(dueAt === of.nextDueAt, rule, `due ${dueAt} claimed, but ${of.nextDueAt} is next`, id);
  must(
    dueAt <= claim.at,
    "nothing starts before it is due",
    `due ${dueAt} claimed at ${claim.at}`,
    id,
  );
  const times = dueTimes(of, claim, dueAt);
  const { unrun } = claim;
  const covered = (unrun?.count ?? 0) + (claim.run === null && !exists ? 0 : 1);
  const told = `${times.length} due times from ${dueAt} to before ${claim.nextDueAt}`;
  must(covered === times.length, rule, `${told}: ${covered} are accounted for`, id);
  if (unrun !== null) {
    const last = times[unrun.count - 1] ?? Number.NaN;
    const after = times[unrun.count] ?? Number.POSITIVE_INFINITY;
    const fits = unrun.fromAt === dueAt && unrun.untilAt >= last && unrun.untilAt < after;
    must(fits, rule, `${told}: recorded as ${unrun.fromAt}..${unrun.untilAt}`, id);
  }
  if (claim.run !== null) {
    must(claim.run.dueAt === times.at(-1), rule, `${told}: runs for ${claim.run.dueAt}`, id);
    const late = claim.at - claim.run.dueAt;
    const bound =
      policy.catchUp.mode === "none"
        ? LATE_MAX_MS
        : policy.catchUp.mode === "all"
          ? Math.max(LATE_MAX_MS, policy.catchUp.windowMs)
          : Number.POSITIVE_INFINITY;
    must(late <= bound, "catch-up is respected", `${dueAt} runs ${late} ms late`, id);
  }
  if ("every" in schedule && !fromFinish(schedule)) {
    const off = [dueAt, claim.nextDueAt].filter(
      (at) => at !== null && (at - of.anchorAt) % schedule.every !== 0,
    );
    must(
      off.length === 0,
      "a grid never drifts",
      `${off} on ${of.anchorAt} + k x ${schedule.every}`,
      id,
    );
  }
  if (claim.nextDueAt !== null && !fromFinish(schedule))
    must(
      claim.nextDueAt > dueAt,
      "due times go forward",
      `${claim.nextDueAt} follows ${dueAt}`,
      id,
    );
}

/** `from: finish` is due that long after its run; no other schedule is moved by an end. */
export function judgeFinishDue(
  of: Account,
  finish: Pick<Finish, "nextDueAt">,
  at: number,
  must: Must,
): void {
  const { schedule, id } = of.ticker;
  if (finish.nextDueAt === undefined) {
    const goesOn = !fromFinish(schedule) || of.state === "stopped" || of.nextDueAt !== null;
    must(goesOn, "from finish: due after the end", "nothing is due after the end of a run", id);
  } else if (fromFinish(schedule)) {
    const right = Math.floor(at) + schedule.every;
    must(
      finish.nextDueAt === right,
      "from finish: due after the end",
      `due ${finish.nextDueAt}, not ${right}`,
      id,
    );
  } else if (of.state === "started" && of.nextDueAt === null) {
    must(false, "a grid never drifts", `an end makes it due at ${finish.nextDueAt}`, id);
  }
}

export function judgeRetry(of: Account, run: Booked, finish: Finish, must: Must): void {
  const { id } = of.ticker;
  const law = (retry: Retry): boolean => {
    const pause = Math.min(retry.backoffMs * 2 ** (finish.attempt - 1), retry.backoffMaxMs);
    const waited = (finish.retryAt as number) - finish.at;
    return (
      finish.attempt <= retry.attempts &&
      retry.on.includes(classOf(finish.outcome) as "failed") &&
      waited >= pause * 0.8 - 1 &&
      waited <= pause * 1.2 + 1
    );
  };
  const some = of.definitions.some(
    (each) => each.revision >= run.revision && law(each.policy.retry),
  );
  must(
    some,
    "back-off is within its law",
    `${run.id} attempt ${finish.attempt}, ${finish.outcome}: again ${(finish.retryAt as number) - finish.at} ms later`,
    id,
  );
}

export function judgeNoRetry(of: Account, run: Booked, finish: Finish, must: Must): void {
  const wanted = (retry: Retry): boolean =>
    finish.attempt <= retry.attempts && retry.on.includes(classOf(finish.outcome) as "failed");
  const every = of.definitions.every(
    (each) => each.revision < run.revision || wanted(each.policy.retry),
  );
  must(
    !every,
    "what may be tried again is",
    `${run.id} attempt ${finish.attempt} ended ${finish.outcome} for good`,
    of.ticker.id,
  );
}

export const fromFinish = (schedule: Schedule): schedule is { every: number; from: "finish" } =>
  "every" in schedule && schedule.from === "finish";

export const queueMaxOf = ({ policy }: Ticker): number =>
  policy.overlap.mode === "queue" ? policy.overlap.queueMax : 0;

const classOf = (outcome: Outcome): string =>
  outcome === "timed-out" || outcome === "cpu-limit"
    ? "timed-out"
    : outcome === "interrupted"
      ? "interrupted"
      : "failed";
