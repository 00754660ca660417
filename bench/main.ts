// `npm run bench`: what is claimed about speed, measured on this code. Absolute numbers belong to the machine
// they were measured on; the ratios travel. `npm run bench -- quick` takes about a minute and a half, the
// whole about six; a name (sandbox, store, capacity, jitter, fanout) runs one part.

import { cpus } from "node:os";
import { capacityLevel, type Level } from "./capacity.ts";
import { fanOut } from "./fanout.ts";
import { jitter } from "./jitter.ts";
import { benchSandbox } from "./sandbox.ts";
import { measureStore } from "./store.ts";

const words = process.argv.slice(2);
const quick = words.includes("quick");
const parts = words.filter((word) => word !== "quick");
const wants = (part: string): boolean => parts.length === 0 || parts.includes(part);
const say = (line = ""): boolean => process.stdout.write(`${line}\n`);

say(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}`);

if (wants("sandbox")) {
  say("\nSandbox: short runs a second, against the bare engine in the same process");
  await benchSandbox(quick ? 5_000 : 20_000);
}

if (wants("store")) {
  say("\nStore: claim and finish of a due time, against a bare loop writing the same rows");
  const store = await measureStore(1_000, quick ? 2 : 5);
  say(
    `claim + finish:  ${Math.round(store.pairsPerSecond)} pairs/s, ${store.pairsRatio.toFixed(2)} x the bare loop`,
  );
  say(
    `due ticker:      ${store.dueMicros.toFixed(1)} us, bare query ${store.bareDueMicros.toFixed(1)} us`,
  );
}

if (wants("capacity")) {
  say(
    "\nCapacity: tickers of one second, each run sandboxed and recorded; held = p99 late <= 250 ms, <= 2 % short",
  );
  for (const tickers of quick ? [1_000, 3_000] : [1_000, 3_000, 4_000, 5_000, 6_000]) {
    sayLevel(await capacityLevel(tickers, quick ? 8 : 20));
  }
}

if (wants("jitter")) {
  const seconds = quick ? 15 : 60;
  say(`\nJitter: 100 tickers at 1 s and 10 at 100 ms for ${seconds} s`);
  const { rows, cpuPercent, mib } = await jitter(seconds);
  for (const row of rows) {
    const late = `late p50 ${row.p50Ms}, p99 ${row.p99Ms}, max ${row.maxMs} ms`;
    say(`every ${row.every} ms: ${row.runs} runs, ${late}; not run: ${row.notRun}`);
  }
  say(`${cpuPercent} % of a core, ${mib} MiB`);
}

if (wants("fanout")) {
  say("\nFan-out: one script prints 100 lines a second to 1,000 sockets");
  const seen = await fanOut(1_000, quick ? 6 : 15);
  say(
    `${seen.deliveriesPerSecond} deliveries/s, p50 ${seen.p50Ms}, p99 ${seen.p99Ms} ms, gaps ${seen.gaps}`,
  );
  say(
    `service: ${seen.cpuPercent} % of a core (${seen.aloneCpuPercent} % with nobody watching), ${seen.mib} MiB`,
  );
}

function sayLevel(level: Level): void {
  const { tickers, runsPerSecond, lateP50Ms, lateP99Ms, shortPercent, cpuPercent, mib, held } =
    level;
  say(
    `${tickers} tickers: ${runsPerSecond} runs/s, late p50 ${lateP50Ms}, p99 ${lateP99Ms} ms, ` +
      `${shortPercent} % short, ${cpuPercent} % of a core, ${mib} MiB: ${held ? "held" : "not held"}`,
  );
}
