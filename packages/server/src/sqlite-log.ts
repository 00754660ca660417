// Keeps the write-ahead log short: asks the checkpoint worker for a copy when it has grown, and when the
// worker cannot keep up (the log never ends while somebody writes) ends it between two transactions.
// Has the worker force it to the disk too: a forced commit of one claim costs the thread that ticks five
// times the claim itself, and on a slow disk a hundred times.

import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { cacheEnv } from "./workers/worker-options.ts";

/** Ask for a copy from here on. */
const COPY_BYTES = 4 * 1024 * 1024;
/** End the log from here on: this thread copies what the worker has left over, then it begins anew. */
const END_BYTES = 32 * 1024 * 1024;
/** Commits between two looks at its size: a look is a system call of 2 microseconds. */
const COMMITS_PER_LOOK = 16;

/** The log is forced to the disk this long after a commit at the latest. */
const SYNC_MS = 100;

export type LogKeeper = { committed(): void; close(): void };

/** `sync`: force the log to the disk from the worker, where commits themselves do not. */
export function keepLog(db: DatabaseSync, path: string, sync: boolean): LogKeeper {
  const end = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  let worker: Worker | null = null;
  let copying = false;
  let commits = 0;
  let forcing: NodeJS.Timeout | null = null;

  function copy(): void {
    if (copying) return;
    copying = true;
    worker ??= begin();
    worker.postMessage("copy");
  }

  /** One for all commits of a tenth of a second: a power cut takes at most that, the end of the process nothing. */
  function forceLater(): void {
    if (forcing !== null) return;
    forcing = setTimeout(() => {
      forcing = null;
      worker ??= begin();
      worker.postMessage("force");
    }, SYNC_MS);
    forcing.unref();
  }

  function begin(): Worker {
    const started = new Worker(new URL("./sqlite-checkpoint.ts", import.meta.url), {
      workerData: path,
      env: cacheEnv(),
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
      if (sync) forceLater();
      if (++commits % COMMITS_PER_LOOK !== 0) return;
      const bytes = logBytes();
      if (bytes < COPY_BYTES) return;
      if (bytes >= END_BYTES) end.get();
      copy();
    },
    close() {
      if (forcing !== null) clearTimeout(forcing);
      worker?.terminate();
    },
  };
}
