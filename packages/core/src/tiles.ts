// The "tiles" feed: each ticker's newest state, last value wins, so a resumed watcher is complete by
// nature. Views are loaded when somebody first looks and folded from then on.

import type { EventBatch } from "./event.ts";
import type { Subscription } from "./feed.ts";
import { keyed } from "./keyed.ts";
import type { FeedPlatform } from "./platform.ts";
import type { ServerMessage } from "./protocol.ts";
import type { Status } from "./status.ts";
import type { Entry } from "./store.ts";
import type { Watcher } from "./subscription.ts";
import { foldBatch, makeView, type Tile, tileOf, type View } from "./tile.ts";

/** Four times a second for each tile. */
const TICK_MS = 250;
const TILES_PER_MESSAGE = 100;
const VIEWS_MAX = 10_000;
/** Loading a view reads this many run records; others get a turn after every few. */
const RUNS_READ = 100;
const LOADS_PER_TURN = 4;

type Member = { watcher: Watcher; id: string; owner: string; seen: number; full: boolean };
type Change = { version: number; removed: boolean };
/** What happened to a ticker while its view was being read. */
type Meanwhile = { batches: EventBatch[]; status: Status | null; changed: boolean };

export type Tiles = {
  fold(owner: string, batch: EventBatch): void;
  status(status: Status): void;
  /** The definition changed, or the ticker is gone. */
  changed(owner: string, tickerId: string, removed: boolean): void;
  load(entries: Entry[]): Promise<Tile[]>;
  watch(ask: { id: string; owner: string; cursor: string | null }, watcher: Watcher): Subscription;
  close(): void;
};

export function makeTiles(
  platform: FeedPlatform,
  epoch: string,
  count: { deliveries: number },
): Tiles {
  const { store, clock } = platform;
  const views = new Map<string, View>();
  const loading = new Map<string, Set<Meanwhile>>();
  const changes = new Map<string, Map<string, Change>>();
  /** From which version on an account's changes are known: nobody notes them while nobody watches. */
  const notedFrom = new Map<string, number>();
  const members = new Map<string, Set<Member>>();
  let version = 0;
  let timer: (() => void) | null = null;
  let sending = false;

  function note(owner: string, tickerId: string, removed: boolean): void {
    version++;
    if (!members.has(owner)) return;
    const known = keyed(changes, owner, () => new Map());
    known.delete(tickerId); // To the end: the newest change is the last.
    known.set(tickerId, { version, removed });
    timer ??= clock.after(TICK_MS, tick);
  }

  /** A view that is there has heard of everything since; `entry` may be older than that. */
  async function view(entry: Entry): Promise<View> {
    const { id, owner, revision } = entry.ticker;
    const known = views.get(id);
    if (known && known.ticker.revision >= revision) return known;
    const meanwhile: Meanwhile = { batches: [], status: null, changed: false };
    const readers = keyed(loading, id, () => new Set());
    readers.add(meanwhile);
    try {
      const now = (await store.readTicker(owner, { id }, true)) ?? entry;
      const ask = { before: null, limit: RUNS_READ, failed: false };
      const runs = await store.listRuns(owner, id, ask);
      const lines = await newestLines(now, runs);
      const made = makeView(now.ticker, meanwhile.status ?? now.status, runs, lines);
      for (const batch of meanwhile.batches) foldBatch(made, batch);
      if (meanwhile.changed) return made; // Edited under its reading: whoever comes next reads it again.
      if (views.size >= VIEWS_MAX) views.clear();
      views.set(id, made);
      return made;
    } finally {
      readers.delete(meanwhile);
      if (readers.size === 0) loading.delete(id);
    }
  }

  /** The newest run's lines; for one-line scripts the last lines of the newest runs. */
  async function newestLines(
    { ticker }: Entry,
    runs: Awaited<ReturnType<typeof store.listRuns>>,
  ): Promise<View["lines"]> {
    const ran = runs.filter((run) => run.lastLine !== null);
    const newest = ran[0];
    if (!newest) return [];
    const from = Math.max(1, newest.seq - 20);
    const events = await store.readEvents(ticker.owner, ticker.id, newest.number, from, 50);
    const lines = events.flatMap((event) =>
      event.kind === "output"
        ? event.text.split("\n").map((text) => ({ at: event.at, text: text.slice(0, 200) }))
        : [],
    );
    if (lines.length > 1) return lines;
    return ran
      .slice(0, 5)
      .reverse()
      .map((run) => ({ at: run.finishedAt ?? run.dueAt, text: run.lastLine ?? "" }));
  }

  async function load(entries: Entry[]): Promise<Tile[]> {
    const tiles: Tile[] = [];
    let loads = 0;
    for (const entry of entries) {
      const known = views.has(entry.ticker.id);
      tiles.push(tileOf(await view(entry)));
      if (!known && ++loads % LOADS_PER_TURN === 0) {
        await new Promise<void>((resolve) => clock.after(0, resolve));
      }
    }
    return tiles;
  }

  function tick(): void {
    timer = null;
    if (sending) return;
    sending = true;
    const owners = [...members.keys()];
    Promise.all(owners.map(send))
      .catch((error) => platform.log.error("tiles were not sent", { cause: String(error) }))
      .finally(() => {
        sending = false;
        // What changed while these were being read goes with the next beat.
        for (const [owner, group] of members) {
          if ([...group].some((m) => m.watcher.ready() && behind(owner, m))) {
            timer ??= clock.after(TICK_MS, tick);
          }
        }
      });
  }

  function behind(owner: string, member: Member): boolean {
    const newest = [...(changes.get(owner)?.values() ?? [])].at(-1);
    return member.full || (newest !== undefined && newest.version > member.seen);
  }

  /** One reading serves everybody who has come equally far under the same id. */
  async function send(owner: string): Promise<void> {
    const groups = new Map<string, Member[]>();
    for (const member of members.get(owner) ?? []) {
      if (!member.watcher.ready() || !behind(owner, member)) continue;
      const key = `${member.full ? "all" : member.seen} ${member.id}`;
      groups.set(key, [...(groups.get(key) ?? []), member]);
    }
    for (const group of groups.values()) await sendGroup(owner, group);
  }

  async function sendGroup(owner: string, group: Member[]): Promise<void> {
    const first = group[0] as Member;
    const upTo = version;
    const { tiles, removed } = first.full
      ? { tiles: await all(owner), removed: [] }
      : await since(owner, first.seen);
    const cursor = `${epoch}.${upTo}`;
    const texts: string[] = [];
    for (let i = 0; i === 0 || i < tiles.length; i += TILES_PER_MESSAGE) {
      const some = tiles.slice(i, i + TILES_PER_MESSAGE);
      const gone = i === 0 ? removed : [];
      const message: ServerMessage = {
        type: "tiles",
        id: first.id,
        tiles: some,
        removed: gone,
        cursor,
      };
      texts.push(JSON.stringify(message));
    }
    if (first.full) texts.push(JSON.stringify({ type: "live", id: first.id, cursor }));
    const bytes = first.watcher.encode(texts);
    for (const member of group) {
      member.seen = upTo;
      member.full = false;
      count.deliveries += tiles.length;
      member.watcher.write(bytes);
    }
  }

  async function all(owner: string): Promise<Tile[]> {
    const tiles: Tile[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: Entry[]; next: string | null } = await store.listTickers(owner, {
        limit: 200,
        cursor,
        deleted: false,
        tag: null,
      });
      tiles.push(...(await load(page.items)));
      cursor = page.next;
    } while (cursor !== null);
    return tiles;
  }

  async function since(owner: string, seen: number): Promise<{ tiles: Tile[]; removed: string[] }> {
    const tiles: Tile[] = [];
    const removed: string[] = [];
    for (const [tickerId, change] of changes.get(owner) ?? []) {
      if (change.version <= seen) continue;
      const known = views.get(tickerId);
      if (known && !change.removed) {
        tiles.push(tileOf(known));
        continue;
      }
      const entry = await store.readTicker(owner, { id: tickerId });
      if (entry === null) removed.push(tickerId);
      else tiles.push(...(await load([entry])));
    }
    return { tiles, removed };
  }

  return {
    fold(owner, batch) {
      for (const meanwhile of loading.get(batch.tickerId) ?? []) meanwhile.batches.push(batch);
      const known = views.get(batch.tickerId);
      if (known) foldBatch(known, batch);
      note(owner, batch.tickerId, false);
    },
    status(status) {
      for (const meanwhile of loading.get(status.tickerId) ?? []) meanwhile.status = status;
      const known = views.get(status.tickerId);
      if (known) known.status = status;
      note(status.owner, status.tickerId, false);
    },
    changed(owner, tickerId, removed) {
      for (const meanwhile of loading.get(tickerId) ?? []) meanwhile.changed = true;
      views.delete(tickerId);
      note(owner, tickerId, removed);
    },
    load,
    watch(ask, watcher) {
      const { id, owner } = ask;
      const [place, number] = (ask.cursor ?? "").split(".");
      const seen = Number(number);
      if (!members.has(owner)) notedFrom.set(owner, version);
      const from = notedFrom.get(owner) ?? version;
      const known = place === epoch && Number.isInteger(seen) && seen >= from && seen <= version;
      const member: Member = { watcher, id, owner, seen: known ? seen : 0, full: !known };
      const group = keyed(members, owner, () => new Set());
      group.add(member);
      const hello: ServerMessage = { type: "subscribed", id, feed: "tiles", tickerId: null };
      watcher.write(watcher.encode([JSON.stringify(hello)]));
      timer ??= clock.after(0, tick);
      return {
        close() {
          group.delete(member);
          if (group.size === 0 && members.get(owner) === group) {
            members.delete(owner);
            changes.delete(owner);
            notedFrom.delete(owner);
          }
        },
        resume() {
          timer ??= clock.after(TICK_MS, tick);
        },
      };
    },
    close() {
      timer?.();
    },
  };
}
