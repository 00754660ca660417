// The worker thread that waits for the disk, so that the thread that ticks does not: it forces the
// write-ahead log to the disk, and copies the log into the database file (measured: 8-26 ms at the 99th
// percentile when the ticking thread copies). PASSIVE: it waits for nobody and holds nobody up.

import { fdatasyncSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const path = String(workerData);
const db = new DatabaseSync(path);
const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
// One file for the life of the database: it is cut and begun anew, never replaced while it is open.
const log = openSync(`${path}-wal`, "r+");

parentPort?.on("message", (work: "copy" | "force") => {
  if (work === "force") {
    fdatasyncSync(log);
    return;
  }
  let failure: string | null = null;
  try {
    checkpoint.get();
  } catch (error) {
    failure = String(error);
  }
  parentPort?.postMessage(failure);
});
