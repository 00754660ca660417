// Watchers of the real service who come, go, stall, and come back with their cursors at random instants, while
// tickers print and the service is killed and started again. In the end each has what the records have, once and
// in order, or was told of exactly what it has not.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as until } from "node:timers/promises";
import type { ServerMessage } from "@ticker/core/protocol";
import { percentiles } from "@ticker/core/tile";
import { WebSocket } from "ws";
import { makeStormViewer, type StormViewer } from "./feed-storm-viewer.ts";
import { ask, type Running, startChild, stopChild, TOKEN } from "./kill-loop.ts";
import { seeded } from "./seeded.ts";

export type StormReport = {
  seed: number;
  /** What happened, by word: `connect`, `stall`, `kill`... */
  counts: Record<string, number>;
  runs: number;
  events: number;
  gaps: number;
  /** Printed -> heard by somebody who always reads, ms. */
  steadyMs: { p50: number; p99: number; max: number } | null;
  faults: string[];
};

const KEEP_ALL = { retention: { runs: 10_000, failures: 10_000 } };
const retry = { attempts: 2, backoffMs: 100, backoffMaxMs: 100, on: ["failed"] };
const queue = { policy: { overlap: { mode: "queue", queueMax: 5 } } };
/** Name, source, period, and the rest. */
const TICKERS: [string, string, number, object][] = [
  ["fast", "print(run.number)", 50, KEEP_ALL],
  ["steps", "for (let i = 0; i < 8; i++) { print(i); await sleep(30); }", 300, KEEP_ALL],
  ["skips", "print(1); await sleep(450); print(2)", 100, KEEP_ALL],
  ["queues", "print(run.number); await sleep(150)", 120, { ...KEEP_ALL, ...queue }],
  ["fails", 'print("x"); throw new Error("no")', 200, { ...KEEP_ALL, policy: { retry } }],
  [
    "large",
    'for (let i = 0; i < 40; i++) { print(String(i).padEnd(15000, ".")); await sleep(2); }',
    500,
    { ...KEEP_ALL, limits: { outputBytes: 1_048_576 } },
  ],
  ["pruned", "print(run.number)", 50, { retention: { runs: 5, failures: 1 } }],
];

type Client = {
  socket: WebSocket | null;
  /** By the subscription's id, which is never used again: what is under way to an old one is not heard. */
  subscriptions: Map<string, StormViewer>;
  viewers: StormViewer[];
};

/** `seconds` of storm with `clients` watchers of several tickers each, killed `kills` times. */
export async function feedStorm(asked: {
  seed: number;
  seconds: number;
  clients: number;
  kills: number;
  log?: (line: string) => void;
}): Promise<StormReport> {
  const { seed, seconds, kills, log = () => {} } = asked;
  const random = seeded(seed);
  const pick = <T>(all: T[]): T => all[Math.floor(random() * all.length)] as T;
  const folder = mkdtempSync(join(tmpdir(), "ticker-storm-"));
  const counts: Record<string, number> = {};
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const faults: string[] = [];
  const late: number[] = [];
  let serial = 0;
  let service: Running = await startChild(folder, 1);

  const open = (client: Client, hear: (message: ServerMessage) => void): Promise<void> => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const url = `${service.url.replace("http", "ws")}/v1/feed`;
    const socket = new WebSocket(url, ["ticker.v1"], { headers });
    client.socket = socket;
    client.subscriptions.clear();
    socket.on("message", (data) => {
      if (client.socket === socket) hear(JSON.parse(String(data)) as ServerMessage);
    });
    socket.on("close", () => {
      if (client.socket === socket) client.socket = null;
    });
    return new Promise((resolve) => {
      socket.on("open", () => resolve());
      socket.on("error", () => resolve()); // Killed meanwhile: it connects again.
    });
  };
  const hearFor = (client: Client) => (message: ServerMessage) => {
    const id = "id" in message ? message.id : null;
    if (message.type === "error") faults.push(`refused: ${message.code} ${message.message}`);
    if (id !== null) client.subscriptions.get(id)?.hear(message);
  };
  const subscribe = (client: Client, viewer: StormViewer): void => {
    if (client.socket?.readyState !== WebSocket.OPEN) return;
    if ([...client.subscriptions.values()].includes(viewer)) return;
    const id = `s${++serial}`;
    client.subscriptions.set(id, viewer);
    viewer.begin();
    const { tickerId: feed, cursor } = viewer;
    client.socket.send(JSON.stringify({ type: "subscribe", id, feed, cursor: cursor() }));
  };

  try {
    const tickers: { id: string; name: string }[] = [];
    for (const [name, source, every, more] of TICKERS) {
      const script = { language: "javascript", source };
      const body = { name, script, schedule: { every }, ...more };
      tickers.push({
        ...(await ask<{ id: string }>(service.url, "POST", "/v1/tickers", body)),
        name,
      });
    }
    const clients: Client[] = Array.from({ length: asked.clients }, () => ({
      socket: null,
      subscriptions: new Map(),
      viewers: tickers
        .filter(() => random() < 0.6)
        .map(({ id, name }) => makeStormViewer(id, name, (fault) => faults.push(fault))),
    }));
    const steady: Client = { socket: null, subscriptions: new Map(), viewers: [] };
    const watchSteadily = async (): Promise<void> => {
      await open(steady, (message) => {
        if (message.type !== "events") return;
        for (const event of message.events) {
          if (event.kind === "output") late.push(Date.now() - event.at);
        }
      });
      if (steady.socket?.readyState !== WebSocket.OPEN) return;
      const feed = tickers[0]?.id;
      steady.socket.send(JSON.stringify({ type: "subscribe", id: "s", feed, last: 0 }));
    };
    await watchSteadily();

    const deeds: [string, (client: Client) => unknown][] = [
      ["connect", (client) => client.socket ?? open(client, hearFor(client))],
      ["connect", (client) => client.socket ?? open(client, hearFor(client))],
      ["subscribe", (client) => client.viewers[0] && subscribe(client, pick(client.viewers))],
      [
        "subscribe all",
        (client) => {
          for (const viewer of client.viewers) subscribe(client, viewer);
        },
      ],
      ["stall", (client) => client.socket?.pause()],
      ["go on", (client) => client.socket?.resume()],
      ["go on", (client) => client.socket?.resume()],
      ["cut", (client) => random() < 0.5 && client.socket?.terminate()],
      [
        "unsubscribe",
        (client) => {
          const id = pick([...client.subscriptions.keys()]);
          if (id === undefined || client.socket?.readyState !== WebSocket.OPEN) return;
          client.subscriptions.delete(id);
          client.socket.send(JSON.stringify({ type: "unsubscribe", id }));
        },
      ],
    ];
    const endAt = Date.now() + seconds * 1_000;
    const killsAt = Array.from(
      { length: kills },
      (_, i) => endAt - (seconds * 1_000 * (i + 1)) / (kills + 1),
    );
    while (Date.now() < endAt) {
      const [what, deed] = pick(deeds);
      count(what);
      deed(pick(clients));
      if (Date.now() > (killsAt.at(-1) ?? Infinity)) {
        killsAt.pop();
        count("kill");
        await stopChild(service.child, "SIGKILL");
        service = await startChild(folder, 1);
        await watchSteadily();
        log(`killed and started again; ${late.length} lines heard steadily`);
      }
      // The instants are what is random here; nothing is waited for.
      await until(random() * 15);
    }

    for (const { id } of tickers) await ask(service.url, "POST", `/v1/tickers/${id}/stop`);
    await ask(service.url, "POST", "/v1/killall", {}); // What is under way or queued is over when this answers.
    const report = {
      seed,
      counts,
      runs: 0,
      events: 0,
      gaps: 0,
      steadyMs: percentiles(late),
      faults,
    };
    for (const client of clients) {
      client.socket?.terminate(); // One that has stalled may not know yet that it was dropped.
      await open(client, hearFor(client));
      for (const viewer of client.viewers) subscribe(client, viewer);
    }
    for (const { id } of tickers) {
      const records = await readRecords(service.url, id);
      report.runs += records.length;
      for (const viewer of clients.flatMap((client) => client.viewers)) {
        if (viewer.tickerId !== id) continue;
        await viewer.reaches(records[0]?.number ?? 0);
        viewer.compare(records);
        report.events += viewer.events();
        report.gaps += viewer.gaps.length;
      }
    }
    for (const client of [...clients, steady]) client.socket?.terminate();
    return report;
  } finally {
    service.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

export type StormRecord = { number: number; outcome: string; events: { seq: number }[] };

/** Every run of a ticker with its events, newest first. */
async function readRecords(url: string, id: string): Promise<StormRecord[]> {
  const records: StormRecord[] = [];
  let before: number | null = null;
  do {
    const where: string = `/v1/tickers/${id}/runs?limit=100${before === null ? "" : `&before=${before}`}`;
    const page: { items: StormRecord[] } = await ask(url, "GET", where);
    for (const run of page.items) {
      const path = `/v1/tickers/${id}/runs/${run.number}?limit=500`;
      const { events } = await ask<StormRecord>(url, "GET", path);
      records.push({ ...run, events });
    }
    before = page.items.at(-1)?.number ?? null;
  } while (before !== null && before > 1);
  return records;
}
