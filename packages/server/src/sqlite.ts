// The store on one SQLite file (node:sqlite, write-ahead log): puts its parts together. One process per
// file (`openDataFolder` sees to it); all verbs run on the calling thread, in group commits.

import type { Store } from "@ticker/core/store";
import { accountVerbs } from "./sqlite-account.ts";
import { type CommitTimers, groupCommit, NODE_TIMERS } from "./sqlite-commit.ts";
import { eventRows } from "./sqlite-event.ts";
import { keepLog } from "./sqlite-log.ts";
import { makeMemory } from "./sqlite-memory.ts";
import { openDatabase, type Synchronous } from "./sqlite-open.ts";
import { pruneVerbs } from "./sqlite-prune.ts";
import { readVerbs } from "./sqlite-read.ts";
import { runVerbs } from "./sqlite-run.ts";
import { tickerVerbs } from "./sqlite-ticker.ts";
import { makeWriting } from "./sqlite-write.ts";

export type SqliteOptions = {
  /** Longest that a verb which can wait (finish, append, renew) waits for others to share a commit. */
  lazyMs?: number;
  /**
   * What was acknowledged survives the end of the process either way. `normal` (default): a power cut may
   * take the last tenth of a second. `full`: each commit waits for the disk and nothing is lost; free in
   * groups of a thousand, but a service that ticks a thousand times a second commits every millisecond.
   */
  synchronous?: Synchronous;
  /** The database file grows no further than this; beyond it writes fail and reads go on. */
  bytesMax?: number;
  /** What commits wait by; Node's own unless time is simulated. */
  timers?: CommitTimers;
};

/** Opens the store at `path`, a file. Throws VisibleError when the file is newer, damaged or out of reach. */
export function sqliteStore(path: string, options: SqliteOptions = {}): Store {
  const { lazyMs = 4, synchronous = "normal", bytesMax, timers = NODE_TIMERS } = options;
  const db = openDatabase(path, synchronous);
  if (bytesMax !== undefined) limitSize(bytesMax);
  const memory = makeMemory(db);
  const log = keepLog(db, path, synchronous === "normal");
  const group = groupCommit(db, {
    lazyMs,
    timers,
    beforeCommit: memory.writeTallies,
    afterCommit: log.committed,
    afterUndo: memory.forget,
  });
  const writing = makeWriting(db, memory);
  const events = eventRows(db);

  function limitSize(bytes: number): void {
    const { page_size } = db.prepare("PRAGMA page_size").get() as { page_size: number };
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / page_size))}`);
  }

  return {
    ...accountVerbs(db, group),
    ...tickerVerbs(db, group, memory, writing),
    ...runVerbs(db, group, memory, writing, events),
    ...readVerbs(db, group, memory, events),
    ...pruneVerbs(db, group, memory),
    async close() {
      if (!db.isOpen) return;
      group.close();
      log.close();
      db.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(PASSIVE)");
      db.close();
    },
  };
}
