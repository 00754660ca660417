// Something that happened in a run. Numbered densely per run from 1 across its attempts, so a reader
// can prove that nothing is missing. Events are coalesced *before* they get their numbers.

import type { MissReason, Outcome, ScriptError, SkipReason } from "./run.ts";

export type EventBody =
  | { kind: "started"; attempt: number; lateMs: number }
  /** One or more whole lines printed in the same millisecond; no trailing newline. */
  | { kind: "output"; text: string; stream: "out" | "err" }
  /** From here `bytes` of output were not kept; what follows is the tail. Written when the run ends. */
  | { kind: "cut"; bytes: number }
  | { kind: "progress"; fraction: number; message: string | null }
  | { kind: "metric"; name: string; value: number }
  /** The attempt ended and another follows. */
  | { kind: "retry"; attempt: number; retryAt: number; outcome: Outcome; error: ScriptError | null }
  | { kind: "finished"; outcome: Outcome; error: ScriptError | null; durationMs: number }
  /** The whole record of due times that never ran; replaces its predecessor of the same run. */
  | { kind: "skipped"; reason: SkipReason; count: number; dueUntilAt: number }
  | { kind: "missed"; reason: MissReason; count: number; dueUntilAt: number };

/** `at`: epoch ms, when it happened. */
export type Event = { seq: number; at: number } & EventBody;

/** An event that has no number yet. */
export type Happening = { at: number } & EventBody;

/**
 * Consecutive events `from..to` of one run. For a `skipped` or `missed` record `events` holds only the
 * newest, which says everything the earlier ones said: that is why the range is explicit.
 */
export type EventBatch = {
  tickerId: string;
  run: number;
  runId: string;
  dueAt: number;
  from: number;
  to: number;
  events: Event[];
};
