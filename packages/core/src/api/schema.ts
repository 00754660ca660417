// Small schemas every noun uses, the problem body, and the proof that a schema and a core type are
// the same. Strict both ways: a field nobody knows is refused by name, never ignored.

import { z } from "@hono/zod-openapi";

/**
 * Optional properties as core writes them (`line?: number`), where zod says `line?: number |
 * undefined`.
 */
type Tight<T> = T extends readonly (infer Item)[]
  ? Tight<Item>[]
  : T extends object
    ? { [K in keyof T]: Tight<undefined extends T[K] ? Exclude<T[K], undefined> : T[K]> }
    : T;
/** True when the two types allow exactly the same values. */
export type Same<A, B> = [Tight<A>] extends [Tight<B>]
  ? [Tight<B>] extends [Tight<A>]
    ? true
    : false
  : false;
/** `agree<Same<z.infer<typeof RunSchema>, Run>>()` does not compile when they drift apart. */
export function agree<_Fact extends true>(): void {}

export const Instant = z.number().int().openapi({
  description: "Epoch milliseconds.",
  example: 1795293931000,
});
export const Word = z.string();

/** A whole number in a query, written in digits and once. */
export const whole = (min: number, max: number, usual: number, description: string) =>
  z
    .string("must be given once")
    .regex(/^\d{1,16}$/, "must be a whole number")
    .optional()
    .transform((digits) => (digits === undefined ? usual : Number(digits)))
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .openapi({ type: "integer", minimum: min, maximum: max, default: usual, description });
export const Limit = whole(1, 500, 50, "How many at most.");
/** One line for people to read: nothing in it moves the cursor or hides what stands beside it. */
export const Line = z
  .string()
  .trim()
  .refine(
    (text) => !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text),
    "must be one line without control characters",
  );
export const Cursor = z
  .string()
  .max(500, "is not a cursor of ours")
  .optional()
  .openapi({ description: "`next` of the page before." });
export const Flag = z
  .enum(["0", "1", "true", "false"], "must be 1 or 0")
  .optional()
  .transform((value) => value === "1" || value === "true")
  .openapi({ type: "string", enum: ["0", "1", "true", "false"], description: "1 for yes." });

/** An address of a ticker in a path. */
export const TickerAddress = z.strictObject({
  id: z
    .string()
    .max(80)
    .openapi({
      param: { name: "id", in: "path" },
      description: "The ticker's id (`t_...`), its page number (`203`) or its name.",
      example: "203",
    }),
});

export const IssueSchema = z
  .strictObject({ path: z.string(), message: z.string() })
  .openapi("Issue", { example: { path: "schedule.every", message: "must be at least 50" } });

export const ProblemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    issues: z.array(IssueSchema).optional(),
    retryAfterMs: z.number().optional(),
  })
  .openapi("Problem", {
    description:
      "RFC 9457. `code` is stable; `issues` names each place in the input that is wrong.",
    example: {
      type: "about:blank",
      title: "Not found",
      status: 404,
      detail: 'There is no ticker "203".',
      code: "not-found",
    },
  });

/** A named shape or null. (`.nullable()` of a named shape loses its null in the document.) */
export const orNull = <T extends z.ZodType>(schema: T) => z.union([schema, z.null()]);

/** `{items, next}` of something. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .openapi({ description: "`cursor` of the next page; null: no more." }),
  });
