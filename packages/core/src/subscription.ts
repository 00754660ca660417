// One watcher of one ticker's feed: replay from the store, then live, with no hole between. The store is
// the truth: whenever a batch does not follow on, or the watcher was too slow, it goes back to reading.

import type { Event, EventBatch } from "./event.ts";
import type { Subscription } from "./feed.ts";
import type { FeedPlatform } from "./platform.ts";
import {
  advance,
  cursorOf,
  missingBelow,
  type Position,
  parseCursor,
  seqOf,
  skipTo,
  startAfter,
} from "./position.ts";
import type { ServerMessage } from "./protocol.ts";
import type { Run } from "./run.ts";

/** A connection's end, as the body gives it. */
export type Watcher = {
  /** Bytes for these messages, each a text frame of its own; shared by every watcher of a group. */
  encode(messages: string[]): Uint8Array;
  write(bytes: Uint8Array): void;
  /** False while too much is under way to this watcher; the body calls `resume` when that is over. */
  ready(): boolean;
};

/** What a group knows of one of its watchers. */
export type Follower = {
  watcher: Watcher;
  /** Something was published while it is not live. */
  touch(): void;
  /** It missed something or is too slow: it was live up to `position` and gets no more of the group's bytes. */
  fallBehind(position: Position): void;
};

export type TickerAsk = {
  id: string;
  owner: string;
  tickerId: string;
  cursor: string | null;
  last: number;
};

export type TickerHooks = {
  join(follower: Follower): void;
  leave(follower: Follower): void;
  /** From here on it gets the group's bytes. False: the group is not at this position; it goes on by itself. */
  goLive(follower: Follower, position: Position): boolean;
  delivered(events: number): void;
  gap(): void;
  /** Does the work when no other subscription of this connection is reading. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
};

type GapReason = Extract<ServerMessage, { type: "gap" }>["reason"];

/** Runs replayed at most; further back is a gap, to be read over REST. */
export const REPLAY_RUNS_MAX = 100;
const EVENTS_PER_READ = 500;
/** A message longer than this lets others have their turn before the next is read. */
const LONG_CHARACTERS = 64_000;
/** After a reading that failed. */
const AGAIN_MS = 1_000;

export function eventsMessage(id: string, batch: EventBatch, cursor: string): ServerMessage {
  const { tickerId, run, runId, dueAt, from, to, events } = batch;
  return { type: "events", id, tickerId, run, runId, dueAt, from, to, events, cursor };
}

export function makeTickerSubscription(
  platform: FeedPlatform,
  ask: TickerAsk,
  watcher: Watcher,
  hooks: TickerHooks,
): Subscription {
  const { store } = platform;
  const { id, owner, tickerId } = ask;
  let position: Position | null = ask.cursor === null ? null : parseCursor(ask.cursor, tickerId);
  let greeted = false;
  let reading = false;
  let dirty = false;
  let slow = false;
  let closed = false;
  /** A reading that failed is tried again, unless something else sets off the next one before. */
  let again: (() => void) | null = null;

  const say = (message: ServerMessage): void =>
    watcher.write(watcher.encode([JSON.stringify(message)]));

  const self: Follower = {
    watcher,
    touch() {
      dirty = true;
      if (!slow) void catchUp();
    },
    fallBehind(at) {
      position = at;
      slow = !watcher.ready();
      if (!slow) void catchUp();
    },
  };

  /** Reads until nothing was published meanwhile; then, in the same turn, goes live. */
  async function catchUp(): Promise<void> {
    if (reading || closed) return;
    reading = true;
    again?.();
    try {
      do {
        dirty = false;
        slow = !(await hooks.inTurn(readOn));
      } while (dirty && !slow && !closed);
      if (closed || slow || position === null) return;
      if (!greeted) say({ type: "live", id, cursor: cursorOf(position, tickerId) });
      greeted = true;
      // Most often the group is about to publish what was read here already, and they agree after that. Until
      // they do, what is published is read (`touch`).
      hooks.goLive(self, position);
    } catch (error) {
      platform.log.error("a feed could not be read", { ticker: tickerId, cause: String(error) });
      const message = "the feed could not be read just now; it is tried again";
      say({ type: "error", id, code: "unavailable", message });
      again = platform.clock.after(AGAIN_MS, () => void catchUp());
    } finally {
      reading = false;
    }
  }

  /** False: stopped on the way, because the watcher is full or gone; `resume` goes on. */
  async function readOn(): Promise<boolean> {
    if (closed || !watcher.ready()) return false;
    const ask = { before: null, limit: REPLAY_RUNS_MAX, failed: false };
    const newest = await store.listRuns(owner, tickerId, ask);
    position ??= startAt(newest, askLast());
    const at = position;
    const listed = new Set(newest.map((run) => run.number));
    const runs = newest.filter((run) => run.number > at.floor).reverse();
    for (const run of runs) {
      for (const range of missingBelow(at, run.number, listed)) {
        const isFar = newest.length === REPLAY_RUNS_MAX && range.to < (newest.at(-1)?.number ?? 0);
        tellGap(at, range, !isFar ? "retention" : greeted ? "slow-reader" : "too-far-behind");
      }
      if (!(await readRun(at, run))) return false;
    }
    return watcher.ready();
  }

  const askLast = (): number => Math.min(REPLAY_RUNS_MAX, Math.max(0, ask.last));

  function tellGap(at: Position, range: { from: number; to: number }, reason: GapReason): void {
    const { from: fromRun, to: toRun } = range;
    skipTo(at, toRun + 1);
    hooks.gap();
    say({ type: "gap", id, reason, tickerId, fromRun, toRun, cursor: cursorOf(at, tickerId) });
  }

  /** False: stopped on the way, because the watcher is full or gone. */
  async function readRun(at: Position, run: Run): Promise<boolean> {
    const known = at.parts.get(run.number);
    // A cursor does not say that a run is a record, which a newer one ends.
    if (known) known.record = isRecord(run);
    while (at.floor < run.number && !at.parts.get(run.number)?.over) {
      const from = seqOf(at, run.number) + 1;
      const events = await store.readEvents(owner, tickerId, run.number, from, EVENTS_PER_READ);
      // It may have filled meanwhile, with what is live: what does not fit is read again.
      if (closed || !watcher.ready()) return false;
      if (events.length === 0) return tellEnd(at, run);
      const batch = batchOf(run, events, from);
      advance(at, batch);
      hooks.delivered(events.length);
      const text = JSON.stringify(eventsMessage(id, batch, cursorOf(at, tickerId)));
      watcher.write(watcher.encode([text]));
      if (text.length > LONG_CHARACTERS) {
        await new Promise<void>((resolve) => platform.clock.after(0, resolve));
      }
      if (events.length < EVENTS_PER_READ) return true;
    }
    return true;
  }

  /** There is nothing more in the store of a run whose end was not told. */
  function tellEnd(at: Position, run: Run): true {
    const seq = at.parts.get(run.number)?.seq ?? 0;
    // Under way and silent so far: known all the same, or what follows it would look like a hole.
    if (seq === 0) at.parts.set(run.number, { seq, over: false, record: false });
    if (run.state !== "finished" || isRecord(run)) return true;
    // Pruned a moment ago; or the cursor knows more than the records, as after a power cut.
    tellGap(at, { from: run.number, to: run.number }, seq > run.seq ? "restarted" : "retention");
    return true;
  }

  say({ type: "subscribed", id, feed: tickerId, tickerId });
  hooks.join(self);
  void catchUp();
  return {
    close() {
      closed = true;
      hooks.leave(self);
    },
    resume() {
      if (slow) void catchUp();
    },
  };
}

const isRecord = ({ outcome }: Run): boolean => outcome === "skipped" || outcome === "missed";

/** Before the newest `last` runs; of older ones still under way, only what comes from now on. */
function startAt(newest: Run[], last: number): Position {
  const top = (newest[0]?.number ?? 0) - last;
  // The newest may be a record that grows.
  const mayGoOn = (run: Run): boolean =>
    run.state !== "finished" || (run === newest[0] && isRecord(run));
  const open = newest.filter((run) => run.number <= top && mayGoOn(run));
  const position = startAfter(Math.min(top, ...open.map((run) => run.number - 1)));
  for (const run of newest.toReversed()) {
    if (run.number <= position.floor || run.number > top) continue;
    position.parts.set(run.number, { seq: run.seq, over: !mayGoOn(run), record: isRecord(run) });
  }
  return position;
}

/** Consecutive events of one run as a batch; a record's single event stands for all before it. */
export function batchOf(run: Run, events: Event[], from = events[0]?.seq ?? 1): EventBatch {
  const { tickerId, number, id: runId, dueAt } = run;
  return { tickerId, run: number, runId, dueAt, from, to: events.at(-1)?.seq ?? from, events };
}
