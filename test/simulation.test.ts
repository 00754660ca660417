// The engine simulated under a seed, the short form; `npm run simulate` is the long one. Seeds that are always the
// same, and a few that are new each time.

import { expect, test } from "vitest";
import { explain, simulateSeed } from "./support/simulate-report.ts";

const FIXED = Array.from({ length: 12 }, (_, index) => index + 1);
const fresh = Math.floor(Math.random() * 2 ** 30);

test("whatever the world does, each due time is met once or accounted for", async () => {
  const sums: Record<string, number> = {};
  for (const seed of [...FIXED, fresh, fresh + 1, fresh + 2]) {
    const report = await simulateSeed(seed);
    if (report.faults.length > 0) expect.fail((await explain(report)).join("\n"));
    for (const [name, count] of Object.entries(report.sums)) sums[name] = (sums[name] ?? 0) + count;
  }
  // What never came up was not tested.
  const rare = ["crashes", "shutdowns", "stalls", "jumps", "fails", "interrupted", "retries"];
  const never = [...rare, "skipped", "missed", "succeeded"].filter((name) => !sums[name]);
  expect(never).toEqual([]);
}, 60_000);

test("the same seed gives the same history", async () => {
  for (const seed of [4, 7, 25]) {
    const first = await simulateSeed(seed, [], true);
    expect(await simulateSeed(seed, [], true)).toEqual(first);
    expect(first.trace.length).toBeGreaterThan(100);
  }
});
