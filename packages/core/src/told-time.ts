// Times of a run as the sandbox tells them.

import type { Run } from "./run.ts";

/** Two threads' clocks, read one after the other, may differ by so much. */
const CLOCKS_APART_MS = 50;

/**
 * A time the sandbox tells of a run it was given at `sentAt`, or null when it cannot be: in a thread begun
 * after the wall clock was set back, time is behind the engine's, and what counts from the end of a run would
 * be due at once, again and again.
 */
export const toldTime = (sentAt: number, at: number, latest: number): number | null =>
  at >= sentAt - CLOCKS_APART_MS && at <= latest + CLOCKS_APART_MS ? at : null;

/** Lateness is a fact of the first attempt; a retry keeps what the first one recorded. */
export function lateness(run: Run, startedAt: number | null): number | null {
  if (run.attempt > 1) return run.lateMs;
  return startedAt === null || run.trigger !== "schedule"
    ? null
    : Math.max(0, startedAt - run.dueAt);
}
