// The shapes of runs and their events on the wire, checked against core's types by the compiler.

import { z } from "@hono/zod-openapi";
import type { TryEvent } from "../engine.ts";
import type { Event } from "../event.ts";
import type { SandboxResult } from "../platform.ts";
import type { Run, ScriptError } from "../run.ts";
import { agree, Instant, orNull, type Same } from "./schema.ts";
import { OutcomeSchema } from "./schema-ticker.ts";

export const ScriptErrorSchema = z
  .strictObject({
    name: z.string(),
    message: z.string(),
    line: z.number().optional(),
    column: z.number().optional(),
    stack: z.string().optional(),
  })
  .openapi("ScriptError");
agree<Same<z.infer<typeof ScriptErrorSchema>, ScriptError>>();

const SkipReasonSchema = z.enum(["still-running", "queue-full", "kill-all"]);
const MissReasonSchema = z.enum(["late", "down"]);

const RUN = {
  id: z.string(),
  tickerId: z.string(),
  number: z.number().openapi({ description: "Dense per ticker from 1." }),
  revision: z.number(),
  trigger: z.enum(["schedule", "hand", "outside"]),
  dueAt: Instant,
  dueUntilAt: Instant,
  count: z.number().openapi({ description: "Due times covered; 1 for anything that ran." }),
  state: z.enum(["queued", "running", "waiting", "finished"]),
  attempt: z.number(),
  retryAt: Instant.nullable(),
  killAskedAt: Instant.nullable(),
  startedAt: Instant.nullable(),
  finishedAt: Instant.nullable(),
  lateMs: z.number().nullable(),
  cpuMs: z.number().nullable(),
  outcome: orNull(OutcomeSchema),
  reason: z.union([SkipReasonSchema, MissReasonSchema]).nullable(),
  error: orNull(ScriptErrorSchema),
  seq: z.number().openapi({ description: "Highest event number so far; 0 = none." }),
  outputBytes: z.number(),
  droppedBytes: z.number(),
  metrics: z.record(z.string(), z.number()),
  progress: z.number().nullable(),
  lastLine: z.string().nullable(),
};

export const RunSchema = z.strictObject(RUN).openapi("Run");
export type RunView = z.infer<typeof RunSchema>;
agree<Same<RunView, Omit<Run, "owner" | "lease">>>();

/** A run of the account's, with whose it is. */
export const OpenRunSchema = z
  .strictObject({ ...RUN, name: z.string(), page: z.number().nullable() })
  .openapi("OpenRun");

const stamp = { seq: z.number(), at: Instant };
export const EventSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      ...stamp,
      kind: z.literal("started"),
      attempt: z.number(),
      lateMs: z.number(),
    }),
    z.strictObject({
      ...stamp,
      kind: z.literal("output"),
      text: z.string(),
      stream: z.enum(["out", "err"]),
    }),
    z.strictObject({ ...stamp, kind: z.literal("cut"), bytes: z.number() }),
    z.strictObject({
      ...stamp,
      kind: z.literal("progress"),
      fraction: z.number(),
      message: z.string().nullable(),
    }),
    z.strictObject({ ...stamp, kind: z.literal("metric"), name: z.string(), value: z.number() }),
    z.strictObject({
      ...stamp,
      kind: z.literal("retry"),
      attempt: z.number(),
      retryAt: Instant,
      outcome: OutcomeSchema,
      error: orNull(ScriptErrorSchema),
    }),
    z.strictObject({
      ...stamp,
      kind: z.literal("finished"),
      outcome: OutcomeSchema,
      error: orNull(ScriptErrorSchema),
      durationMs: z.number(),
    }),
    z.strictObject({
      ...stamp,
      kind: z.literal("skipped"),
      reason: SkipReasonSchema,
      count: z.number(),
      dueUntilAt: Instant,
    }),
    z.strictObject({
      ...stamp,
      kind: z.literal("missed"),
      reason: MissReasonSchema,
      count: z.number(),
      dueUntilAt: Instant,
    }),
  ])
  .openapi("Event", { description: "Numbered densely per run from 1." });
agree<Same<z.infer<typeof EventSchema>, Event>>();

export const RunWithEventsSchema = z
  .strictObject({
    ...RUN,
    events: z.array(EventSchema),
    nextSeq: z
      .number()
      .nullable()
      .openapi({ description: "`from` of the next piece; null: no more now." }),
  })
  .openapi("RunWithEvents");

export const TryEventSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("output"),
      at: z.number(),
      text: z.string(),
      stream: z.enum(["out", "err"]),
    }),
    z.strictObject({
      kind: z.literal("progress"),
      at: z.number(),
      fraction: z.number(),
      message: z.string().nullable(),
    }),
    z.strictObject({
      kind: z.literal("metric"),
      at: z.number(),
      name: z.string(),
      value: z.number(),
    }),
    z.strictObject({
      kind: z.literal("fetch"),
      at: z.number(),
      method: z.string(),
      url: z.string(),
      note: z.string(),
      durationMs: z.number(),
    }),
    z.strictObject({
      kind: z.literal("state"),
      at: z.number(),
      key: z.string(),
      value: z.string().nullable(),
    }),
  ])
  .openapi("TryEvent");
agree<Same<z.infer<typeof TryEventSchema>, TryEvent>>();

export const TryResultSchema = z
  .strictObject({
    outcome: OutcomeSchema.exclude(["skipped", "missed"]),
    error: orNull(ScriptErrorSchema),
    startedAt: z.number().nullable(),
    finishedAt: z.number(),
    cpuMs: z.number(),
    stateWrites: z.record(z.string(), z.string().nullable()),
    outputBytes: z.number(),
  })
  .openapi("TryResult");
agree<Same<z.infer<typeof TryResultSchema>, SandboxResult>>();
