// Kills the real service with SIGKILL at random instants, again and again, and checks after each start what
// must hold. The scripts report to a collector outside the service, so what really ran is known apart from
// what was recorded.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as until } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ServerMessage } from "@ticker/core/protocol";
import { WebSocket } from "ws";
import { seeded } from "./seeded.ts";

const START = fileURLToPath(new URL("../../packages/server/start.js", import.meta.url));
export const TOKEN = "kill-loop-token-0123456789";

export type KillReport = {
  seed: number;
  kills: number;
  /** Runs in the records, of these cut short, and due times recorded as not run. */
  runs: number;
  interrupted: number;
  notRun: number;
  /** Ready -> first run started, ms, one for each start on a used folder. */
  firstTickMs: number[];
  /** Process start -> ready, ms. */
  readyMs: number[];
  faults: string[];
};

type Seen = { tickerId: string; run: number; seq: number };

/** Who hears from the scripts themselves: `begin` and `end` of each run, by ticker and due time. */
async function collector(): Promise<{ server: Server; port: number; heard: Map<string, number> }> {
  const heard = new Map<string, number>();
  const server = createServer((request, response) => {
    heard.set(request.url ?? "", (heard.get(request.url ?? "") ?? 0) + 1);
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, heard };
}

const script = (port: number, sleepMs: number): string => `
await fetch("http://127.0.0.1:${port}/begin/" + ticker.name + "/" + run.dueAt);
print("begun", run.number);
await sleep(${sleepMs});
await state.set("count", ((await state.get("count")) ?? 0) + 1);
print("count", await state.get("count"));
await fetch("http://127.0.0.1:${port}/end/" + ticker.name + "/" + run.dueAt);
`;

export type Running = { child: ChildProcess; url: string; readyAt: number; readyMs: number };

export async function startChild(folder: string, collectorPort: number): Promise<Running> {
  const beganAt = Date.now();
  const args = ["--disable-warning=ExperimentalWarning", START, "--port", "0", "--data", folder];
  args.push("--no-examples", "--allow-host", `127.0.0.1:${collectorPort}`);
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TICKER_TOKEN: TOKEN },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (bytes) => {
    errors += bytes;
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (bytes) => {
      text += bytes;
      const found = /console +(http\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}: ${errors}`)));
  });
  const readyAt = Date.now();
  return { child, url, readyAt, readyMs: readyAt - beganAt };
}

export async function ask<T>(url: string, method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Notes every event a viewer was shown: what was shown must never be taken back. */
function watch(url: string, seen: Map<string, Seen>): WebSocket {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/feed`, ["ticker.v1"], {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  socket.on("error", () => {}); // It ends with the service, as it is meant to.
  socket.on("open", () =>
    socket.send(JSON.stringify({ type: "subscribe", id: "a", feed: "account" })),
  );
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    if (message.type !== "events") return;
    const { tickerId, run, to } = message;
    const key = `${tickerId}/${run}`;
    if ((seen.get(key)?.seq ?? 0) < to) seen.set(key, { tickerId, run, seq: to });
  });
  return socket;
}

/** `kills` kills at random instants; answers what was found. `faults` empty: all held. */
export async function killLoop(ask_: {
  kills: number;
  seed: number;
  log?: (line: string) => void;
}) {
  const { kills, seed, log = () => {} } = ask_;
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), "ticker-kill-"));
  const { server, port, heard } = await collector();
  const seen = new Map<string, Seen>();
  const created: string[] = [];
  const report: KillReport = {
    seed,
    kills,
    runs: 0,
    interrupted: 0,
    notRun: 0,
    firstTickMs: [],
    readyMs: [],
    faults: [],
  };
  const children: ChildProcess[] = [];
  try {
    for (let round = 0; round <= kills; round++) {
      const { child, url, readyAt, readyMs } = await startChild(folder, port);
      children.push(child);
      report.readyMs.push(readyMs);
      const socket = watch(url, seen);
      await checkStart(url, readyAt, round, report, created);
      if (round < 8) {
        const name = `k${round}`;
        const every = round % 2 === 0 ? 100 : 500;
        const source = script(port, round % 4 === 3 ? 300 : 20);
        const body = { name, script: { language: "javascript", source }, schedule: { every } };
        await ask(url, "POST", "/v1/tickers", {
          ...body,
          retention: { runs: 10_000, failures: 10_000 },
        });
        created.push(name); // Acknowledged: from here on it may not be lost.
      }
      if (round === kills) {
        await stopChild(child, "SIGTERM");
      } else {
        // The instant of the kill is what is random here; nothing is waited for.
        await until(300 + random() * 700);
        await stopChild(child, "SIGKILL");
        log(
          `kill ${round + 1} of ${kills}: ready after ${readyMs} ms, ${heard.size} reports so far`,
        );
      }
      socket.terminate();
    }
    checkRecords(folder, heard, seen, report);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return report;
}

export function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

/** At once after a start: nobody is running from before, all tickers are there, and the first tick comes. */
async function checkStart(
  url: string,
  readyAt: number,
  round: number,
  report: KillReport,
  created: string[],
): Promise<void> {
  type Open = { items: { id: string; startedAt: number | null; state: string }[] };
  const open = await ask<Open>(url, "GET", "/v1/runs");
  for (const run of open.items) {
    if (run.startedAt !== null && run.startedAt < readyAt - 2_000) {
      report.faults.push(`round ${round}: ${run.id} is still ${run.state} after the restart`);
    }
  }
  const { items } = await ask<{ items: { name: string }[] }>(url, "GET", "/v1/tickers?limit=500");
  const names = new Set(items.map((item) => item.name));
  for (const name of created) {
    if (!names.has(name))
      report.faults.push(`round ${round}: ticker ${name} was acknowledged and is gone`);
  }
  if (created.length === 0) return;
  // The first ticker of the loop ticks every 100 ms: its next run tells how soon the service ticks again.
  for (;;) {
    const runs = await ask<{ items: { startedAt: number | null; finishedAt: number | null }[] }>(
      url,
      "GET",
      "/v1/tickers/k0/runs?limit=10",
    );
    const started = runs.items
      .map((run) => run.startedAt)
      .filter((at): at is number => at !== null && at >= readyAt - 300)
      .sort((a, b) => a - b);
    if (started[0] !== undefined) {
      report.firstTickMs.push(Math.max(0, started[0] - readyAt));
      return;
    }
  }
}

type Row = {
  ticker: number;
  id: string;
  name: string;
  every: number;
  number: number;
  due: number;
  until: number;
  count: number;
  state: string;
  outcome: string;
  seq: number;
};

/** Everything that must hold of the records when all is over. */
function checkRecords(
  folder: string,
  heard: Map<string, number>,
  seen: Map<string, Seen>,
  report: KillReport,
): void {
  const db = new DatabaseSync(join(folder, "ticker.sqlite"), { readOnly: true });
  const rows = db
    .prepare(
      `SELECT r.ticker, t.id, t.name, json_extract(t.json, '$.schedule.every') AS every, r.number,
        r.due_at AS due, r.due_until_at AS until, r.count, r.state, r.outcome, r.seq
       FROM runs r JOIN tickers t ON t.key = r.ticker ORDER BY r.ticker, r.number`,
    )
    .all() as Row[];
  const integrity = db.prepare("PRAGMA integrity_check").get() as { integrity_check: string };
  db.close();
  if (integrity.integrity_check !== "ok")
    report.faults.push(`integrity: ${integrity.integrity_check}`);
  const byRun = new Map(rows.map((row) => [`${row.id}/${row.number}`, row]));
  const byDue = new Map(rows.map((row) => [`${row.name}/${row.due}`, row]));
  for (const row of rows) {
    if (row.outcome === "skipped" || row.outcome === "missed") report.notRun += row.count;
    else report.runs++;
    if (row.outcome === "interrupted") report.interrupted++;
    if (row.state !== "finished")
      report.faults.push(`${row.name} run ${row.number} is ${row.state}`);
  }
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before?.ticker !== row.ticker) continue;
    if (row.number !== before.number + 1)
      report.faults.push(`${row.name}: number ${row.number} follows ${before.number}`);
    if (row.due !== before.until + row.every) {
      report.faults.push(
        `${row.name}: due ${row.due} follows ${before.until}; every ${row.every}: a due time is absent or twice there`,
      );
    }
  }
  for (const [path, times] of heard) {
    const [, kind, name, due] = path.split("/");
    const row = byDue.get(`${name}/${due}`);
    if (kind === "end" && times > 1)
      report.faults.push(`${name} due ${due} ran ${times} times to completion`);
    if (kind === "begin" && times > 1)
      report.faults.push(`${name} due ${due} was begun ${times} times`);
    if (row === undefined) report.faults.push(`${name} due ${due} ran and is in no record`);
  }
  for (const { tickerId, run, seq } of seen.values()) {
    const row = byRun.get(`${tickerId}/${run}`);
    if (row === undefined || row.seq < seq) {
      report.faults.push(`${tickerId} run ${run}: event ${seq} was shown and is not recorded`);
    }
  }
}
