// The long form of the storm over the feed: `node scripts/feed-storm.ts [seconds] [seed] [clients]`, a minute
// with 20 clients and a kill every ten seconds unless told otherwise. Ends with 1 and the faults when anything
// did not hold.

import { feedStorm } from "../test/support/feed-storm.ts";

const [seconds = 60, seed = Math.floor(Math.random() * 2 ** 31), clients = 20] = process.argv
  .slice(2)
  .map(Number);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

say(`seed ${seed}`);
const report = await feedStorm({
  seed,
  seconds,
  clients,
  kills: Math.floor(seconds / 10),
  log: say,
});
say(`${report.runs} runs; ${report.events} events shown, ${report.gaps} gaps told`);
say(
  Object.entries(report.counts)
    .map(([what, times]) => `${what} ${times}`)
    .join(", "),
);
const { p50, p99, max } = report.steadyMs ?? { p50: 0, p99: 0, max: 0 };
say(`printed to heard by one who always reads: p50 ${p50}, p99 ${p99}, max ${max} ms`);
for (const fault of report.faults.slice(0, 50)) say(`FAULT ${fault}`);
say(report.faults.length === 0 ? "everything held" : `${report.faults.length} faults`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
