// The data folder: made when absent, private to its user, and held by one process at a time.

import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { VisibleError } from "@ticker/core/error";

export type DataFolder = {
  path: string;
  /** The database's file and the vault's key. */
  database: string;
  vaultKey: string;
  /** Lets the folder go; so does the end of the process, however it ends. */
  release(): void;
};

/**
 * Makes the folder (0700) when it is absent and locks it. Throws VisibleError when another process has it,
 * or when it cannot be made or written.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
  const release = lock(path);
  return {
    path,
    database: join(path, "ticker.sqlite"),
    vaultKey: join(path, "vault.key"),
    release,
  };
}

const BUSY = 5;

/**
 * A lock that a database of its own keeps from its first write to its closing (locking_mode): the kernel
 * frees it with the process, even after kill -9. The write shows at once that the folder can be written.
 */
function lock(path: string): () => void {
  const file = join(path, "lock.sqlite");
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    db.exec("CREATE TABLE IF NOT EXISTS held (pid INTEGER); DELETE FROM held");
    db.exec(`INSERT INTO held VALUES (${process.pid}); COMMIT`);
    chmodSync(file, 0o600);
  } catch (error) {
    db?.close();
    if ((error as { errcode?: number }).errcode === BUSY) throw taken(path);
    throw unwritable(path, error);
  }
  const held = db;
  return () => {
    if (held.isOpen) held.close();
  };
}

const taken = (path: string) =>
  new VisibleError(
    "unavailable",
    `The data folder ${path} is in use by another Ticker. Stop that one, or give this one another folder.`,
  );

const unwritable = (path: string, error: unknown) =>
  new VisibleError(
    "unavailable",
    `The data folder ${path} cannot be written (${error instanceof Error ? error.message : error}). ` +
      "Make it writable for this user, or give another folder.",
  );
