// W1: how many due times a second are run in a sandbox and durably recorded, with lateness p99 under 250 ms
// and at most 2 % not run. Read from the run records after the service has stopped.

import { figures, pause, startService } from "./service.ts";

export type Level = {
  tickers: number;
  runsPerSecond: number;
  lateP50Ms: number;
  lateP99Ms: number;
  shortPercent: number;
  cpuPercent: number;
  mib: number;
  held: boolean;
};

const LATE_P99_MAX_MS = 250;
const SHORT_PERCENT_MAX = 2;
const SETTLE_MS = 4_000;

/** One level: `tickers` tickers of one second for `seconds`. */
export async function capacityLevel(tickers: number, seconds: number): Promise<Level> {
  const service = await startService();
  try {
    await service.create(tickers, (i) => ({
      name: `c${i}`,
      script: { language: "javascript", source: `print("tick", ${i}, run.number)` },
      schedule: { every: 1000 },
      retention: { runs: seconds + 60, failures: 10 },
    }));
    await pause(SETTLE_MS);
    const before = service.usage();
    const fromAt = Date.now();
    await pause(seconds * 1000);
    const untilAt = Date.now();
    const after = service.usage();
    await service.stop();
    const rows = service.read<{ late: number | null; outcome: string }>(
      "SELECT late_ms AS late, outcome FROM runs WHERE due_at >= ? AND due_at < ?",
      fromAt,
      untilAt - 500,
    );
    const ran = rows.filter((row) => row.outcome === "succeeded");
    const late = figures(ran.map((row) => row.late ?? 0));
    const wanted = (tickers * (untilAt - 500 - fromAt)) / 1000;
    const shortPercent = Math.max(0, (1 - ran.length / wanted) * 100);
    return {
      tickers,
      runsPerSecond: Math.round(ran.length / ((untilAt - 500 - fromAt) / 1000)),
      lateP50Ms: late.p50,
      lateP99Ms: late.p99,
      shortPercent: Math.round(shortPercent * 100) / 100,
      cpuPercent: Math.round(
        ((after.cpuSeconds - before.cpuSeconds) * 100_000) / (untilAt - fromAt),
      ),
      mib: Math.round(after.mib),
      held: late.p99 <= LATE_P99_MAX_MS && shortPercent <= SHORT_PERCENT_MAX,
    };
  } finally {
    if (service.child.exitCode === null) await service.kill();
    service.remove();
  }
}
