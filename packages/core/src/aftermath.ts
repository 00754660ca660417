// What the end of an attempt means: the event that tells it, and what follows for its ticker's schedule.

import type { Happening } from "./event.ts";
import type { Outcome, Run, ScriptError } from "./run.ts";
import { nextDue, type Schedule } from "./schedule.ts";
import type { Finish } from "./store.ts";

/** Intervals that count from the end of a run: the schedule alone does not say when they are due. */
export const countsFromFinish = (schedule: Schedule): boolean =>
  "every" in schedule && schedule.from === "finish";

/**
 * `schedule` is the ticker's current one, which may have been edited while the run went on. `again`: the
 * instant of another attempt, or null when the run is over.
 */
export function aftermath(
  schedule: Schedule,
  run: Pick<Run, "trigger">,
  at: number,
  again: number | null,
): Pick<Finish, "done" | "nextDueAt"> {
  if (again !== null) return { done: false };
  if (countsFromFinish(schedule)) return { done: false, nextDueAt: nextDue(schedule, at, at) };
  return { done: "at" in schedule && run.trigger === "schedule" };
}

/** The event an attempt ends with: `retry` when another follows at `again`, else `finished`. */
export function lastHappening(
  run: Pick<Run, "attempt">,
  end: { at: number; outcome: Outcome; error: ScriptError | null; startedAt: number | null },
  again: number | null,
): Happening {
  const { at, outcome, error } = end;
  if (again !== null) {
    return { kind: "retry", at, attempt: run.attempt, retryAt: again, outcome, error };
  }
  const durationMs = Math.max(0, at - (end.startedAt ?? at));
  return { kind: "finished", at, outcome, error, durationMs };
}
