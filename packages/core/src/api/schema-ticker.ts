// The shapes of tickers on the wire: what a create and an edit may say, and what is answered. Each
// shape is checked against core's type by the compiler, so neither can change alone.

import { z } from "@hono/zod-openapi";
import type { Outcome } from "../run.ts";
import { type CronSchedule, EVERY_MAX_MS, EVERY_MIN_MS, type Schedule } from "../schedule.ts";
import {
  LIMITS_DEFAULT,
  type Limits,
  POLICY_DEFAULT,
  type Policy,
  RETENTION_DEFAULT,
  type Retention,
} from "../ticker.ts";
import {
  BOUNDS,
  NAME_PATTERN,
  nameIssue,
  PAGE_FIRST,
  PAGE_LAST,
  TAG_PATTERN,
  TAGS_MAX,
} from "../ticker-input.ts";
import type { Tile } from "../tile.ts";
import { agree, Instant, orNull, type Same } from "./schema.ts";

const within = (bound: readonly [number, number]) =>
  z
    .number()
    .int()
    .min(bound[0], `must be at least ${bound[0]}`)
    .max(bound[1], `must be at most ${bound[1]}`);

export const OutcomeSchema = z
  .enum([
    "succeeded",
    "failed",
    "timed-out",
    "cpu-limit",
    "out-of-memory",
    "output-limit",
    "host-call-limit",
    "killed",
    "interrupted",
    "skipped",
    "missed",
  ])
  .openapi("Outcome");
agree<Same<z.infer<typeof OutcomeSchema>, Outcome>>();

const CronOut = z.strictObject({
  cron: z.string(),
  zone: z.string(),
  gap: z.enum(["skip", "shift"]),
  overlap: z.enum(["first", "last", "both"]),
});
agree<Same<z.infer<typeof CronOut>, CronSchedule>>();

export const ScheduleSchema = z
  .union([
    z.strictObject({ every: z.number(), from: z.enum(["start", "finish"]) }),
    CronOut,
    z.strictObject({ at: Instant }),
    z.strictObject({ hand: z.literal(true) }),
  ])
  .openapi("Schedule", { example: { every: 10_000, from: "start" } });
agree<Same<z.infer<typeof ScheduleSchema>, Schedule>>();

type Described = {
  type: "string" | "integer" | "boolean" | ("string" | "integer")[];
  [keyword: string]: unknown;
};
const asked = (required: string[], properties: Record<string, Described>) => ({
  type: "object" as const,
  additionalProperties: false,
  required,
  properties,
});

/** Read by `parseSchedule`, whose messages name the place; here it is only described. */
export const ScheduleAsk = z
  .record(z.string(), z.unknown(), 'must be an object such as {"every": 10000}')
  .openapi("ScheduleAsk", {
    description:
      "One of: `{every: ms, from?: start|finish}`, `{cron, zone?, gap?: shift|skip, overlap?: first|last|both}`, `{at: epoch ms or ISO 8601 text}`, `{hand: true}`. What is left out is its first value here: `start`, `shift`, `first`, the service's zone.",
    example: { every: 10_000 },
    oneOf: [
      asked(["every"], {
        every: { type: "integer", minimum: EVERY_MIN_MS, maximum: EVERY_MAX_MS },
        from: { type: "string", enum: ["start", "finish"] },
      }),
      asked(["cron"], {
        cron: { type: "string", maxLength: 128, description: "5 fields, or 6: seconds first." },
        zone: { type: "string", description: "An IANA time zone." },
        gap: { type: "string", enum: ["shift", "skip"] },
        overlap: { type: "string", enum: ["first", "last", "both"] },
      }),
      asked(["at"], { at: { type: ["integer", "string"], description: "In the future." } }),
      asked(["hand"], { hand: { type: "boolean", const: true } }),
    ],
  });

const OverlapSchema = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("skip") }),
  z.strictObject({ mode: z.literal("queue"), queueMax: within(BOUNDS.queueMax) }),
]);
const CatchUpSchema = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("none") }),
  z.strictObject({ mode: z.literal("latest") }),
  z.strictObject({ mode: z.literal("all"), windowMs: within(BOUNDS.windowMs) }),
]);
const RetrySchema = z.strictObject({
  attempts: within(BOUNDS.attempts),
  backoffMs: within(BOUNDS.backoffMs),
  backoffMaxMs: within(BOUNDS.backoffMs),
  on: z.array(z.enum(["failed", "timed-out", "interrupted"])).max(3),
});
const POLICY = {
  overlap: OverlapSchema,
  catchUp: CatchUpSchema,
  retry: RetrySchema,
  stopAfterFailures: within(BOUNDS.stopAfterFailures),
};
const LIMITS = {
  timeoutMs: within(BOUNDS.timeoutMs),
  cpuMs: within(BOUNDS.cpuMs),
  memoryBytes: within(BOUNDS.memoryBytes),
  outputBytes: within(BOUNDS.outputBytes),
  hostCalls: within(BOUNDS.hostCalls),
};
const RETENTION = { runs: within(BOUNDS.runs), failures: within(BOUNDS.failures) };

export const PolicySchema = z.strictObject(POLICY).openapi("Policy");
export const LimitsSchema = z.strictObject(LIMITS).openapi("Limits");
export const RetentionSchema = z.strictObject(RETENTION).openapi("Retention");
agree<Same<z.infer<typeof PolicySchema>, Policy>>();
agree<Same<z.infer<typeof LimitsSchema>, Limits>>();
agree<Same<z.infer<typeof RetentionSchema>, Retention>>();

/** Every field may be left out, or null for its default. */
const patchOf = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(shape).map(([key, schema]) => [
        key,
        (schema as z.ZodType).nullable().optional(),
      ]),
    ) as { [K in keyof T]: z.ZodOptional<z.ZodNullable<T[K]>> },
  );

export const ScriptSchema = z
  .strictObject({ language: z.enum(["javascript", "typescript"]), source: z.string() })
  .openapi("Script", { example: { language: "javascript", source: "print(42)" } });

const Tag = z.string().regex(TAG_PATTERN, "must be 1-32 of a-z, 0-9, dot, underscore and hyphen");
const Name = z
  .string("must be a text")
  .superRefine((name, context) => {
    const fault = nameIssue(name);
    if (fault) context.addIssue({ code: "custom", message: fault });
  })
  .openapi({ type: "string", example: "btc-price", pattern: NAME_PATTERN.source });
const State = z.enum(["started", "stopped"]);

const usually = (settings: object) => ({
  description: `What a new ticker leaves out, or anybody sets to null, is as in \`${JSON.stringify(settings)}\`.`,
});

const ASK = {
  name: Name,
  script: ScriptSchema,
  schedule: ScheduleAsk,
  policy: patchOf(POLICY).nullable().optional().openapi(usually(POLICY_DEFAULT)),
  limits: patchOf(LIMITS).nullable().optional().openapi(usually(LIMITS_DEFAULT)),
  retention: patchOf(RETENTION).nullable().optional().openapi(usually(RETENTION_DEFAULT)),
  tags: z.array(Tag).max(TAGS_MAX).nullable().optional(),
  page: within([PAGE_FIRST, PAGE_LAST])
    .nullable()
    .optional()
    .openapi({ description: "Left out: the lowest free one." }),
  state: State.optional(),
};

export const TickerAsk = z.strictObject(ASK).openapi("TickerAsk", {
  example: {
    name: "time",
    script: { language: "javascript", source: "print(new Date().toISOString())" },
    schedule: { every: 1000 },
  },
});
export const TickerPatchAsk = z
  .strictObject({
    ...ASK,
    name: Name.optional(),
    script: ScriptSchema.optional(),
    schedule: ScheduleAsk.optional(),
  })
  .openapi("TickerPatch", { example: { schedule: { cron: "*/5 * * * *", zone: "Europe/Oslo" } } });

export const TileSchema = z
  .strictObject({
    tickerId: z.string(),
    page: z.number().nullable(),
    name: z.string(),
    schedule: ScheduleSchema,
    when: z.string(),
    revision: z.number(),
    state: State,
    stopReason: z.string().nullable(),
    running: z.number(),
    runNumber: z.number(),
    nextDueAt: Instant.nullable(),
    lastOutcome: orNull(OutcomeSchema),
    lastFinishedAt: Instant.nullable(),
    failuresInRow: z.number(),
    error: z.string().nullable().openapi({
      description: "Why the last run failed: the first line of its error; null if it did not.",
    }),
    lines: z.array(z.strictObject({ at: Instant, text: z.string() })),
    progress: z.strictObject({ fraction: z.number(), message: z.string().nullable() }).nullable(),
    metric: z
      .strictObject({ name: z.string(), value: z.number(), trend: z.array(z.number()) })
      .nullable(),
    startedAt: Instant.nullable(),
    late: z.strictObject({ p50: z.number(), p95: z.number(), max: z.number() }).nullable(),
    skipped: z.number(),
    missed: z.number(),
  })
  .openapi("Tile", { description: "The ticker at a glance, as the console's index shows it." });
agree<Same<z.infer<typeof TileSchema>, Tile>>();

export const TickerViewSchema = z
  .strictObject({
    id: z.string(),
    page: z.number().nullable(),
    name: z.string(),
    script: z.strictObject({
      language: z.enum(["javascript", "typescript"]),
      source: z
        .string()
        .optional()
        .openapi({ description: "Left out of lists without `source=1`." }),
    }),
    schedule: ScheduleSchema,
    when: z.string().openapi({ description: "The schedule in words.", example: "every 10s" }),
    policy: PolicySchema,
    limits: LimitsSchema,
    retention: RetentionSchema,
    tags: z.array(z.string()),
    revision: z.number(),
    createdAt: Instant,
    updatedAt: Instant,
    deletedAt: Instant.nullable(),
    status: z.strictObject({
      state: State,
      stopReason: z.enum(["asked", "done", "failures", "deleted"]).nullable(),
      nextDueAt: Instant.nullable(),
      running: z.number(),
      queued: z.number(),
      runNumber: z.number(),
      failuresInRow: z.number(),
      lastRunNumber: z.number().nullable(),
      lastOutcome: orNull(OutcomeSchema),
      lastFinishedAt: Instant.nullable(),
    }),
    tile: TileSchema,
  })
  .openapi("Ticker");
export type TickerView = z.infer<typeof TickerViewSchema>;
