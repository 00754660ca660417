// Keeps the write-ahead log short: asks the checkpoint worker for a copy when it has grown, and when the
// worker cannot keep up (the log never ends while somebody writes) ends it between two transactions.

import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

/** Ask for a copy from here on. */
const COPY_BYTES = 4 * 1024 * 1024;
/** End the log from here on: this thread copies what the worker has left over, then it begins anew. */
const END_BYTES = 32 * 1024 * 1024;
/** Commits between two looks at its size: a look is a system call of 2 microseconds. */
const COMMITS_PER_LOOK = 16;

export type LogKeeper = { committed(): void; close(): void };

export function keepLog(db: DatabaseSync, path: string): LogKeeper {
  const end = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  let worker: Worker | null = null;
  let copying = false;
  let commits = 0;

  function copy(): void {
    if (copying) return;
    copying = true;
    worker ??= begin();
    worker.postMessage(null);
  }

  function begin(): Worker {
    const started = new Worker(new URL("./sqlite-checkpoint.ts", import.meta.url), {
      workerData: path,
    });
    started.unref();
    started.on("message", () => {
      copying = false;
    });
    // A worker that fails is replaced at the next look; until then END_BYTES bounds the log.
    started.on("error", () => {
      worker = null;
      copying = false;
    });
    return started;
  }

  function logBytes(): number {
    return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  return {
    committed() {
      if (++commits % COMMITS_PER_LOOK !== 0) return;
      const bytes = logBytes();
      if (bytes < COPY_BYTES) return;
      if (bytes >= END_BYTES) end.get();
      copy();
    },
    close() {
      worker?.terminate();
    },
  };
}
