// The alarm on one machine: one timer, set to the earliest due time.

import type { Alarm, Clock } from "@ticker/core/platform";

/** Engines mistime long waits across a suspend, and cut those above 2^31 ms to nothing. */
const WAIT_MAX_MS = 1_000;

/** Calls `wake` at the instant set, never before it; waits in pieces, so a clock that jumps is noticed. */
export function timerAlarm(clock: Clock, wake: () => void): Alarm {
  let cancel: (() => void) | null = null;
  let at: number | null = null;

  function arm(): void {
    cancel = null;
    if (at === null) return;
    const waitMs = at - clock.now();
    if (waitMs > 0) cancel = clock.after(Math.min(waitMs, WAIT_MAX_MS), arm);
    else {
      at = null;
      wake();
    }
  }

  return {
    set(next) {
      cancel?.();
      cancel = null;
      at = next;
      if (at === null) return;
      // Never inside the caller: a pass that sets a past instant would call itself.
      cancel = clock.after(Math.max(0, Math.min(at - clock.now(), WAIT_MAX_MS)), arm);
    },
  };
}
