// Group commit: verbs execute at once inside one open transaction, and their promises resolve when it is
// committed. So a promise that resolved is durable, and a thousand verbs share one fsync. The other side
// of it: until then nothing is promised, and a failed commit takes the whole group back.

import type { DatabaseSync } from "node:sqlite";
import { TransientError } from "@ticker/core/error";
import { isSqliteError } from "./sqlite-open.ts";

export type Group = {
  /** Runs `verb` in the group. `urgent`: commit when this turn of the event loop ends; else within lazyMs. */
  write<T>(doing: string, urgent: boolean, verb: () => T): Promise<T>;
  /** Answers what `read` sees, once all it may have seen is durable. */
  read<T>(doing: string, read: () => T): Promise<T>;
  /** Answers at once, and may see what is not committed: only for looking what could be done next. */
  glance<T>(doing: string, read: () => T): Promise<T>;
  /** Commits what is open and refuses everything from now on. */
  close(): void;
};

/** What commits wait by. Both answer the way to cancel. */
export type CommitTimers = {
  /** When this turn of the event loop ends. */
  soon(commit: () => void): () => void;
  later(ms: number, commit: () => void): () => void;
};

export const NODE_TIMERS: CommitTimers = {
  soon(commit) {
    const handle = setImmediate(commit);
    return () => clearImmediate(handle);
  },
  later(ms, commit) {
    const handle = setTimeout(commit, ms);
    return () => clearTimeout(handle);
  },
};

type Waiting = { resolve: () => void; reject: (error: unknown) => void };

/**
 * `beforeCommit` may write what was gathered in memory. `afterUndo` must bring memory back to what the
 * database says: it is called after every rollback, of one verb or of the group.
 */
export function groupCommit(
  db: DatabaseSync,
  hooks: {
    lazyMs: number;
    timers: CommitTimers;
    beforeCommit(): void;
    afterCommit(): void;
    afterUndo(groupToo: boolean): void;
  },
): Group {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commitNow = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  const savepoint = db.prepare("SAVEPOINT verb");
  const release = db.prepare("RELEASE verb");
  const undo = db.prepare("ROLLBACK TO verb");
  let open = false;
  let closed = false;
  let waiting: Waiting[] = [];
  let soon: (() => void) | null = null;
  let later: (() => void) | null = null;

  const refuse = (doing: string) =>
    Promise.reject(new TransientError(`The store is closed; it could not ${doing}.`));

  function undoGroup(error: unknown): void {
    const group = takeGroup();
    if (db.isTransaction) rollback.run();
    hooks.afterUndo(true);
    const failure = worldly("commit", error);
    for (const each of group) each.reject(failure);
  }

  function takeGroup(): Waiting[] {
    soon?.();
    later?.();
    soon = later = null;
    open = false;
    const group = waiting;
    waiting = [];
    return group;
  }

  function commit(): void {
    if (!open) return;
    try {
      hooks.beforeCommit();
      commitNow.run();
    } catch (error) {
      undoGroup(error);
      return;
    }
    for (const each of takeGroup()) each.resolve();
    hooks.afterCommit();
  }

  function join<T>(urgent: boolean, value: T): Promise<T> {
    if (urgent) soon ??= hooks.timers.soon(commit);
    else if (!soon) later ??= hooks.timers.later(hooks.lazyMs, commit);
    return new Promise((resolve, reject) => {
      waiting.push({ resolve: () => resolve(value), reject });
    });
  }

  /** A verb that failed halfway is taken back alone, unless SQLite has ended the transaction itself. */
  function undoVerb(error: unknown): void {
    if (!db.isTransaction || waiting.length === 0) {
      undoGroup(error);
      return;
    }
    undo.run();
    release.run();
    hooks.afterUndo(false);
  }

  return {
    write(doing, urgent, verb) {
      if (closed) return refuse(doing);
      let value: ReturnType<typeof verb>;
      try {
        if (!open) begin.run();
        open = true;
        savepoint.run();
        value = verb();
        release.run();
      } catch (error) {
        if (open) undoVerb(error);
        return Promise.reject(worldly(doing, error));
      }
      return join(urgent, value);
    },
    read(doing, read) {
      if (closed) return refuse(doing);
      try {
        const value = read();
        return open ? join(true, value) : Promise.resolve(value);
      } catch (error) {
        return Promise.reject(worldly(doing, error));
      }
    },
    glance(doing, read) {
      if (closed) return refuse(doing);
      try {
        return Promise.resolve(read());
      } catch (error) {
        return Promise.reject(worldly(doing, error));
      }
    },
    close() {
      commit();
      closed = true;
    },
  };
}

const FULL = 13;

/** SQLite's errors are the world's; everything else is thrown on as it is. */
function worldly(doing: string, error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  const advice =
    (error.errcode & 0xff) === FULL
      ? "The disk or the database's size limit is full: make room, then send it again."
      : "Nothing of it was kept; it may be sent again.";
  return new TransientError(`The store could not ${doing}: ${error.message}. ${advice}`, {
    cause: error,
  });
}
