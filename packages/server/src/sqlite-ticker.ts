// The store's verbs about definitions and their state: create, read, list, edit, start, stop, bin, purge.

import type { DatabaseSync } from "node:sqlite";
import { assert, VisibleError } from "@ticker/core/error";
import type { Event } from "@ticker/core/event";
import type { Run } from "@ticker/core/run";
import type { Store } from "@ticker/core/store";
import type { Ticker } from "@ticker/core/ticker";
import { binned, edited, started, stopped } from "@ticker/core/transition";
import type { Group } from "./sqlite-commit.ts";
import type { Known, Memory } from "./sqlite-memory.ts";
import { STATUS_INSERT, statusRow } from "./sqlite-row.ts";
import type { Writing } from "./sqlite-write.ts";

type TickerVerbs = Pick<
  Store,
  | "createTicker"
  | "readTicker"
  | "listTickers"
  | "usedPages"
  | "tickerCount"
  | "editTicker"
  | "setState"
  | "setDeleted"
  | "purgeTickers"
>;

/** Stands for "no page" in the order of a list: after all pages. */
const NO_PAGE = 1_000_000;

export function tickerVerbs(
  db: DatabaseSync,
  group: Group,
  memory: Memory,
  writing: Writing,
): TickerVerbs {
  const insert = db.prepare(
    `INSERT INTO tickers (id, owner, page, name, deleted_at, revision, keep_runs, keep_failures,
     tags, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    `UPDATE tickers SET name = ?, deleted_at = ?, revision = ?, keep_runs = ?, keep_failures = ?,
     tags = ?, json = ? WHERE key = ?`,
  );
  const insertStatus = db.prepare(STATUS_INSERT);
  const byPage = db.prepare("SELECT key FROM tickers WHERE owner = ? AND page = ?");
  const byName = db.prepare(
    "SELECT key FROM tickers WHERE owner = ? AND name = ? AND deleted_at IS NULL",
  );
  const list = db.prepare(
    `SELECT key FROM tickers WHERE owner = ?1 AND (ifnull(page, ${NO_PAGE}), id) > (?2, ?3)
     AND (deleted_at IS NOT NULL) = ?4
     AND (?5 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?5))
     ORDER BY ifnull(page, ${NO_PAGE}), id LIMIT ?6`,
  );
  const bin = db.prepare(
    `SELECT key FROM tickers JOIN statuses ON ticker = key WHERE deleted_at < ? AND active IS NULL
     ORDER BY deleted_at, key LIMIT ?`,
  );
  const removals = ["runs", "chunks", "kept", "statuses"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE ticker = ?`),
  );
  const remove = db.prepare("DELETE FROM tickers WHERE key = ?");

  function known(row: unknown): Known | null {
    return row === undefined ? null : memory.knownByKey((row as { key: number }).key);
  }

  function save(key: number, ticker: Ticker): Known {
    const json = JSON.stringify(ticker);
    const { name, deletedAt, revision, retention } = ticker;
    const tags = JSON.stringify(ticker.tags);
    update.run(name, deletedAt, revision, retention.runs, retention.failures, tags, json, key);
    memory.grown.add(key);
    return memory.keep(key, JSON.parse(json), json.length);
  }

  return {
    createTicker(ticker, status) {
      return group.write("create a ticker", true, () => {
        const { id, owner, page, name, deletedAt, revision, retention } = ticker;
        const same = memory.knownById(id);
        if (same) {
          const entry = same.ticker.owner === owner ? memory.entry(same) : null;
          return { ok: false, why: "exists", entry };
        }
        const holder = page === null ? null : known(byPage.get(owner, page));
        if (holder) return { ok: false, why: "page-taken", entry: memory.entry(holder) };
        const namesake = known(byName.get(owner, name));
        if (namesake) return { ok: false, why: "name-taken", entry: memory.entry(namesake) };
        const json = JSON.stringify(ticker);
        const { runs, failures } = retention;
        const tags = JSON.stringify(ticker.tags);
        const values = [id, owner, page, name, deletedAt, revision, runs, failures, tags, json];
        const key = Number(insert.run(...values).lastInsertRowid);
        insertStatus.run(...statusRow(key, status));
        memory.keep(key, JSON.parse(json), json.length);
        memory.noteTaken(owner, deletedAt === null ? { live: 1, page } : { page });
        return { ok: true };
      });
    },

    readTicker(owner, key, deleted = false) {
      return group.read("read a ticker", () => {
        const found =
          "id" in key
            ? memory.owned(owner, key.id)
            : known("page" in key ? byPage.get(owner, key.page) : byName.get(owner, key.name));
        if (!found || (found.ticker.deletedAt !== null && !deleted)) return null;
        return memory.entry(found);
      });
    },

    listTickers(owner, { limit, cursor, deleted, tag }) {
      return group.read("list tickers", () => {
        const after = placeOf(cursor);
        const rows = list.all(owner, after.page, after.id, deleted ? 1 : 0, tag, limit + 1);
        const items = rows.slice(0, limit).map((row) => memory.entry(known(row) as Known));
        const last = items.at(-1)?.ticker;
        const more = rows.length > limit && last;
        return { items, next: more ? `${last.page ?? NO_PAGE}.${last.id}` : null };
      });
    },

    usedPages(owner) {
      return group.read("read the pages in use", () =>
        [...memory.taken(owner).pages].sort((a, b) => a - b),
      );
    },

    tickerCount(owner) {
      return group.read("count tickers", () => memory.taken(owner).live);
    },

    editTicker(ticker, timing) {
      return group.write("edit a ticker", true, () => {
        const found = memory.owned(ticker.owner, ticker.id);
        if (!found || found.ticker.deletedAt !== null)
          return { ok: false, why: "absent", entry: null };
        const stored = found.ticker;
        if (stored.revision === ticker.revision && sameJson(stored, ticker))
          return { ok: true, entry: memory.entry(found) };
        if (stored.revision !== ticker.revision - 1)
          return { ok: false, why: "conflict", entry: memory.entry(found) };
        const namesake = known(byName.get(ticker.owner, ticker.name));
        if (namesake && namesake.key !== found.key)
          return { ok: false, why: "name-taken", entry: memory.entry(namesake) };
        assert(stored.page === ticker.page, `ticker ${ticker.id} keeps its page for life`);
        const status = edited(memory.status(found), ticker.revision, timing);
        writing.saveStatus(found, status);
        return { ok: true, entry: { ticker: save(found.key, ticker).ticker, status } };
      });
    },

    setState(owner, tickerId, change) {
      return group.write("start or stop a ticker", true, () => {
        const found = memory.owned(owner, tickerId);
        if (!found || found.ticker.deletedAt !== null) return null;
        const before = memory.status(found);
        let ended: { run: Run; events: Event[] }[] = [];
        let status = before;
        if (change.state === "started") {
          status = started(before, change.anchorAt, change.nextDueAt);
        } else {
          ended = writing.killQueued(found, before.queued, change.at);
          status = stopped({ ...before, queued: [] }, change.reason);
        }
        writing.saveStatus(found, status);
        return { entry: { ticker: found.ticker, status }, ended };
      });
    },

    setDeleted(owner, tickerId, deletedAt, at) {
      return group.write("move a ticker into or out of the bin", true, () => {
        const found = memory.owned(owner, tickerId);
        if (!found) return null;
        let ended: { run: Run; events: Event[] }[] = [];
        if ((found.ticker.deletedAt === null) === (deletedAt === null))
          return { entry: memory.entry(found), ended };
        let status = memory.status(found);
        if (deletedAt === null) {
          refuseNamesake(found, known(byName.get(owner, found.ticker.name)));
        } else {
          ended = writing.killQueued(found, status.queued, at);
          status = binned(status);
          writing.saveStatus(found, status);
        }
        memory.noteTaken(owner, { live: deletedAt === null ? 1 : -1 });
        const { ticker } = save(found.key, { ...found.ticker, deletedAt, updatedAt: at });
        return { entry: { ticker, status }, ended };
      });
    },

    purgeTickers(before, limit) {
      return group.write("empty the bin", true, () => {
        const rows = bin.all(before, limit);
        for (const row of rows) {
          const found = known(row) as Known;
          memory.noteTaken(found.ticker.owner, { gone: found.ticker.page });
          memory.forgetTicker(found);
          for (const removal of removals) removal.run(found.key);
          remove.run(found.key);
        }
        return rows.length;
      });
    },
  };
}

function placeOf(cursor: string | null): { page: number; id: string } {
  const match = cursor === null ? null : /^(\d{1,7})\.(.+)$/.exec(cursor);
  if (cursor !== null && !match) {
    throw new VisibleError(
      "invalid",
      "This cursor is not one that a list gave: begin without it.",
      {
        issues: [{ path: "cursor", message: "must be `next` of the page before" }],
      },
    );
  }
  return { page: Number(match?.[1] ?? -1), id: match?.[2] ?? "" };
}

const sameJson = (a: Ticker, b: Ticker) => JSON.stringify(a) === JSON.stringify(b);

function refuseNamesake(found: Known, namesake: Known | null): void {
  if (!namesake) return;
  throw new VisibleError(
    "conflict",
    `"${found.ticker.name}" cannot leave the bin: another ticker has that name now. Rename that one first.`,
  );
}
