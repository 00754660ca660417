// The live side: keeps what recently happened, who watches which feed, and turns each batch into one
// message per feed that all its watchers share. Replay and contiguity are `subscription.ts`; tiles are
// `tiles.ts`. Broadcast may lose or repeat a batch: watchers follow the store's numbers, not this.

import type { EventBatch } from "./event.ts";
import { keyed } from "./keyed.ts";
import type { FeedPlatform } from "./platform.ts";
import { advance, copyOf, cursorOf, judge, type Position, startAfter } from "./position.ts";
import type { ServerMessage } from "./protocol.ts";
import {
  eventsMessage,
  type Follower,
  makeTickerSubscription,
  type TickerAsk,
  type Watcher,
} from "./subscription.ts";
import { makeTiles, type Tiles } from "./tiles.ts";

/** Account feeds resume from memory: this many batches back. */
const RING_MAX = 5_000;
/** Messages to one group of watchers within this time leave in one write. */
const GATHER_MS = 10;

/** One subscription of one connection. */
export type Subscription = {
  close(): void;
  /** The watcher can take more: go on where it was left. */
  resume(): void;
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
  watchAccount(
    ask: { id: string; owner: string; cursor: string | null },
    watcher: Watcher,
  ): Subscription;
  numbers(): { watchers: number; deliveries: number; gaps: number };
  close(): void;
};

type Ring = { first: number; batches: EventBatch[] };

type AccountMember = { watcher: Watcher; owner: string; id: string; next: number; live: boolean };

export function makeFeed(platform: FeedPlatform, epoch: string): Feed {
  const { clock } = platform;
  const rings = new Map<string, Ring>();
  const topics = new Map<string, Map<string, Group>>();
  const accounts = new Map<string, Set<AccountMember>>();
  const count = { watchers: 0, deliveries: 0, gaps: 0 };
  const waiting = new Set<Group>();
  let timer: (() => void) | null = null;
  const tiles = makeTiles(platform, epoch, count);

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
    group.pending.push(JSON.stringify(eventsMessage(id, batch, cursorOf(group.position))));
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
    else if (cursorOf(group.position) !== cursorOf(position)) return false;
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

  // -- account feeds: replay from the ring, a gap when it does not reach back far enough

  function keep(owner: string, batch: EventBatch): void {
    const ring = keyed(rings, owner, () => ({ first: 1, batches: [] }));
    ring.batches.push(batch);
    if (ring.batches.length > RING_MAX * 1.2) {
      const gone = ring.batches.length - RING_MAX;
      ring.batches.splice(0, gone);
      ring.first += gone;
    }
    for (const member of accounts.get(owner) ?? []) {
      if (member.live) pump(member, ring);
    }
  }

  function pump(member: AccountMember, ring: Ring): void {
    const { watcher, id } = member;
    const texts: string[] = [];
    const say = (message: ServerMessage): number => texts.push(JSON.stringify(message));
    if (member.next < ring.first) {
      count.gaps++;
      say({
        type: "gap",
        id,
        reason: "too-far-behind",
        tickerId: null,
        fromRun: null,
        toRun: null,
        cursor: `${epoch}.${ring.first - 1}`,
      });
      member.next = ring.first;
    }
    while (member.next < ring.first + ring.batches.length && texts.length < 200) {
      const batch = ring.batches[member.next - ring.first] as EventBatch;
      say(eventsMessage(id, batch, `${epoch}.${member.next}`));
      count.deliveries += batch.events.length;
      member.next++;
    }
    if (texts.length > 0) watcher.write(watcher.encode(texts));
    // A slow reader waits here, in the ring, and costs nobody anything; `resume` goes on.
    member.live = watcher.ready();
    if (member.live && member.next < ring.first + ring.batches.length) pump(member, ring);
  }

  function watchAccount(
    ask: { id: string; owner: string; cursor: string | null },
    watcher: Watcher,
  ): Subscription {
    const { id, owner } = ask;
    const ring = keyed(rings, owner, () => ({ first: 1, batches: [] }));
    const end = ring.first + ring.batches.length;
    const [place, number] = ask.cursor === null ? [epoch, String(end - 1)] : split(ask.cursor);
    const known = place === epoch && Number(number) < end;
    const member: AccountMember = {
      watcher,
      owner,
      id,
      next: known ? Number(number) + 1 : end,
      live: true,
    };
    const say = (message: ServerMessage): void =>
      watcher.write(watcher.encode([JSON.stringify(message)]));
    say({ type: "subscribed", id, feed: "account", tickerId: null });
    if (!known) {
      count.gaps++;
      const cursor = `${epoch}.${end - 1}`;
      say({
        type: "gap",
        id,
        reason: "restarted",
        tickerId: null,
        fromRun: null,
        toRun: null,
        cursor,
      });
    }
    const members = keyed(accounts, owner, () => new Set());
    members.add(member);
    pump(member, ring);
    say({ type: "live", id, cursor: `${epoch}.${member.next - 1}` });
    return {
      close: () => members.delete(member),
      resume() {
        member.live = true;
        const now = rings.get(owner);
        if (now) pump(member, now);
      },
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
      keep(owner, batch);
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
        }),
      ),
    watchAccount: (ask, watcher) => counted(watchAccount(ask, watcher)),
    numbers: () => ({ ...count }),
    close() {
      timer?.();
      tiles.close();
    },
  };
}

const split = (cursor: string): [string, string] => {
  const dot = cursor.lastIndexOf(".");
  return [
    cursor.slice(0, dot),
    /^\d{1,15}$/.test(cursor.slice(dot + 1)) ? cursor.slice(dot + 1) : "x",
  ];
};
