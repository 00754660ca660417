// One watcher of one ticker's feed: replay from the store, then live, with no hole between. The store is
// the truth: whenever a batch does not follow on, or the watcher was too slow, it goes back to reading.

import type { Event, EventBatch } from "./event.ts";
import type { Subscription } from "./feed.ts";
import type { FeedPlatform } from "./platform.ts";
import {
  advance,
  cursorOf,
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
  /** From here on it gets the group's bytes. False: the group is not at this position; read again. */
  goLive(follower: Follower, position: Position): boolean;
  delivered(events: number): void;
  gap(): void;
};

/** Runs replayed at most; further back is a gap, to be read over REST. */
export const REPLAY_RUNS_MAX = 100;
const EVENTS_PER_READ = 500;

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
  let position: Position | null = ask.cursor === null ? null : parseCursor(ask.cursor);
  let greeted = false;
  let reading = false;
  let dirty = false;
  let slow = false;
  let closed = false;

  const say = (message: ServerMessage): void =>
    watcher.write(watcher.encode([JSON.stringify(message)]));

  const self: Follower = {
    watcher,
    touch() {
      dirty = true;
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
    let again = false;
    try {
      do {
        dirty = false;
        await readOn();
      } while (dirty && !closed && watcher.ready());
      if (closed) return;
      slow = !watcher.ready();
      if (slow) return;
      // The group is about to publish what was read here already: after that they agree.
      if (position === null || !hooks.goLive(self, position)) again = true;
      else if (!greeted) {
        say({ type: "live", id, cursor: cursorOf(position) });
        greeted = true;
      }
    } catch (error) {
      // The connection stays; the next batch or drain tries again from the same position.
      platform.log.error("a feed could not be read", { ticker: tickerId, cause: String(error) });
      say({
        type: "error",
        id,
        code: "unavailable",
        message: "the feed could not be read just now",
      });
    } finally {
      reading = false;
    }
    if (again) platform.clock.after(0, () => void catchUp());
  }

  async function readOn(): Promise<void> {
    const ask = { before: null, limit: REPLAY_RUNS_MAX, failed: false };
    const newest = await store.listRuns(owner, tickerId, ask);
    position ??= startAt(newest, askLast());
    const at = position;
    const runs = newest.filter((run) => run.number > at.floor).reverse();
    for (const run of runs) {
      const gone = missingBefore(at, run.number);
      if (gone !== null) tellGap(at, gone, run.number, newest.length === REPLAY_RUNS_MAX);
      if (!(await readRun(at, run))) return;
    }
  }

  const askLast = (): number => Math.min(REPLAY_RUNS_MAX, Math.max(0, ask.last));

  /** The first run below `number` that is neither delivered nor in the store any more. */
  function missingBefore(at: Position, number: number): number | null {
    for (let run = at.floor + 1; run < number; run++) if (!at.parts.has(run)) return run;
    return null;
  }

  function tellGap(at: Position, fromRun: number, number: number, far: boolean): void {
    skipTo(at, number);
    hooks.gap();
    const reason = !far ? "retention" : greeted ? "slow-reader" : "too-far-behind";
    say({ type: "gap", id, reason, tickerId, fromRun, toRun: number - 1, cursor: cursorOf(at) });
  }

  /** False: stopped on the way, because the watcher is full or gone. */
  async function readRun(at: Position, run: Run): Promise<boolean> {
    for (;;) {
      if (closed || !watcher.ready()) return false;
      const from = seqOf(at, run.number) + 1;
      const events = await store.readEvents(owner, tickerId, run.number, from, EVENTS_PER_READ);
      if (events.length === 0) {
        // Under way and silent so far: known all the same, or what follows it would look like a gap.
        if (from === 1) at.parts.set(run.number, { seq: 0, over: false, record: false });
        return true;
      }
      const batch = batchOf(run, events, from);
      advance(at, batch);
      hooks.delivered(events.length);
      say(eventsMessage(id, batch, cursorOf(at)));
      if (events.length < EVENTS_PER_READ) return true;
    }
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

/** Before the newest `last` runs; of older ones still under way, only what comes from now on. */
function startAt(newest: Run[], last: number): Position {
  const top = (newest[0]?.number ?? 0) - last;
  const open = newest.filter((run) => run.number <= top && run.state !== "finished");
  const position = startAfter(Math.min(top, ...open.map((run) => run.number - 1)));
  for (const run of newest) {
    if (run.number <= position.floor || run.number > top) continue;
    const over = run.state === "finished";
    position.parts.set(run.number, { seq: run.seq, over, record: false });
  }
  return position;
}

/** Consecutive events of one run as a batch; a record's single event stands for all before it. */
export function batchOf(run: Run, events: Event[], from = events[0]?.seq ?? 1): EventBatch {
  const { tickerId, number, id: runId, dueAt } = run;
  return { tickerId, run: number, runId, dueAt, from, to: events.at(-1)?.seq ?? from, events };
}
