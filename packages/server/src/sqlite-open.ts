// Opens the database file: settings, migrations by number, and plain words for a file that is newer than
// this program, damaged, or cannot be reached. Nothing is written to a file that is not understood.

import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TransientError, VisibleError } from "@ticker/core/error";
import { MIGRATIONS } from "./sqlite-schema.ts";

export type Synchronous = "full" | "normal";

/** Opens `path`, brings its schema up to date. Throws VisibleError when the file cannot be used. */
export function openDatabase(path: string, synchronous: Synchronous): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec("PRAGMA busy_timeout = 2000");
    const version = versionOf(db);
    if (version > MIGRATIONS.length) throw newer(path, version);
    // quick_check reads the whole file, which a large one cannot afford at each start; the schema and the
    // first page are read here, and a damaged page deeper down shows as an error of the verb that meets it.
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    // Before the log is made, which takes the file's mode: a folder that was there may be open to others.
    chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL");
    db.exec(`PRAGMA synchronous = ${synchronous}`);
    db.exec("PRAGMA wal_autocheckpoint = 0");
    // The log's file shrinks when it begins anew, so that its size says how much there is to copy.
    db.exec("PRAGMA journal_size_limit = 1048576");
    db.exec("PRAGMA cache_size = -8192");
    db.exec("PRAGMA temp_store = MEMORY");
    migrate(db, version);
    return db;
  } catch (error) {
    db?.close();
    throw opened(error, path);
  }
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function migrate(db: DatabaseSync, from: number): void {
  for (let version = from; version < MIGRATIONS.length; version++) {
    db.exec(
      `BEGIN IMMEDIATE; ${MIGRATIONS[version]}; PRAGMA user_version = ${version + 1}; COMMIT`,
    );
  }
}

const newer = (path: string, version: number) =>
  new VisibleError(
    "unavailable",
    `${path} was written by a newer Ticker (schema ${version}; this one knows ${MIGRATIONS.length}). ` +
      "Nothing was changed. Start the newer Ticker, or give this one another data folder.",
  );

const NOT_A_DATABASE = 26;
const CORRUPT = 11;
const CANNOT_OPEN = 14;
const READ_ONLY = 8;

function opened(error: unknown, path: string): unknown {
  if (!isSqliteError(error)) return error;
  const code = error.errcode & 0xff;
  if (code === NOT_A_DATABASE || code === CORRUPT) {
    return new VisibleError(
      "unavailable",
      `${path} is damaged or is no Ticker database (${error.message}). Nothing was changed. ` +
        "Put back a copy, or move the file away to begin anew.",
    );
  }
  if (code === CANNOT_OPEN || code === READ_ONLY) {
    return new VisibleError(
      "unavailable",
      `${path} cannot be opened for writing (${error.message}). Make the file and its folder writable ` +
        "for this user, or give another data folder.",
    );
  }
  return new TransientError(`${path} could not be opened: ${error.message}.`, { cause: error });
}

export type SqliteError = Error & { errcode: number };

/** Is this an error of SQLite itself, rather than ours? */
export const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && (error as { code?: unknown }).code === "ERR_SQLITE_ERROR";
