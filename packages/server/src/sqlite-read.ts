// The store's verbs that only read: what is due or lost, runs, events, tallies, counts, kept state.

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { assert } from "@ticker/core/error";
import type { Run } from "@ticker/core/run";
import type { Store, Tally } from "@ticker/core/store";
import type { Group } from "./sqlite-commit.ts";
import type { EventRows } from "./sqlite-event.ts";
import type { Memory } from "./sqlite-memory.ts";
import { RUN_COLUMNS, runOf, STATUS_COLUMNS, statusOf } from "./sqlite-row.ts";

type ReadVerbs = Pick<
  Store,
  | "dueTickers"
  | "dueRetries"
  | "nextWakeAt"
  | "lostRuns"
  | "openRuns"
  | "readRun"
  | "listRuns"
  | "readEvents"
  | "tallies"
  | "counts"
  | "readState"
>;

export function readVerbs(
  db: DatabaseSync,
  group: Group,
  memory: Memory,
  events: EventRows,
): ReadVerbs {
  const IS_DUE = "state = 'started' AND next_due_at IS NOT NULL";
  const due = db.prepare(
    `SELECT ${STATUS_COLUMNS}, ticker FROM statuses WHERE ${IS_DUE} AND next_due_at <= ?
     ORDER BY next_due_at, ticker LIMIT ?`,
  );
  const firstDue = db.prepare(`SELECT min(next_due_at) AS at FROM statuses WHERE ${IS_DUE}`);
  const runsBelow = db.prepare(
    `SELECT ${RUN_COLUMNS} FROM runs WHERE ticker = ? AND number < ? ORDER BY number DESC LIMIT ?`,
  );
  const failuresBelow = db.prepare(
    `SELECT ${RUN_COLUMNS} FROM runs WHERE ticker = ? AND number < ? AND failed = 1
     ORDER BY number DESC LIMIT ?`,
  );
  for (const statement of [due, runsBelow, failuresBelow]) statement.setReturnArrays(true);
  const tallied = db.prepare(
    `SELECT minute_at AS minuteAt, succeeded, failed, skipped, missed FROM tallies
     WHERE owner = ? AND minute_at >= ? ORDER BY minute_at`,
  );
  const tickers = db.prepare(
    `SELECT count(*) AS tickers, count(CASE WHEN state = 'started' THEN 1 END) AS started
     FROM tickers JOIN statuses ON ticker = key
     WHERE (?1 IS NULL OR owner = ?1) AND deleted_at IS NULL`,
  );
  const kept = db.prepare("SELECT name, value FROM kept WHERE ticker = ?");

  /** Open runs that fit, in order, at most `limit`. */
  function pick(fits: (run: Run) => boolean, order: (a: Run, b: Run) => number, limit: number) {
    const found: Run[] = [];
    for (const { run } of memory.open.values()) if (fits(run)) found.push(run);
    return found.sort(order).slice(0, limit);
  }

  return {
    dueTickers(until, limit) {
      return group.glance("look for due tickers", () =>
        (due.all(until, limit) as unknown as SQLInputValue[][]).map((row) => {
          const known = memory.knownByKey(row.at(-1) as number);
          assert(known, `status ${row.at(-1)} has no ticker`);
          return { ticker: known.ticker, status: statusOf(row, known.ticker) };
        }),
      );
    },

    dueRetries(until, limit) {
      return group.glance("look for due retries", () => {
        const found: Run[] = [];
        for (const { run } of memory.waiting.values()) if (retryOf(run) <= until) found.push(run);
        return found.sort((a, b) => retryOf(a) - retryOf(b) || byId(a, b)).slice(0, limit);
      });
    },

    nextWakeAt() {
      return group.glance("look for the next due time", () => {
        let at = (firstDue.get() as { at: number | null }).at;
        for (const { run } of memory.waiting.values())
          at = Math.min(at ?? retryOf(run), retryOf(run));
        return at;
      });
    },

    lostRuns({ leaseBefore, notHolder, limit }) {
      return group.glance("look for lost runs", () =>
        pick(
          ({ lease }) =>
            lease !== null &&
            (lease.untilAt < leaseBefore || (notHolder !== null && lease.holder !== notHolder)),
          (a, b) => (a.lease?.untilAt ?? 0) - (b.lease?.untilAt ?? 0) || byId(a, b),
          limit,
        ),
      );
    },

    openRuns(owner, limit) {
      return group.read("read open runs", () =>
        pick(
          (run) => owner === null || run.owner === owner,
          (a, b) => b.dueAt - a.dueAt || byId(b, a),
          limit,
        ),
      );
    },

    readRun(owner, tickerId, number) {
      return group.read("read a run", () => {
        const known = memory.owned(owner, tickerId);
        return known && memory.runByNumber(known, number);
      });
    },

    listRuns(owner, tickerId, { before, limit, failed }) {
      return group.read("list runs", () => {
        const known = memory.owned(owner, tickerId);
        if (!known) return [];
        const list = failed ? failuresBelow : runsBelow;
        const rows = list.all(known.key, before ?? Number.MAX_SAFE_INTEGER, limit);
        return (rows as unknown as SQLInputValue[][]).map((row) => runOf(row, known.ticker));
      });
    },

    readEvents(owner, tickerId, number, fromSeq, limit) {
      return group.read("read events", () => {
        const known = memory.owned(owner, tickerId);
        return known ? events.read(known.key, number, fromSeq, limit) : [];
      });
    },

    tallies(owner, sinceAt) {
      return group.read("read tallies", () => {
        // They are in memory only while the group is open, so this never writes outside it.
        memory.writeTallies();
        return (tallied.all(owner, sinceAt) as Tally[]).map((tally) => ({ ...tally }));
      });
    },

    counts(owner) {
      return group.read("count", () => {
        const states = { running: 0, queued: 0, waiting: 0 };
        for (const { run } of memory.open.values()) {
          if (owner !== null && run.owner !== owner) continue;
          if (run.state !== "finished") states[run.state]++;
        }
        const counted = tickers.get(owner) as { tickers: number; started: number };
        return { ...counted, ...states };
      });
    },

    readState(tickerId) {
      return group.glance("read kept state", () => {
        const known = memory.knownById(tickerId);
        if (known === null || memory.stateless.has(known.key)) return {};
        const rows = kept.all(known.key);
        if (rows.length === 0) memory.stateless.add(known.key);
        return Object.fromEntries(rows.map((row) => [String(row.name), String(row.value)]));
      });
    },
  };
}

const retryOf = (run: Run): number => run.retryAt ?? 0;
const byId = (a: Run, b: Run): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
