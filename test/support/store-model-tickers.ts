// The model's verbs about definitions and their state.

import { VisibleError } from "@ticker/core/error";
import type { Event } from "@ticker/core/event";
import type { Run } from "@ticker/core/run";
import type { Store } from "@ticker/core/store";
import { copy, type Item, order, type World } from "./store-model-world.ts";

/** Create, read, list, edit, start, stop, bin, purge. */
export function modelTickers(world: World): Partial<Store> {
  const { all, item, owned, live, entry, stop, killQueue } = world;

  function takeable(found: Item, name: string): Item | undefined {
    return all.items.find(
      ({ ticker }) =>
        ticker.owner === found.ticker.owner &&
        ticker.name === name &&
        ticker.deletedAt === null &&
        ticker.id !== found.ticker.id,
    );
  }

  return {
    async createTicker(ticker, status) {
      const there = item(ticker.id);
      if (there) {
        const ours = there.ticker.owner === ticker.owner;
        return { ok: false, why: "exists", entry: ours ? entry(there) : null };
      }
      const fresh: Item = { ticker: copy(ticker), status: copy(status), kept: new Map() };
      const samePage = all.items.find(
        (each) =>
          each.ticker.owner === ticker.owner &&
          each.ticker.page !== null &&
          each.ticker.page === ticker.page,
      );
      if (samePage) return { ok: false, why: "page-taken", entry: entry(samePage) };
      const namesake = takeable(fresh, ticker.name);
      if (namesake) return { ok: false, why: "name-taken", entry: entry(namesake) };
      all.items.push(fresh);
      return { ok: true };
    },
    async readTicker(owner, key, deleted = false) {
      const found = all.items.find(({ ticker }) => {
        if (ticker.owner !== owner) return false;
        if ("name" in key) return ticker.name === key.name && ticker.deletedAt === null;
        if (ticker.deletedAt !== null && !deleted) return false;
        return "id" in key ? ticker.id === key.id : ticker.page === key.page;
      });
      return found ? entry(found) : null;
    },
    async listTickers(owner, ask) {
      const place = ({ ticker }: Item) =>
        `${String(ticker.page ?? 1_000_000).padStart(7, "0")} ${ticker.id}`;
      const found = all.items
        .filter(({ ticker }) => ticker.owner === owner)
        .filter(({ ticker }) => (ticker.deletedAt !== null) === ask.deleted)
        .filter(({ ticker }) => ask.tag === null || ticker.tags.includes(ask.tag))
        .sort((a, b) => order(place(a), place(b)))
        .filter((each) => ask.cursor === null || place(each) > ask.cursor);
      const page = found.slice(0, ask.limit);
      const last = page.at(-1);
      return {
        items: page.map(entry),
        next: found.length > page.length && last ? place(last) : null,
      };
    },
    async usedPages(owner) {
      return all.items
        .filter(({ ticker }) => ticker.owner === owner && ticker.page !== null)
        .map(({ ticker }) => ticker.page as number)
        .sort((a, b) => a - b);
    },
    async tickerCount(owner) {
      return all.items.filter(({ ticker }) => ticker.owner === owner && ticker.deletedAt === null)
        .length;
    },
    async editTicker(ticker, timing) {
      const found = live(ticker.owner, ticker.id);
      if (!found) return { ok: false, why: "absent", entry: null };
      if (JSON.stringify(found.ticker) === JSON.stringify(ticker))
        return { ok: true, entry: entry(found) };
      if (found.ticker.revision + 1 !== ticker.revision)
        return { ok: false, why: "conflict", entry: entry(found) };
      const namesake = takeable(found, ticker.name);
      if (namesake) return { ok: false, why: "name-taken", entry: entry(namesake) };
      found.ticker = copy(ticker);
      found.status.revision = ticker.revision;
      if (timing) {
        found.status.anchorAt = timing.anchorAt;
        found.status.nextDueAt = found.status.state === "started" ? timing.nextDueAt : null;
      }
      return { ok: true, entry: entry(found) };
    },
    async setState(owner, tickerId, change) {
      const found = live(owner, tickerId);
      if (!found) return null;
      let gone: { run: Run; events: Event[] }[] = [];
      if (change.state === "stopped") {
        gone = killQueue(found, change.at);
        stop(found, change.reason);
      } else if (found.status.state === "stopped") {
        found.status.state = "started";
        found.status.stopReason = null;
        found.status.anchorAt = change.anchorAt;
        found.status.nextDueAt = change.nextDueAt;
        found.status.failuresInRow = 0;
      }
      return { entry: entry(found), ended: gone };
    },
    async setDeleted(owner, tickerId, deletedAt, at) {
      const found = owned(owner, tickerId);
      if (!found) return null;
      const isIn = found.ticker.deletedAt !== null;
      let gone: { run: Run; events: Event[] }[] = [];
      if (deletedAt === null && isIn) {
        if (takeable(found, found.ticker.name)) throw new VisibleError("conflict", "name taken");
        found.ticker.deletedAt = null;
        found.ticker.updatedAt = at;
      }
      if (deletedAt !== null && !isIn) {
        gone = killQueue(found, at);
        stop(found, "deleted");
        found.status.stopReason = "deleted";
        found.ticker.deletedAt = deletedAt;
        found.ticker.updatedAt = at;
      }
      return { entry: entry(found), ended: gone };
    },
    async purgeTickers(before, limit) {
      const gone = all.items
        .filter(({ ticker }) => ticker.deletedAt !== null && ticker.deletedAt < before)
        .filter(({ status }) => status.active.length === 0)
        .sort((a, b) => (a.ticker.deletedAt ?? 0) - (b.ticker.deletedAt ?? 0))
        .slice(0, limit);
      all.items = all.items.filter((each) => !gone.includes(each));
      all.records = all.records.filter((each) => item(each.run.tickerId));
      return gone.length;
    },
  };
}
