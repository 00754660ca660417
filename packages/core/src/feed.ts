// The live side: who watches which ticker, and each batch as one message that all its watchers share; what
// every connection of an account is told, subscribed or not. Replay and contiguity are `subscription.ts`, the
// account's feed is `account-feed.ts`, tiles are `tiles.ts`. Broadcast may lose or repeat a batch: watchers
// follow the store's numbers, not this.

import type { Hold } from "./account.ts";
import { type AccountAsk, makeAccountFeed } from "./account-feed.ts";
import type { EventBatch } from "./event.ts";
import { keyed } from "./keyed.ts";
import type { FeedPlatform } from "./platform.ts";
import { advance, agree, copyOf, cursorOf, judge, type Position, startAfter } from "./position.ts";
import type { ServerMessage } from "./protocol.ts";
import {
  eventsMessage,
  type Follower,
  makeTickerSubscription,
  type TickerAsk,
  type Watcher,
} from "./subscription.ts";
import { makeTiles, type Tiles } from "./tiles.ts";

/** Messages to one group of watchers within this time leave in one write. */
const GATHER_MS = 10;

/** One subscription of one connection. */
export type Subscription = {
  close(): void;
  /** The watcher can take more: go on where it was left. */
  resume(): void;
};

export type Connection = {
  watcher: Watcher;
  /** Credentials of its account are gone: is the one it was made with still there? */
  recheck(): void;
};

/** Watchers of one ticker under one id: those that are live are at one position and get the same bytes. */
type Group = {
  members: Set<Follower>;
  live: Set<Follower>;
  position: Position;
  pending: string[];
  flushedMono: number;
};

export type Feed = {
  publish(owner: string, batch: EventBatch): void;
  tiles: Tiles;
  /** Follows a ticker. `last`: newest runs to replay without a cursor. */
  watchTicker(ask: TickerAsk, watcher: Watcher): Subscription;
  watchAccount(ask: AccountAsk, watcher: Watcher): Subscription;
  /** A connection of this account: told whether killall is in force now, and at every change until left. */
  connect(owner: string, connection: Connection): () => void;
  revoked(owner: string): void;
  /** Killall came into force for this account, or was released (null). */
  held(owner: string, hold: Hold | null): void;
  numbers(): { watchers: number; deliveries: number; gaps: number };
  close(): void;
};

export function makeFeed(platform: FeedPlatform, epoch: string): Feed {
  const { clock } = platform;
  const topics = new Map<string, Map<string, Group>>();
  const connections = new Map<string, Set<Connection>>();
  const holds = new Map<string, Hold>();
  const turns = new WeakMap<Watcher, Promise<unknown>>();
  const count = { watchers: 0, deliveries: 0, gaps: 0 };
  const waiting = new Set<Group>();
  let timer: (() => void) | null = null;
  const tiles = makeTiles(platform, epoch, count);
  const account = makeAccountFeed(epoch, count);

  // -- ticker feeds: one text per group, one write per gather

  function toTicker(batch: EventBatch): void {
    const groups = topics.get(batch.tickerId);
    if (!groups) return;
    for (const [id, group] of groups) toGroup(id, group, batch);
  }

  function toGroup(id: string, group: Group, batch: EventBatch): void {
    if (group.live.size < group.members.size) {
      for (const follower of group.members) if (!group.live.has(follower)) follower.touch();
    }
    if (group.live.size === 0) return;
    const verdict = judge(group.position, batch);
    if (verdict === "known") return;
    if (verdict === "hole") {
      flush(group);
      for (const follower of group.live) drop(group, follower);
      return;
    }
    advance(group.position, batch);
    const cursor = cursorOf(group.position, batch.tickerId);
    group.pending.push(JSON.stringify(eventsMessage(id, batch, cursor)));
    count.deliveries += group.live.size * batch.events.length;
    gather(group);
  }

  function drop(group: Group, follower: Follower): void {
    group.live.delete(follower);
    follower.fallBehind(copyOf(group.position));
  }

  /** At once after a pause, so that a lone line is not held up; otherwise together. */
  function gather(group: Group): void {
    if (clock.monotonic() - group.flushedMono >= GATHER_MS) flush(group);
    else {
      waiting.add(group);
      timer ??= clock.after(GATHER_MS, flushAll);
    }
  }

  function flushAll(): void {
    timer = null;
    for (const group of waiting) flush(group);
    waiting.clear();
  }

  function flush(group: Group): void {
    if (group.pending.length === 0) return;
    const [first] = group.live;
    const bytes = first?.watcher.encode(group.pending);
    group.pending = [];
    group.flushedMono = clock.monotonic();
    if (bytes === undefined) return;
    for (const follower of group.live) {
      follower.watcher.write(bytes);
      if (!follower.watcher.ready()) drop(group, follower);
    }
  }

  function groupOf(tickerId: string, id: string): Group {
    const groups = keyed(topics, tickerId, () => new Map<string, Group>());
    return keyed(groups, id, () => ({
      members: new Set(),
      live: new Set(),
      position: startAfter(0),
      pending: [],
      flushedMono: 0,
    }));
  }

  /** What was gathered so far is for those who are live now. */
  function goLive(group: Group, follower: Follower, position: Position): boolean {
    flush(group);
    if (group.live.size === 0) group.position = copyOf(position);
    else if (!agree(group.position, position)) return false;
    group.live.add(follower);
    return true;
  }

  function leave(tickerId: string, id: string, follower: Follower): void {
    const groups = topics.get(tickerId);
    const group = groups?.get(id);
    if (!groups || !group) return;
    flush(group);
    group.members.delete(follower);
    group.live.delete(follower);
    if (group.members.size === 0) groups.delete(id);
    if (groups.size === 0) topics.delete(tickerId);
  }

  /** What all subscriptions of a connection read at once would be more than it can take, and work for nothing. */
  function inTurn<T>(watcher: Watcher, work: () => Promise<T>): Promise<T> {
    const done = (turns.get(watcher) ?? Promise.resolve()).then(work);
    turns.set(
      watcher,
      done.catch(() => {}),
    );
    return done;
  }

  // -- what every connection of an account is told

  function held(owner: string): string {
    const message: ServerMessage = { type: "held", held: holds.get(owner) ?? null };
    return JSON.stringify(message);
  }

  function connect(owner: string, connection: Connection): () => void {
    const all = keyed(connections, owner, () => new Set());
    all.add(connection);
    const { watcher } = connection;
    watcher.write(watcher.encode([held(owner)]));
    return () => {
      all.delete(connection);
      if (all.size === 0 && connections.get(owner) === all) connections.delete(owner);
    };
  }

  const counted = (subscription: Subscription): Subscription => {
    count.watchers++;
    let open = true;
    return {
      resume: () => subscription.resume(),
      close() {
        if (open) count.watchers--;
        open = false;
        subscription.close();
      },
    };
  };

  return {
    publish(owner, batch) {
      toTicker(batch);
      account.publish(owner, batch);
      tiles.fold(owner, batch);
    },
    tiles: { ...tiles, watch: (ask, watcher) => counted(tiles.watch(ask, watcher)) },
    watchTicker: (ask, watcher) =>
      counted(
        makeTickerSubscription(platform, ask, watcher, {
          join: (follower) => groupOf(ask.tickerId, ask.id).members.add(follower),
          leave: (follower) => leave(ask.tickerId, ask.id, follower),
          goLive: (follower, position) => goLive(groupOf(ask.tickerId, ask.id), follower, position),
          delivered: (events) => {
            count.deliveries += events;
          },
          gap: () => {
            count.gaps++;
          },
          inTurn: (work) => inTurn(watcher, work),
        }),
      ),
    watchAccount: (ask, watcher) => counted(account.watch(ask, watcher)),
    connect,
    held(owner, hold) {
      if (hold === null) holds.delete(owner);
      else holds.set(owner, hold);
      const text = held(owner);
      for (const { watcher } of connections.get(owner) ?? []) watcher.write(watcher.encode([text]));
    },
    revoked(owner) {
      for (const connection of connections.get(owner) ?? []) connection.recheck();
    },
    numbers: () => ({ ...count }),
    close() {
      timer?.();
      tiles.close();
    },
  };
}
