// Work that is done again and again while the service runs; one that fails is logged and done again.

import type { Platform } from "./platform.ts";

export type Standing = {
  /** First after `everyMs`, then that long after each end. */
  every(everyMs: number, work: () => Promise<unknown>): void;
  stop(): void;
};

export function makeStanding({ clock, log }: Pick<Platform, "clock" | "log">): Standing {
  const timers = new Set<() => void>();
  let stopped = false;

  function every(everyMs: number, work: () => Promise<unknown>): void {
    const cancel = clock.after(everyMs, () => {
      timers.delete(cancel);
      work()
        .catch((error) => log.error("housekeeping failed", { cause: String(error) }))
        .finally(() => {
          if (!stopped) every(everyMs, work);
        });
    });
    timers.add(cancel);
  }

  return {
    every,
    stop() {
      stopped = true;
      for (const cancel of timers) cancel();
    },
  };
}
