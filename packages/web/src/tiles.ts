// Every ticker at a glance: one signal each, fed by the stream, so a new line on one tile redraws that tile
// and nothing else. The pure questions about a tile (its state in a word, what is next) live here too.

import { batch, type Signal, signal } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import type { Tile } from "@ticker/core/tile";

/** In order of page number, those without one last. Changes only when tickers come or go. */
export const tiles = signal<Signal<Tile>[]>([]);
/** False until the first list has been read. */
export const hasTiles = signal(false);
/** Page numbers in use. */
export const pages = signal<ReadonlySet<number | null>>(new Set());

const byId = new Map<string, Signal<Tile>>();

/** Takes newest states. `isWhole`: there are no others. */
export function hearTiles(news: Tile[], removed: string[] = [], isWhole = false) {
  batch(() => {
    const wanted = new Set(news.map((tile) => tile.tickerId));
    const gone = isWhole ? [...byId.keys()].filter((id) => !wanted.has(id)) : removed;
    let hasMoved = gone.some((id) => byId.delete(id));
    for (const id of gone) byId.delete(id);
    for (const tile of news) {
      const known = byId.get(tile.tickerId);
      if (!known) byId.set(tile.tickerId, signal(tile));
      hasMoved ||= !known || known.value.page !== tile.page;
      if (known) known.value = tile;
    }
    if (hasMoved) arrange();
    if (isWhole) hasTiles.value = true;
  });
}

function arrange() {
  tiles.value = [...byId.values()].sort((a, b) => placeOf(a) - placeOf(b));
  pages.value = new Set(tiles.value.map(({ value }) => value.page));
}

const placeOf = ({ value }: Signal<Tile>) => value.page ?? 1000;

/** Forgets everything: somebody else signs in. */
export function forgetTiles() {
  byId.clear();
  arrange();
  hasTiles.value = false;
}

/** The tile of a ticker's id; undefined while unknown. */
export function tileOf(tickerId: string): Signal<Tile> | undefined {
  // Reading `tiles` makes a component that asks too early draw again when it comes.
  return tiles.value.length || byId.size ? byId.get(tickerId) : undefined;
}

/** Where a ticker's page is: its number, or its name when it has none. */
export const keyOf = (tile: { page: number | null; name: string }): string =>
  tile.page === null ? tile.name : String(tile.page);

export type Look = {
  kind: "run" | "ok" | "fail" | "hold" | "stop" | "once" | "new";
  glyph: string;
  word: string;
};

const LOOKS: Record<Look["kind"], Look> = {
  run: { kind: "run", glyph: "▶", word: "RUNNING" },
  ok: { kind: "ok", glyph: "✓", word: "OK" },
  fail: { kind: "fail", glyph: "✗", word: "FAILED" },
  hold: { kind: "hold", glyph: "⏸", word: "HELD" },
  stop: { kind: "stop", glyph: "■", word: "STOPPED" },
  once: { kind: "once", glyph: "◆", word: "ONCE" },
  new: { kind: "new", glyph: "○", word: "NEW" },
};
/** Runs shorter than this do not turn a tile green: a ticker of every second would only flicker. */
const RUNNING_SHOWN_AFTER_MS = 1_000;

/** The state of a ticker as a glyph, a word and a colour. */
export function lookOf(tile: Tile, isHeld: boolean, now: number): Look {
  const isLong = tile.startedAt === null || now - tile.startedAt >= RUNNING_SHOWN_AFTER_MS;
  if (tile.running > 0 && (isLong || tile.lastOutcome === null)) return LOOKS.run;
  const hasFailed = tile.lastOutcome !== null && isFailure(tile.lastOutcome);
  if (isHeld) return LOOKS.hold;
  if (tile.state === "stopped") {
    if (tile.stopReason === "failures") return LOOKS.fail;
    if (tile.stopReason === "done") return { ...LOOKS.once, word: hasFailed ? "FAILED" : "DONE" };
    return LOOKS.stop;
  }
  if (hasFailed) return LOOKS.fail;
  if ("at" in tile.schedule) return LOOKS.once;
  if (tile.lastOutcome !== null) return LOOKS.ok;
  return "hand" in tile.schedule ? { ...LOOKS.new, word: "BY HAND" } : LOOKS.new;
}

/** Share of the way to the next due time, or of the reported progress; null when neither is known. */
export function shareOf(tile: Tile, now: number): number | null {
  if (tile.running > 0 && tile.progress) return tile.progress.fraction;
  if (tile.nextDueAt === null || tile.state !== "started") return null;
  const length =
    "every" in tile.schedule ? tile.schedule.every : tile.nextDueAt - (tile.lastFinishedAt ?? now);
  return length > 0 ? Math.min(1, Math.max(0, 1 - (tile.nextDueAt - now) / length)) : null;
}

/** Tickers that are due soonest, not those that tick so fast that it is no news. */
export function nextUp(all: Tile[], count: number): Tile[] {
  return all
    .filter((tile) => tile.state === "started" && tile.nextDueAt !== null)
    .sort((a, b) => (a.nextDueAt ?? 0) - (b.nextDueAt ?? 0))
    .slice(0, count);
}

/** Failures in a row that make a newsflash. */
export const NEWSFLASH_FAILURES = 3;

/** The ticker at an address: a page number or a name. */
export function findTile(address: string): Signal<Tile> | undefined {
  return tiles.value.find(({ value }) => String(value.page) === address || value.name === address);
}
