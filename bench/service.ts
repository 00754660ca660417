// A service of its own process for a bench: started on an empty folder, asked over HTTP, measured from
// outside (processor time and memory from /proc), and read afterwards from its own database file.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const START = new URL("../packages/server/start.js", import.meta.url).pathname;
const TOKEN = "bench-token-0123456789";
const TICKS_PER_SECOND = 100;

export type BenchService = Awaited<ReturnType<typeof startService>>;

export async function startService(folder = mkdtempSync(join(tmpdir(), "ticker-bench-"))) {
  const args = ["--disable-warning=ExperimentalWarning", START, "--port", "0", "--data", folder];
  const child = spawn(process.execPath, [...args, "--no-examples"], {
    env: { ...process.env, TICKER_TOKEN: TOKEN },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await address(child);
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }

  return {
    url,
    token: TOKEN,
    folder,
    child,
    ask,
    /** Tickers made by `lanes` requests at a time; every one starts when it is made. */
    async create(count: number, body: (i: number) => object, lanes = 8): Promise<void> {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < count) await ask("POST", "/v1/tickers", body(next++));
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    },
    /** Seconds of processor time so far, and resident memory in MiB. */
    usage(): { cpuSeconds: number; mib: number } {
      const fields =
        readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
        mib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
      };
    },
    async stop(): Promise<void> {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
    },
    async kill(): Promise<void> {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
    /** The records themselves, once the service has stopped. */
    read<T>(sql: string, ...values: (number | string)[]): T[] {
      const db = new DatabaseSync(join(folder, "ticker.sqlite"), { readOnly: true });
      try {
        return db.prepare(sql).all(...values) as T[];
      } finally {
        db.close();
      }
    },
    remove(): void {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (bytes) => {
      text += bytes;
      const found = /console +(http\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
  });
}

/** Nearest-rank figures of numbers that need not be sorted. */
export function figures(values: number[]): {
  p50: number;
  p99: number;
  max: number;
  count: number;
} {
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ??
    Number.NaN;
  return {
    p50: rank(0.5),
    p99: rank(0.99),
    max: sorted.at(-1) ?? Number.NaN,
    count: sorted.length,
  };
}

/** Waits `ms` by the wall clock: a bench measures time, so it may. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
