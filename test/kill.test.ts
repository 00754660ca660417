// kill -9 at random instants, the short form; `npm run kill-loop` is the long one.

import { expect, test } from "vitest";
import { killLoop } from "./support/kill-loop.ts";

test("nothing recorded is lost, nothing runs twice, and runs cut short show at once", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = await killLoop({ kills: 5, seed });
  expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
  expect(report.runs).toBeGreaterThan(20);
  expect(report.firstTickMs.length).toBe(5);
}, 90_000);
