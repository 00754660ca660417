// The engine simulated under a seed, the short form, always with the same seeds; `npm run simulate` is the long one.

import { expect, test } from "vitest";
import { explain, simulateSeed } from "./support/simulate-report.ts";

/** The last two: a thread whose clock is behind, and a release that overtakes a killall. */
const SEEDS = [...Array.from({ length: 12 }, (_, index) => index + 1), 900_003, 900_236];

test("whatever the world does, each due time is met once or accounted for", async () => {
  const sums: Record<string, number> = {};
  for (const seed of SEEDS) {
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
