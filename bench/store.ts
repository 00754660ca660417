// What the store costs: claim + finish pairs per second and the look for due tickers, beside a bare loop
// that writes the same rows (one insert, three updates a pair) with nothing around it. The ratio says
// what the contract costs; the bare loop says what the disk and SQLite would give on this machine now.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runId } from "@ticker/core/run";
import type { Store } from "@ticker/core/store";
import { LIMITS_DEFAULT, POLICY_DEFAULT, type Ticker } from "@ticker/core/ticker";
import { sqliteStore } from "../packages/server/src/sqlite.ts";

export type StoreFigures = {
  /** Claim + finish pairs a second, in groups of `tickers`, and of the bare loop's. */
  pairsPerSecond: number;
  barePairsPerSecond: number;
  /** Store over bare loop: 1 would be free. */
  pairsRatio: number;
  /** Microseconds for one due ticker found among all, and for the bare query's row. */
  dueMicros: number;
  bareDueMicros: number;
};

const LEASE = { holder: "bench", untilAt: Number.MAX_SAFE_INTEGER };

/** Measures on a temporary file, `seconds` for each of the two. Single-threaded; both let the disk wait (synchronous=NORMAL). */
export async function measureStore(tickers = 1000, seconds = 3): Promise<StoreFigures> {
  const folder = mkdtempSync(join(tmpdir(), "ticker-bench-"));
  try {
    const ours = await storeLoop(join(folder, "store.sqlite"), tickers, seconds);
    const bare = bareLoop(join(folder, "bare.sqlite"), tickers, seconds);
    return {
      pairsPerSecond: ours.pairsPerSecond,
      barePairsPerSecond: bare.pairsPerSecond,
      pairsRatio: ours.pairsPerSecond / bare.pairsPerSecond,
      dueMicros: ours.dueMicros,
      bareDueMicros: bare.dueMicros,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function storeLoop(path: string, tickers: number, seconds: number) {
  const store = sqliteStore(path);
  await Promise.all(Array.from({ length: tickers }, (_, index) => create(store, index)));
  let [pairs, dueMs, at] = [0, 0, 1000];
  const begunAt = performance.now();
  while (performance.now() - begunAt < seconds * 1000) {
    const lookAt = performance.now();
    const due = await store.dueTickers(at, tickers);
    dueMs += performance.now() - lookAt;
    await Promise.all(due.map(({ ticker }) => pair(store, ticker.id, at)));
    pairs += due.length;
    at += 1000;
  }
  const elapsedMs = performance.now() - begunAt;
  await store.close();
  return { pairsPerSecond: (pairs / elapsedMs) * 1000, dueMicros: (dueMs / pairs) * 1000 };
}

async function pair(store: Store, tickerId: string, at: number): Promise<void> {
  const id = runId(tickerId, at, "schedule");
  const claimed = await store.claim({
    ...{ tickerId, dueAt: at, revision: 1, nextDueAt: at + 1000, done: false, unrun: null },
    ...{ run: { id, trigger: "schedule", dueAt: at }, queueMax: 0, lease: LEASE, at },
  });
  if (!claimed.claimed) throw new Error(`the claim of ${id} was lost: ${claimed.why}`);
  const finished = await store.finishRun({
    ...{ runId: id, attempt: 1, revision: 1, at, outcome: "succeeded", error: null, retryAt: null },
    happenings: [
      { at, kind: "started", attempt: 1, lateMs: 1 },
      { at, kind: "output", text: "hello world", stream: "out" },
      { at, kind: "finished", outcome: "succeeded", error: null, durationMs: 5 },
    ],
    ...{ startedAt: at, lateMs: 1, cpuMs: 1, outputBytes: 11, droppedBytes: 0, metrics: {} },
    ...{ progress: null, lastLine: "hello world", stateWrites: {}, stopAfterFailures: 0 },
    ...{ done: false, lease: LEASE },
  });
  if (!finished.ok) throw new Error(`the finish of ${id} was refused: ${finished.why}`);
}

async function create(store: Store, index: number): Promise<void> {
  const ticker: Ticker = {
    ...{ id: `t_${String(index).padStart(16, "0")}`, owner: "bench", page: null },
    ...{ name: `n${index}`, script: { language: "javascript", source: "print('hello world')" } },
    ...{ schedule: { every: 1000, from: "start" }, policy: POLICY_DEFAULT, limits: LIMITS_DEFAULT },
    ...{ retention: { runs: 100, failures: 50 }, tags: [], revision: 1, createdAt: 0 },
    ...{ updatedAt: 0, deletedAt: null, requestHash: null },
  };
  await store.createTicker(ticker, {
    ...{ tickerId: ticker.id, owner: ticker.owner, state: "started", stopReason: null },
    ...{ revision: 1, anchorAt: 0, nextDueAt: 1000, runNumber: 0, active: [], queued: [] },
    ...{ failuresInRow: 0, lastRunNumber: null, lastOutcome: null, lastFinishedAt: null },
    openRecord: null,
  });
}

/** The same number of rows, indexes and commits, without lookups, decisions or promises. */
function bareLoop(path: string, tickers: number, seconds: number) {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE statuses (ticker INTEGER PRIMARY KEY, due_at INTEGER, number INTEGER, active TEXT);
    CREATE INDEX due ON statuses (due_at);
    CREATE TABLE runs (key INTEGER PRIMARY KEY, ticker INTEGER, number INTEGER, id TEXT,
      due_at INTEGER, state TEXT, events TEXT);
    CREATE UNIQUE INDEX numbers ON runs (ticker, number);
    CREATE INDEX dues ON runs (due_at, ticker);`);
  const insert = db.prepare("INSERT INTO statuses VALUES (?, 1000, 0, NULL)");
  for (let ticker = 1; ticker <= tickers; ticker++) insert.run(ticker);
  const due = db.prepare("SELECT * FROM statuses WHERE due_at <= ? ORDER BY due_at LIMIT ?");
  const begin = db.prepare("INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, 'running', NULL)");
  const claim = db.prepare(
    "UPDATE statuses SET due_at = ?, number = ?, active = ? WHERE ticker = ?",
  );
  const finish = db.prepare(
    "UPDATE runs SET state = ?, events = ? WHERE ticker = ? AND number = ?",
  );
  const free = db.prepare("UPDATE statuses SET active = NULL WHERE ticker = ?");
  const events = `[${`{"seq":1,"at":1000,"kind":"output","text":"hello world"},`.repeat(3)}{}]`;
  let [pairs, dueMs, number] = [0, 0, 0];
  const begunAt = performance.now();
  while (performance.now() - begunAt < seconds * 1000) {
    const at = ++number * 1000;
    const lookAt = performance.now();
    const rows = due.all(at, tickers) as { ticker: number }[];
    dueMs += performance.now() - lookAt;
    db.exec("BEGIN");
    for (const { ticker } of rows) {
      const id = `t_${String(ticker).padStart(16, "0")}.${at}`;
      begin.run(ticker, number, id, at);
      claim.run(at + 1000, number, id, ticker);
    }
    db.exec("COMMIT; BEGIN");
    for (const { ticker } of rows) {
      finish.run("finished", events, ticker, number);
      free.run(ticker);
    }
    db.exec("COMMIT");
    pairs += rows.length;
  }
  const elapsedMs = performance.now() - begunAt;
  db.close();
  return { pairsPerSecond: (pairs / elapsedMs) * 1000, dueMicros: (dueMs / pairs) * 1000 };
}
