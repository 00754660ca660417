// Repeats while the world is in the way, with growing pauses; a broken invariant is not repeated.

import type { Platform } from "./platform.ts";

const PAUSE_MS = 20;
const PAUSE_MAX_MS = 2_000;

/** `verb` must be safe to send again; its answer, however long it takes. */
export async function insist<T>(
  { clock, log }: Pick<Platform, "clock" | "log">,
  verb: () => Promise<T>,
): Promise<T> {
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    try {
      return await verb();
    } catch (error) {
      if ((error as Error).name !== "TransientError") throw error;
      const cause = (error as Error).message;
      log.error("the store did not answer; trying again", { cause, pauseMs });
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}
