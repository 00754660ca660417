// P100: every ticker live, the last hour, the newsflash, and what is next. Without tickers: the tutorial.

import type { Signal } from "@preact/signals";
import type { Tile } from "@ticker/core/tile";
import { useEffect, useState } from "preact/hooks";
import { pathOf } from "../address.ts";
import { now } from "../clock.ts";
import { bindKeys } from "../keys.ts";
import { LOGO } from "../logo.ts";
import { Bars, type Mark, Mosaic } from "../mosaic.tsx";
import { held, status } from "../service.ts";
import { Instant, usePage } from "../shell.tsx";
import { TileCard } from "../tile.tsx";
import { hasTiles, keyOf, lookOf, NEWSFLASH_FAILURES, nextUp, tiles } from "../tiles.ts";
import { clockWord, countWord } from "../words.ts";
import { Tutorial } from "./tutorial.tsx";

export function IndexPage() {
  const all = tiles.value;
  const looks = all.map(({ value }) => lookOf(value, held.value !== null, now.value).kind);
  const count = (kind: string) => looks.filter((look) => look === kind).length;
  usePage("P100 Ticker", [
    { colour: "r", label: "New ticker", href: "/101" },
    { colour: "g", label: `Running ${count("run")}`, href: "/110" },
    { colour: "y", label: `Failures ${count("fail")}`, href: "/120" },
    { colour: "c", label: "Now & next", href: "/606" },
  ]);
  useTileKeys(all);
  return (
    <main id="main" class="p100">
      <section class="banner">
        <h1 class="logo" aria-label="Ticker">
          <Mosaic rows={LOGO} tone="y" />
        </h1>
        <Activity />
        <p class="sum">
          <span class="t-g">▶ {count("run")} run</span>
          <span>✓ {count("ok")} ok</span>
          <span class="t-r">✗ {count("fail")} failed</span>
          <span class="t-m">⏸ {count("hold") + count("stop")} held</span>
        </p>
      </section>
      <Newsflash all={all} />
      {all.length > 0 && (
        <section class="tiles" aria-label="Tickers">
          {all.map((tile) => (
            <TileCard key={tile.value.tickerId} tile={tile} />
          ))}
        </section>
      )}
      {hasTiles.value && all.length === 0 && <Tutorial />}
      {all.length > 0 && <NextLine all={all.map(({ value }) => value)} />}
      <nav class="narrow" aria-label="More pages">
        <a href="/180">180 Killall</a>
        <a href="/190">190 Settings</a>
        <a href="/199">199 A-Z</a>
      </nav>
    </main>
  );
}

/** Arrows, j and k choose a tile, Enter opens it. */
function useTileKeys(all: Signal<Tile>[]) {
  useEffect(() => {
    const step = (by: number) => () => {
      const links = [...document.querySelectorAll<HTMLElement>(".tile h2 a")];
      const at = links.indexOf(document.activeElement as HTMLElement);
      links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
    };
    return bindKeys({ ArrowDown: step(1), j: step(1), ArrowUp: step(-1), k: step(-1) });
  }, [all]);
}

const ACTIVITY_ROWS = 3;

function Activity() {
  const minutes = status.value?.minutes ?? [];
  const ok = minutes.reduce((sum, minute) => sum + minute.succeeded, 0);
  const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0);
  const series = lastHour(minutes, status.value?.now ?? now.value);
  const values = series.map((minute) => (minute ? minute.succeeded + minute.failed : 0));
  const most = Math.max(1, ...values);
  const tones = new Map<number, Mark>();
  series.forEach((minute, i) => {
    if (!minute || minute.failed === 0) return;
    const height = Math.ceil(((values[i] ?? 0) / most) * ACTIVITY_ROWS);
    const rows = Math.round((minute.failed / (values[i] ?? 1)) * height);
    // A failure shows, but a low bar is not all red for one.
    if (rows > 0 || height > 1) tones.set(i, { tone: "r", rows: Math.max(1, rows) });
  });
  const label = `Runs per minute in the last hour: ${countWord(ok)} ok, ${countWord(failed)} failed`;
  return (
    <div class="act">
      <div class="actl">
        <h2 class="t-y">RUNS, LAST HOUR</h2>
        <span>
          <b class="t-g">{countWord(ok)}</b> ok{" "}
          <b class={failed ? "t-r" : "t-w"}>{countWord(failed)}</b> failed
        </span>
      </div>
      <Bars values={values} rows={ACTIVITY_ROWS} tone="c" label={label} tones={tones} />
    </div>
  );
}

/** Sixty minutes, oldest first; null where nothing ran. */
function lastHour<Minute extends { minuteAt: number }>(minutes: Minute[], at: number) {
  const found = new Map(minutes.map((minute) => [Math.floor(minute.minuteAt / 60_000), minute]));
  const last = Math.floor(at / 60_000);
  return Array.from({ length: 60 }, (_, i) => found.get(last - 59 + i) ?? null);
}

/** The ticker that has failed most runs in a row, if it is bad enough to say. */
function Newsflash({ all }: { all: Signal<Tile>[] }) {
  const [flashing, setFlashing] = useState<string | null>(null);
  const bad = all
    .map(({ value }) => value)
    .filter((tile) => tile.failuresInRow >= NEWSFLASH_FAILURES)
    .sort((a, b) => b.failuresInRow - a.failuresInRow);
  const worst = bad[0];
  useEffect(() => {
    if (!worst) return;
    setFlashing(worst.tickerId);
    const timer = setTimeout(() => setFlashing(null), 5_000);
    return () => clearTimeout(timer);
  }, [worst?.tickerId]);
  return (
    <div role="status">
      {worst && (
        <p class="flash">
          <b class={flashing ? "fl" : ""}>NEWSFLASH</b>{" "}
          <span>
            <a href={pathOf({ page: "ticker", key: keyOf(worst) })}>
              {worst.page ? `P${worst.page} ` : ""}
              {worst.name}
            </a>{" "}
            has failed {worst.failuresInRow} runs in a row
            {bad.length > 1 &&
              `, and ${bad.length - 1} more ${bad.length > 2 ? "are" : "is"} failing`}
          </span>{" "}
          <a class="more" href="/120">
            see P120
          </a>
        </p>
      )}
    </div>
  );
}

function NextLine({ all }: { all: Tile[] }) {
  return (
    <p class="nn">
      <b>NEXT</b>
      {held.value && <span class="t-m">nothing starts until the killall is released</span>}
      {(held.value ? [] : nextUp(all, 4)).map((tile) => (
        <span key={tile.tickerId}>
          <Instant at={tile.nextDueAt ?? 0}>
            <span class="t-y">{clockWord(tile.nextDueAt ?? 0)}</span>
          </Instant>{" "}
          <a href={pathOf({ page: "ticker", key: keyOf(tile) })}>
            {tile.page} {tile.name}
          </a>
        </span>
      ))}
      <a class="t-c more" href="/606">
        606 Now & next
      </a>
    </p>
  );
}
