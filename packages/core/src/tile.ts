// A ticker at a glance: what one tile of the index shows. A pure fold of events over the last tile, used by
// the feed in the server and by the console, so both always show the same.

import type { Outcome } from "./run.ts";
import type { Schedule } from "./schedule.ts";

export type Tile = {
  tickerId: string;
  page: number | null;
  name: string;
  schedule: Schedule;
  /** The schedule in words, at most 40 characters: `every 10s`. */
  when: string;
  revision: number;
  state: "started" | "stopped";
  stopReason: string | null;
  /** Runs under way now. */
  running: number;
  runNumber: number;
  nextDueAt: number | null;
  lastOutcome: Outcome | null;
  lastFinishedAt: number | null;
  failuresInRow: number;
  /** Newest lines printed, oldest first, at most 5 of at most 200 characters. */
  lines: { at: number; text: string }[];
  progress: { fraction: number; message: string | null } | null;
  /** The first metric of the newest run that has one: its name, newest value, and the last 60 values. */
  metric: { name: string; value: number; trend: number[] } | null;
  startedAt: number | null;
  /** Lateness of the newest 100 runs that ran, ms. */
  late: { p50: number; p95: number; max: number } | null;
  skipped: number;
  missed: number;
};
