// The one place that says whether an attempt is followed by another, and when.

import type { Outcome } from "./run.ts";
import type { Retry, RetryOn } from "./ticker.ts";

const retryClass = (outcome: Outcome): RetryOn | null => {
  switch (outcome) {
    case "succeeded": // it is done
    case "killed": // somebody wanted it to end
    case "skipped": // it never began
    case "missed":
      return null;
    case "timed-out":
    case "cpu-limit":
      return "timed-out";
    case "interrupted":
      return "interrupted";
    default:
      return "failed";
  }
};

/**
 * The instant of the next attempt, or null when this was the last. `attempt` is the one that just ended,
 * from 1; `fraction` is 0 <= x < 1 and spreads the pause by +-20 %, so that failures do not march in step.
 */
export function retryAt(
  retry: Retry,
  attempt: number,
  outcome: Outcome,
  now: number,
  fraction: number,
): number | null {
  const kind = retryClass(outcome);
  if (kind === null || !retry.on.includes(kind) || attempt > retry.attempts) return null;
  const pauseMs = Math.min(retry.backoffMs * 2 ** (attempt - 1), retry.backoffMaxMs);
  return Math.round(now + pauseMs * (0.8 + 0.4 * fraction));
}
