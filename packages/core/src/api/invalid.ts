// From the schema library's faults to ours: each place by its path, each message something to act
// on.

import type { z } from "@hono/zod-openapi";
import { type Issue, VisibleError } from "../error.ts";

/** One error for all faults of an input. */
export function invalid(error: z.ZodError): VisibleError {
  const issues = error.issues.flatMap(issuesOf).slice(0, 20);
  const words = issues.map(({ path, message }) => (path ? `${path} ${message}` : message));
  return new VisibleError("invalid", `The request cannot be used: ${words.join("; ")}.`, {
    issues,
  });
}

function issuesOf(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key].join(".").slice(0, 200),
      message: "is not a field of this request",
    }));
  }
  return [{ path: path.join("."), message: words(issue) }];
}

function words(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") {
    return issue.input === undefined && issue.message.includes("received undefined")
      ? `is needed (${issue.expected})`
      : `must be ${kindOf(issue.expected)}`;
  }
  if (issue.code === "invalid_value")
    return `must be one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_union" && issue.discriminator) {
    return `is not known: ${issue.discriminator} says which of the shapes it is`;
  }
  if (issue.code === "too_big" && issue.origin === "array")
    return `holds over ${issue.maximum} items`;
  // A message of our own says it better than these; the library's begin so.
  if (issue.message.startsWith("Too ")) {
    if (issue.code === "too_big") return bounded(issue.origin, `at most ${issue.maximum}`);
    if (issue.code === "too_small") return bounded(issue.origin, `at least ${issue.minimum}`);
  }
  return issue.message;
}

const bounded = (origin: string, bound: string): string =>
  origin === "string" ? `must have ${bound} characters` : `must be ${bound}`;

/** The library's names for kinds, as people call them. */
function kindOf(expected: string): string {
  const kind = { record: "object", int: "whole number", string: "text" }[expected] ?? expected;
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}
