// What the SQLite store keeps in memory beside the file: definitions as read, runs that are not over,
// tallies not written yet, and which tickers have grown. All of it can be had from the file again, and
// after a rollback it is: `forget` drops everything.

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { assert } from "@ticker/core/error";
import type { Run } from "@ticker/core/run";
import { dueAtOfId, isFailure } from "@ticker/core/run";
import type { Status } from "@ticker/core/status";
import type { Entry } from "@ticker/core/store";
import type { Ticker } from "@ticker/core/ticker";
import { RUN_COLUMNS, runOf, STATUS_COLUMNS, statusOf } from "./sqlite-row.ts";

/** A definition with its row number. */
export type Known = { key: number; ticker: Ticker };
/** A run that is not over, with its definition. */
export type OpenRun = { known: Known; run: Run };
/** What an owner's tickers take up: how many are outside the bin, and the pages of all. */
export type Taken = { live: number; pages: Set<number> };
type Tallied = [succeeded: number, failed: number, skipped: number, missed: number];

/** Definitions kept at most, in characters of JSON: scripts are what is large in them. */
const DEFINITIONS_CHARS_MAX = 32 * 1024 * 1024;

export type Memory = ReturnType<typeof makeMemory>;

export function makeMemory(db: DatabaseSync) {
  const byId = db.prepare("SELECT key, json FROM tickers WHERE id = ?");
  const byKey = db.prepare("SELECT key, json FROM tickers WHERE key = ?");
  const statusAt = db.prepare(`SELECT ${STATUS_COLUMNS} FROM statuses WHERE ticker = ?`);
  const runAt = db.prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE ticker = ? AND number = ?`);
  const runNamed = db.prepare(
    `SELECT ${RUN_COLUMNS} FROM runs WHERE due_at = ? AND ticker = ? AND id = ?`,
  );
  const busy = db.prepare(
    "SELECT ticker FROM statuses WHERE active IS NOT NULL OR queued IS NOT NULL",
  );
  const addTally = db.prepare(
    `INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (owner, minute_at) DO UPDATE SET
     succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed,
     skipped = skipped + excluded.skipped, missed = missed + excluded.missed`,
  );
  const liveOf = db.prepare(
    "SELECT count(*) AS live FROM tickers WHERE owner = ? AND deleted_at IS NULL",
  );
  const pagesOf = db.prepare("SELECT page FROM tickers WHERE owner = ? AND page IS NOT NULL");
  for (const statement of [statusAt, runAt, runNamed]) statement.setReturnArrays(true);

  const ids = new Map<string, Known & { chars: number }>();
  const keys = new Map<number, Known>();
  let chars = 0;
  const open = new Map<string, OpenRun>();
  const waiting = new Map<string, OpenRun>();
  const tallies = new Map<string, Map<number, Tallied>>();
  const grown = new Set<number>();
  let grownKnown = false;
  const takenBy = new Map<string, Taken>();
  /** Tickers known to keep nothing between runs: most of them, and asked before every run. */
  const stateless = new Set<number>();

  function keep(key: number, ticker: Ticker, size: number): Known {
    drop(ticker.id);
    const known = { key, ticker, chars: size };
    ids.set(ticker.id, known);
    keys.set(key, known);
    chars += size;
    for (const id of ids.keys()) {
      if (chars <= DEFINITIONS_CHARS_MAX || id === ticker.id) break;
      drop(id);
    }
    return known;
  }

  function drop(id: string): void {
    const known = ids.get(id);
    if (!known) return;
    chars -= known.chars;
    ids.delete(id);
    keys.delete(known.key);
  }

  function fromRow(row: unknown): Known | null {
    if (row === undefined) return null;
    const { key, json } = row as { key: number; json: string };
    return keep(key, JSON.parse(json), json.length);
  }

  const knownById = (id: string): Known | null => ids.get(id) ?? fromRow(byId.get(id));
  const knownByKey = (key: number): Known | null => keys.get(key) ?? fromRow(byKey.get(key));

  function status(known: Known): Status {
    const row = statusAt.get(known.key) as SQLInputValue[] | undefined;
    assert(row, `ticker ${known.ticker.id} has no status`);
    return statusOf(row, known.ticker);
  }

  function runByNumber(known: Known, number: number): Run | null {
    const row = runAt.get(known.key, number) as SQLInputValue[] | undefined;
    return row ? runOf(row, known.ticker) : null;
  }

  function runById(known: Known, id: string): Run | null {
    const there = open.get(id);
    if (there) return there.run;
    const row = runNamed.get(dueAtOfId(id), known.key, id) as SQLInputValue[] | undefined;
    return row ? runOf(row, known.ticker) : null;
  }

  /** Takes note of a run as written: among the open ones, or not any more. */
  function noteRun(known: Known, run: Run): void {
    if (run.state === "finished") open.delete(run.id);
    else open.set(run.id, { known, run });
    if (run.state === "waiting") waiting.set(run.id, { known, run });
    else waiting.delete(run.id);
  }

  /** Adds to the owner's minute; written with the commit. Killed runs are in no column. */
  function tally(run: Run, at: number, count: number): void {
    const { outcome } = run;
    const failed = outcome !== null && isFailure(outcome);
    const column = failed ? 1 : ["succeeded", "", "skipped", "missed"].indexOf(outcome ?? "-");
    if (column < 0) return;
    const minutes = tallies.get(run.owner) ?? new Map<number, Tallied>();
    tallies.set(run.owner, minutes);
    const minuteAt = Math.floor(at / 60_000) * 60_000;
    const tallied = minutes.get(minuteAt) ?? [0, 0, 0, 0];
    tallied[column] = (tallied[column] ?? 0) + count;
    minutes.set(minuteAt, tallied);
  }

  function writeTallies(): void {
    for (const [owner, minutes] of tallies) {
      for (const [minuteAt, tallied] of minutes) addTally.run(owner, minuteAt, ...tallied);
    }
    tallies.clear();
  }

  /** Runs under way as the file has them: at the opening, and after a rollback. */
  function readOpenRuns(): void {
    for (const { ticker } of busy.all() as { ticker: number }[]) {
      const known = knownByKey(ticker);
      assert(known, `status ${ticker} has no ticker`);
      const { active, queued } = status(known);
      for (const { number } of [...active, ...queued]) {
        const run = runByNumber(known, number);
        assert(run, `run ${number} of ${known.ticker.id} is under way but not there`);
        noteRun(known, run);
      }
    }
  }

  function taken(owner: string): Taken {
    const known = takenBy.get(owner);
    if (known) return known;
    const { live } = liveOf.get(owner) as { live: number };
    const rows = pagesOf.all(owner) as { page: number }[];
    const found = { live, pages: new Set(rows.map(({ page }) => page)) };
    takenBy.set(owner, found);
    return found;
  }

  readOpenRuns();
  return {
    /** Kept, since it is asked at every create. */
    taken,
    /** Whoever adds, bins or removes a ticker says it here. What was not asked for yet is read when it is. */
    noteTaken(
      owner: string,
      change: { live?: 1 | -1; page?: number | null; gone?: number | null },
    ) {
      const known = takenBy.get(owner);
      if (!known) return;
      known.live += change.live ?? 0;
      if (change.page != null) known.pages.add(change.page);
      if (change.gone != null) known.pages.delete(change.gone);
    },
    keep,
    drop,
    knownById,
    knownByKey,
    stateless,
    status,
    runByNumber,
    runById,
    noteRun,
    tally,
    writeTallies,
    /** By run id. Only `noteRun` writes to these. */
    open: open as ReadonlyMap<string, OpenRun>,
    waiting: waiting as ReadonlyMap<string, OpenRun>,
    /** Row numbers of tickers that may hold more records than they should. */
    grown,
    /** False while `grown` has not been read from the file yet. */
    grownKnown: () => grownKnown,
    noteGrown: () => {
      grownKnown = true;
    },
    /** The definition when it is this owner's. */
    owned(owner: string, id: string): Known | null {
      const known = knownById(id);
      return known?.ticker.owner === owner ? known : null;
    },
    entry: (known: Known): Entry => ({ ticker: known.ticker, status: status(known) }),
    /** Drops what a rollback may have made untrue. Tallies of verbs still in the group are kept. */
    forget(groupToo: boolean): void {
      stateless.clear();
      takenBy.clear();
      ids.clear();
      keys.clear();
      chars = 0;
      open.clear();
      waiting.clear();
      grownKnown = false;
      if (groupToo) tallies.clear();
      readOpenRuns();
    },
    /** A ticker left the file: its runs are nobody's any more. */
    forgetTicker(known: Known): void {
      drop(known.ticker.id);
      grown.delete(known.key);
      for (const { active, queued } of [status(known)]) {
        for (const { runId } of [...active, ...queued]) {
          open.delete(runId);
          waiting.delete(runId);
        }
      }
    },
  };
}
