// SQLite keeps the contract, and beside it what only a file can be asked: reopening, a newer schema, a
// damaged file, a full disk, a commit that fails, a log cut off anywhere.

import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, TransientError, VisibleError } from "@ticker/core/error";
import type { Store } from "@ticker/core/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type SqliteOptions, sqliteStore } from "../packages/server/src/sqlite.ts";
import { storeContract } from "./store.contract.ts";
import { temporaryFolder } from "./support/folder.ts";
import { seeded } from "./support/seeded.ts";
import { claimOf, finishOf, LEASE, output, statusOf, tickerOf } from "./support/store-values.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "ticker.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

storeContract("SQLite", () => sqliteStore(path, { lazyMs: 0 }));

describe("SQLite", () => {
  const opened: Store[] = [];
  const open = (options: SqliteOptions = {}) => {
    const store = sqliteStore(path, { lazyMs: 0, ...options });
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const create = (store: Store, id: string) =>
    store.createTicker(tickerOf(id), statusOf(tickerOf(id)));

  test("has everything again after it was closed and opened", async () => {
    let store = open();
    await create(store, "t_1");
    await store.claim(claimOf("t_1", 1000, { queueMax: 1 }));
    await store.claim(claimOf("t_1", 2000, { queueMax: 1 }));
    await store.appendEvents("t_1.1000", 1, 1, [output(1001, "a")]);
    const before = await store.openRuns("ada", 10);
    await store.close();
    store = open();
    expect(await store.openRuns("ada", 10)).toEqual(before);
    const finished = await store.finishRun(finishOf(before[1] ?? claimed(), 2500));
    expect(finished).toMatchObject({
      ok: true,
      next: { id: "t_1.2000" },
      events: [{ seq: 2 }, {}, {}],
    });
  });
  const claimed = (): never => {
    throw new Error("there is no such run");
  };

  test("resolves a promise only when another connection sees the write", async () => {
    const store = open({ lazyMs: 5 });
    const other = new DatabaseSync(path, { readOnly: true });
    const tickers = () => other.prepare("SELECT count(*) AS n FROM tickers").get()?.n;
    const made = Promise.all(["t_1", "t_2", "t_3"].map((id) => create(store, id)));
    expect(tickers()).toBe(0);
    await made;
    expect(tickers()).toBe(3);
    other.close();
  });

  test("leaves a file with a newer schema alone", async () => {
    await open().close();
    const other = new DatabaseSync(path);
    other.exec("PRAGMA user_version = 99");
    other.close();
    const bytes = readFileSync(path);
    expect(() => open()).toThrow(VisibleError);
    expect(() => open()).toThrow(/newer Ticker \(schema 99/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test("leaves a file alone that is no database, and says so", () => {
    writeFileSync(path, "this is not a database, it is a letter".repeat(100));
    const bytes = readFileSync(path);
    expect(() => open()).toThrow(/damaged or is no Ticker database.*Nothing was changed/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test("takes back the whole group when a commit fails, and goes on as if it had not been", async () => {
    const store = open();
    await create(store, "t_1");
    await create(store, "t_2");
    // A promise to the database that is only checked at the commit, and that one of the runs breaks.
    const other = new DatabaseSync(path);
    other.exec(`CREATE TABLE parents (id INTEGER PRIMARY KEY);
      CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER broken AFTER INSERT ON runs WHEN new.trigger = 'hand'
      BEGIN INSERT INTO children VALUES (1); END`);
    other.close();
    const hand = { id: "t_2.1000h", trigger: "hand", dueAt: 1000 } as const;
    const group = await Promise.allSettled([
      store.claim(claimOf("t_1", 1000)),
      store.claim(claimOf("t_2", 1000, { run: hand })),
    ]);
    expect(group.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    for (const each of group)
      expect((each as PromiseRejectedResult).reason).toBeInstanceOf(TransientError);
    expect(await store.counts(null)).toMatchObject({ running: 0 });
    expect(await store.readRun("ada", "t_1", 1)).toBeNull();
    expect(await store.claim(claimOf("t_1", 1000))).toMatchObject({ run: { number: 1 } });
    expect(await store.counts(null)).toMatchObject({ running: 1 });
  });

  test("takes back only the verb that fails halfway, and keeps its neighbours", async () => {
    const store = open();
    await create(store, "t_1");
    await create(store, "t_2");
    const other = new DatabaseSync(path);
    other.exec(`CREATE TRIGGER refused BEFORE UPDATE ON statuses WHEN new.ticker = 2
      BEGIN SELECT raise(ABORT, 'not this one'); END`);
    other.close();
    const group = await Promise.allSettled([
      store.claim(claimOf("t_1", 1000)),
      store.claim(claimOf("t_2", 1000)),
    ]);
    expect(group.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((group[1] as PromiseRejectedResult).reason).toBeInstanceOf(TransientError);
    expect(await store.openRuns(null, 10)).toMatchObject([{ id: "t_1.1000" }]);
    expect(await store.readRun("ada", "t_2", 1)).toBeNull();
  });

  test("refuses writes when it is full, still reads, and writes again when there is room", async () => {
    const store = open({ bytesMax: 512 * 1024 });
    await create(store, "t_1");
    await create(store, "t_2");
    const filled = await store.claim(claimOf("t_1", 1000));
    assert(filled.claimed && filled.run, "the run was claimed");
    await store.claim(claimOf("t_2", 1000));
    const line = "x".repeat(15_000);
    let seq = 1;
    const fill = async () => {
      for (; seq < 1000; seq++) await store.appendEvents("t_1.1000", 1, seq, [output(1000, line)]);
    };
    await expect(fill()).rejects.toThrow(TransientError);
    expect(seq).toBeGreaterThan(10);
    expect(await store.readEvents("ada", "t_1", 1, 1, 1000)).toHaveLength(seq - 1);
    expect(await store.setDeleted("ada", "t_1", 5, 5)).toMatchObject({
      entry: { ticker: { deletedAt: 5 } },
    });
    const finish = finishOf({ ...filled.run, seq: seq - 1 }, 2000);
    expect(await store.finishRun(finish)).toMatchObject({ ok: true });
    expect(await store.purgeTickers(10, 1)).toBe(1);
    const added = await store.appendEvents("t_2.1000", 1, 1, [output(1000, line)]);
    expect(added).toMatchObject({ ok: true });
  });

  test("opens to a prefix of what was acknowledged, wherever its log was cut", async () => {
    const store = open();
    await create(store, "t_1");
    for (let dueAt = 1000; dueAt <= 40_000; dueAt += 1000) {
      const got = await store.claim(claimOf("t_1", dueAt));
      if (got.claimed && got.run) await store.finishRun(finishOf(got.run, dueAt + 1));
    }
    const copy = join(folder, "copy.sqlite");
    const logBytes = readFileSync(`${path}-wal`).length;
    const random = seeded(7);
    const lengths = new Set<number>();
    for (let cut = 0; cut < 25; cut++) {
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      rmSync(`${copy}-shm`, { force: true });
      truncateSync(`${copy}-wal`, Math.floor(random() * logBytes));
      if (cut % 3 === 0) appendFileSync(`${copy}-wal`, Buffer.alloc(5000, 7));
      const torn = sqliteStore(copy);
      const ask = { before: null, limit: 100, failed: false };
      const runs = await torn.listRuns("ada", "t_1", ask);
      const entry = await torn.readTicker("ada", { id: "t_1" });
      lengths.add(runs.length);
      expect(runs.map(({ number }) => number)).toEqual(runs.map((_, i) => runs.length - i));
      expect(entry?.status.runNumber ?? 0).toBe(runs.length);
      expect(entry?.status.active.length ?? 0).toBe(runs[0]?.state === "running" ? 1 : 0);
      await torn.close();
      rmSync(copy);
    }
    expect(lengths.size).toBeGreaterThan(5);
  });

  test("keeps its log short while it writes without a pause", async () => {
    const store = open({ synchronous: "normal" });
    await create(store, "t_1");
    await store.claim(claimOf("t_1", 1000, { lease: LEASE }));
    const text = "y".repeat(16_000);
    let longest = 0;
    for (let seq = 1; seq < 4000; seq += 20) {
      const lines = Array.from({ length: 20 }, () => output(1000, text));
      await store.appendEvents("t_1.1000", 1, seq, lines);
      longest = Math.max(longest, statSync(`${path}-wal`).size);
    }
    expect(longest).toBeLessThan(48 * 1024 * 1024);
  });

  test("refuses everything once it is closed", async () => {
    const store = open();
    await store.close();
    await store.close();
    await expect(store.counts(null)).rejects.toThrow(TransientError);
    await expect(create(store, "t_1")).rejects.toThrow(/closed/);
  });
});
