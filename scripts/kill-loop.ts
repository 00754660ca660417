// The long form of the kill test: `npm run kill-loop -- [kills] [seed]`, 50 kills unless told otherwise.
// Ends with 1 and the faults when anything did not hold.

import { killLoop } from "../test/support/kill-loop.ts";

const kills = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

say(`seed ${seed}`);
const report = await killLoop({ kills, seed, log: say });
const spread = (values: number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return `median ${sorted[Math.floor(sorted.length / 2)]}, max ${sorted.at(-1)} ms`;
};
say(
  `${report.kills} kills: ${report.runs} runs, ${report.interrupted} of them cut short and recorded as`,
);
say(`interrupted, ${report.notRun} due times recorded as skipped or missed`);
say(`process start to ready: ${spread(report.readyMs)}`);
say(`ready to first tick: ${spread(report.firstTickMs)}`);
for (const fault of report.faults.slice(0, 50)) say(`FAULT ${fault}`);
say(report.faults.length === 0 ? "everything held" : `${report.faults.length} faults`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
