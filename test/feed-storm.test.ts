// Watchers in a storm, the short form; `node scripts/feed-storm.ts` is the long one.

import { expect, test } from "vitest";
import { feedStorm } from "./support/feed-storm.ts";

test("every watcher has what the records have, once and in order, or was told what it has not", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = await feedStorm({ seed, seconds: 6, clients: 8, kills: 1 });
  expect({ seed, faults: report.faults.slice(0, 20) }).toEqual({ seed, faults: [] });
  expect(report.events).toBeGreaterThan(500);
  expect(report.counts).toMatchObject({ kill: 1 });
}, 90_000);
