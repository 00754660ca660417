// What the end of a run means for its ticker's schedule.

import type { Run } from "./run.ts";
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
