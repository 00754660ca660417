// W2: 100 tickers at 1 s and 10 at 100 ms for a minute: how late, and how many due times were not run.

import { figures, pause, startService } from "./service.ts";

export type Jitter = {
  every: number;
  runs: number;
  notRun: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

export async function jitter(
  seconds: number,
): Promise<{ rows: Jitter[]; cpuPercent: number; mib: number }> {
  const service = await startService();
  try {
    const body = (name: string, every: number) => ({
      name,
      script: { language: "javascript", source: 'print("tick", run.number)' },
      schedule: { every },
      retention: { runs: 10_000, failures: 100 },
    });
    await service.create(100, (i) => body(`s${i}`, 1000), 1);
    await service.create(10, (i) => body(`f${i}`, 100), 1);
    await pause(2_000);
    const before = service.usage();
    const fromAt = Date.now();
    await pause(seconds * 1000);
    const untilAt = Date.now();
    const after = service.usage();
    await service.stop();
    const rows = [1000, 100].map((every) => {
      const records = service.read<{ late: number | null; outcome: string; count: number }>(
        `SELECT r.late_ms AS late, r.outcome, r.count FROM runs r JOIN tickers t ON t.key = r.ticker
         WHERE r.due_at >= ? AND r.due_at < ? AND json_extract(t.json, '$.schedule.every') = ?`,
        fromAt,
        untilAt,
        every,
      );
      const ran = records.filter((row) => row.outcome === "succeeded");
      const late = figures(ran.map((row) => row.late ?? 0));
      const notRun = records
        .filter((row) => row.outcome === "missed" || row.outcome === "skipped")
        .reduce((sum, row) => sum + row.count, 0);
      return { every, runs: ran.length, notRun, p50Ms: late.p50, p99Ms: late.p99, maxMs: late.max };
    });
    const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
    return {
      rows,
      cpuPercent: Math.round((cpuSeconds * 100_000) / (untilAt - fromAt)),
      mib: Math.round(after.mib),
    };
  } finally {
    if (service.child.exitCode === null) await service.kill();
    service.remove();
  }
}
