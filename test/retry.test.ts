// Whether an attempt is followed by another, and when.

import { retryAt } from "@ticker/core/retry";
import { POLICY_DEFAULT, type Retry } from "@ticker/core/ticker";
import { describe, expect, test } from "vitest";

const retry: Retry = {
  attempts: 3,
  backoffMs: 1000,
  backoffMaxMs: 3000,
  on: ["failed", "interrupted"],
};

describe("retries", () => {
  test("none by default", () => {
    expect(retryAt(POLICY_DEFAULT.retry, 1, "failed", 0, 0.5)).toBe(null);
  });

  test("pauses double up to their maximum", () => {
    expect([1, 2, 3].map((attempt) => retryAt(retry, attempt, "failed", 0, 0.5))).toEqual([
      1000, 2000, 3000,
    ]);
  });

  test("no more than asked", () => {
    expect(retryAt(retry, 4, "failed", 0, 0.5)).toBe(null);
  });

  test("spread by a fifth either way", () => {
    expect(retryAt(retry, 1, "failed", 0, 0)).toBe(800);
    expect(retryAt(retry, 1, "failed", 0, 0.9999)).toBeCloseTo(1200, -1);
  });

  test.each([
    ["succeeded", null],
    ["killed", null],
    ["timed-out", null],
    ["cpu-limit", null],
    ["out-of-memory", 1000],
    ["output-limit", 1000],
    ["interrupted", 1000],
  ] as const)("%s: %s", (outcome, at) => {
    expect(retryAt(retry, 1, outcome, 0, 0.5)).toBe(at);
  });
});
