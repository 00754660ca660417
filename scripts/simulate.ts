// The long form of the simulation: `npm run simulate -- [seeds]`, 200 seeds unless told otherwise, from a random
// one on; `--seed N` runs that one alone, `--from N` begins there, `--trace` prints what happened. Ends with 1 at
// the first seed that fails, with what it takes to fail and how it came about.

import { report } from "../test/support/simulate-report.ts";

process.exitCode = await report(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
