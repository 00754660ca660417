// The store's housekeeping: retention of run records, expiry of credentials and tallies.
//
// A record stays while it is among its ticker's newest `retention.runs` records of any kind (skipped and
// missed ones count), or is a failure among its newest `retention.failures` failures, or is under way.
// Numbers are dense, so "beyond the budget" is a number: each ticker has a mark (`pruned_to`) below which
// only kept failures remain, and pruning looks at the few numbers between the mark and the budget.

import type { DatabaseSync } from "node:sqlite";
import type { Store } from "@ticker/core/store";
import type { Group } from "./sqlite-commit.ts";
import type { Known, Memory } from "./sqlite-memory.ts";

export function pruneVerbs(
  db: DatabaseSync,
  group: Group,
  memory: Memory,
): Pick<Store, "prune" | "expire"> {
  const tickersGrown = db.prepare(
    "SELECT key FROM tickers JOIN statuses ON ticker = key WHERE run_number > pruned_to + keep_runs",
  );
  const tickersFailed = db.prepare(
    `SELECT ticker AS key FROM runs WHERE failed = 1 GROUP BY ticker
     HAVING count(*) > (SELECT keep_failures FROM tickers WHERE key = ticker)`,
  );
  const mark = db.prepare("SELECT pruned_to FROM statuses WHERE ticker = ?");
  const moveMark = db.prepare("UPDATE statuses SET pruned_to = ? WHERE ticker = ?");
  // The numbers to go, oldest first: between mark and budget all but failures; below, failures over theirs.
  const beyond = db.prepare(
    `SELECT number FROM runs WHERE ticker = ?1 AND number > ?2 AND number <= ?3 AND failed = 0
     ORDER BY number LIMIT ?4`,
  );
  const failureOver = db.prepare(
    `SELECT number FROM runs WHERE ticker = ? AND failed = 1 ORDER BY number DESC
     LIMIT 1 OFFSET ?`,
  );
  const failuresTo = db.prepare(
    `SELECT number FROM runs WHERE ticker = ? AND failed = 1 AND number <= ? ORDER BY number
     LIMIT ?`,
  );
  const removeRun = db.prepare("DELETE FROM runs WHERE ticker = ? AND number = ?");
  const removeChunks = db.prepare("DELETE FROM chunks WHERE ticker = ? AND number = ?");
  const expireCredentials = db.prepare("DELETE FROM credentials WHERE expires_at <= ?");
  const expireTallies = db.prepare("DELETE FROM tallies WHERE minute_at < ?");

  function remove(known: Known, rows: unknown[]): number {
    for (const { number } of rows as { number: number }[]) {
      removeRun.run(known.key, number);
      removeChunks.run(known.key, number);
    }
    return rows.length;
  }

  /** Removes at most `limit` records of one ticker. Fewer than `limit`: it is done with. */
  function pruneTicker(known: Known, limit: number): number {
    const { retention } = known.ticker;
    const status = memory.status(known);
    const underWay = [...status.active, ...status.queued].map(({ number }) => number);
    const budget = Math.min(status.runNumber - retention.runs, ...underWay.map((n) => n - 1));
    const from = (mark.get(known.key) as { pruned_to: number }).pruned_to;
    let removed = 0;
    if (budget > from) {
      const rows = beyond.all(known.key, from, budget, limit) as { number: number }[];
      removed = remove(known, rows);
      const to = removed < limit ? budget : (rows.at(-1)?.number ?? budget);
      moveMark.run(to, known.key);
    }
    if (removed >= limit) return removed;
    const over = failureOver.get(known.key, retention.failures) as { number: number } | undefined;
    if (!over) return removed;
    const to = Math.min(over.number, budget);
    return removed + remove(known, failuresTo.all(known.key, to, limit - removed));
  }

  function readGrown(): void {
    for (const rows of [tickersGrown.all(), tickersFailed.all()]) {
      for (const { key } of rows as { key: number }[]) memory.grown.add(key);
    }
  }

  return {
    prune(limit) {
      if (memory.grownKnown() && memory.grown.size === 0) return Promise.resolve(0);
      return group.write("prune run records", false, () => {
        if (!memory.grownKnown()) readGrown();
        let removed = 0;
        const done: number[] = [];
        for (const key of memory.grown) {
          if (removed >= limit) break;
          const known = memory.knownByKey(key);
          if (known) removed += pruneTicker(known, limit - removed);
          if (removed < limit) done.push(key);
        }
        for (const key of done) memory.grown.delete(key);
        memory.noteGrown();
        return removed;
      });
    },

    expire(now, talliesBefore) {
      return group.write("expire credentials and tallies", false, () => {
        memory.writeTallies();
        const credentials = expireCredentials.run(now).changes;
        return Number(credentials) + Number(expireTallies.run(talliesBefore).changes);
      });
    },
  };
}
