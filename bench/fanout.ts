// W4: one ticker prints 100 lines a second to 1,000 sockets; how many deliveries, how old they are when they
// arrive, and what it costs the service. Beside it, what the same service costs with nobody watching.

import { spawn } from "node:child_process";
import { pause, startService } from "./service.ts";

const VIEWERS = new URL("./viewers.ts", import.meta.url).pathname;
const LINES_PER_SECOND = 100;

export type FanOut = {
  viewers: number;
  deliveriesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  gaps: number;
  /** The service's processor time with the viewers, and with none. */
  cpuPercent: number;
  aloneCpuPercent: number;
  mib: number;
};

/** Prints on a grid of its own, so that a late line does not make fewer of them. */
const SOURCE = `
const began = Date.now();
for (let i = 1; i <= ${LINES_PER_SECOND * 60}; i++) {
  print("@" + Date.now());
  const wait = began + i * ${1000 / LINES_PER_SECOND} - Date.now();
  if (wait > 0) await sleep(wait);
}`;

export async function fanOut(viewers: number, seconds: number): Promise<FanOut> {
  const service = await startService();
  try {
    const { id } = await service.ask<{ id: string }>("POST", "/v1/tickers", {
      name: "talker",
      script: { language: "javascript", source: SOURCE },
      schedule: { hand: true },
      limits: { timeoutMs: 120_000, cpuMs: 60_000, hostCalls: 100_000, outputBytes: 1_048_576 },
    });
    await service.ask("POST", `/v1/tickers/${id}/run`);
    await pause(2_000);
    const cpu = async (work: () => Promise<void>): Promise<number> => {
      const before = service.usage().cpuSeconds;
      const beganAt = performance.now();
      await work();
      return Math.round(
        ((service.usage().cpuSeconds - before) * 100_000) / (performance.now() - beganAt),
      );
    };
    const aloneCpuPercent = await cpu(() => pause(4_000));
    const args = ["--disable-warning=ExperimentalWarning", VIEWERS];
    const child = spawn(
      process.execPath,
      [...args, service.url, service.token, id, String(viewers), String(seconds)],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const lines: string[] = [];
    const said = (n: number) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (lines.length >= n) resolve();
        };
        child.stdout.on("data", (bytes) => {
          lines.push(...String(bytes).split("\n").filter(Boolean));
          look();
        });
        look();
      });
    await said(1);
    await pause(1_000);
    child.stdin.write("go\n");
    const cpuPercent = await cpu(() => said(2));
    const seen = JSON.parse(lines.at(-1) as string) as Omit<FanOut, "viewers">;
    return { ...seen, viewers, cpuPercent, aloneCpuPercent, mib: Math.round(service.usage().mib) };
  } finally {
    await service.kill();
    service.remove();
  }
}
