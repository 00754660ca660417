// A ticker's page: its state, its live output across runs, when it runs next, its numbers, its cadence.

import type { Signal } from "@preact/signals";
import type { Tile } from "@ticker/core/tile";
import { useEffect, useMemo } from "preact/hooks";
import { killRun, remove, runNow, setState } from "../actions.ts";
import { pathOf } from "../address.ts";
import { reasonOf } from "../api.ts";
import { now, serverNow } from "../clock.ts";
import { bindKeys, type Fastext } from "../keys.ts";
import { Progress } from "../mosaic.tsx";
import { tell } from "../notice.ts";
import { Output } from "../output.tsx";
import { go } from "../router.ts";
import { held } from "../service.ts";
import { Title, usePage } from "../shell.tsx";
import { CadenceBox, NextBox, NumbersBox, RunsBox, ShareBox } from "../side.tsx";
import { findTile, hasTiles, keyOf, lookOf } from "../tiles.ts";
import { durationOf, usualDuration, Watch } from "../watch.ts";
import { countWord, runWord, spanWord } from "../words.ts";
import { MissingPage } from "./missing.tsx";

/** Runs replayed when the page opens. */
const RUNS_REPLAYED = 20;

export function TickerPage({ address }: { address: string }) {
  const tile = findTile(address);
  if (tile) return <Known key={tile.value.tickerId} tile={tile} />;
  if (hasTiles.value) return <MissingPage path={`/${address}`} />;
  return <main id="main" class="p203" />;
}

/** Watches a ticker's feed for as long as the component is shown. */
export function useWatch(tickerId: string, only: number | null, last: number): Watch {
  const watch = useMemo(() => new Watch(tickerId, only), [tickerId, only]);
  useEffect(() => {
    watch.start(last);
    watch.readRuns().catch((error) => tell(reasonOf(error), "fail"));
    return () => watch.stop();
  }, [watch]);
  return watch;
}

function Known({ tile: { value: tile } }: { tile: Signal<Tile> }) {
  const watch = useWatch(tile.tickerId, null, RUNS_REPLAYED);
  const look = lookOf(tile, held.value !== null, now.value);
  const key = keyOf(tile);
  const title = titleOf(tile, look.glyph);
  useTickerKeys(tile, watch);
  usePage(title, fastextOf(tile, watch));
  return (
    <main id="main" class="p203">
      <Title crumbs={[["100 Index", "/"]]} name={`${tile.page ?? ""} ${tile.name}`.trim()}>
        <span class={`chip ${look.kind}`}>
          <span aria-hidden="true">{look.glyph}</span> {look.word}
        </span>
        <span class="t-w">run {runWord(tile.runNumber)}</span>
        <span class="t-c by">{tile.when}</span>
        <Actions tile={tile} />
        <span class="sub">
          {tile.runNumber ? `1/${countWord(tile.runNumber)}` : ""}{" "}
          <span class="t-c">v{tile.revision}</span>
        </span>
        <RunProgress tile={tile} watch={watch} />
      </Title>
      <Output watch={watch} ticker={key} isRun={false} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a column that scrolls must be reachable by keys */}
      <aside class="side" aria-label="About this ticker" tabIndex={0}>
        <NextBox tile={tile} />
        <NumbersBox watch={watch} tile={tile} />
        <CadenceBox tile={tile} watch={watch} />
        <RunsBox watch={watch} ticker={key} />
        <ShareBox path={tile.page === null ? `/v1/tickers/${key}.txt` : `/${key}.txt`} />
      </aside>
    </main>
  );
}

function titleOf(tile: Tile, glyph: string): string {
  const share = tile.running && tile.progress ? `${Math.round(tile.progress.fraction * 100)}%` : "";
  return `${glyph}${share} ${tile.page ?? ""} ${tile.name} - Ticker`;
}

function Actions({ tile }: { tile: Tile }) {
  const isStarted = tile.state === "started";
  return (
    <span class="acts">
      <button
        type="button"
        class={isStarted ? "stop" : "go"}
        onClick={() => void setState(tile, isStarted ? "stopped" : "started")}
      >
        {isStarted ? "■ Stop" : "▶ Start"}
      </button>
      <button type="button" onClick={() => void remove(tile)}>
        Bin
      </button>
    </span>
  );
}

/** Reported progress, or a hollow guess from how long it usually takes. */
function RunProgress({ tile, watch }: { tile: Tile; watch: Watch }) {
  const current = watch.runs.value.find((row) => row.state === "running");
  if (!tile.running || !current) return null;
  const gone = durationOf(current, Math.max(now.value, serverNow())) ?? 0;
  const reported = tile.progress ?? current.progress;
  const usual = usualDuration(watch.runs.value);
  const share = reported?.fraction ?? (usual ? Math.min(0.99, gone / usual) : null);
  // Shorter than the eye: a bar that flashes up and goes tells nothing.
  if (share === null || (!reported && gone < 1_000)) return null;
  const left = share > 0.02 ? (gone / share) * (1 - share) : null;
  return (
    <div class="prog">
      <Progress
        share={share}
        label={`Run ${current.number}${reported ? "" : ", guessed from earlier runs"}`}
        isGuess={!reported}
      />
      <span class="pl">
        <b class="t-y">{Math.round(share * 100)}%</b>{" "}
        {reported ? reported.message : "as long as it usually takes"}
      </span>
      <span class="pr">
        <span class="wide">{spanWord(gone)} — </span>
        {left === null ? "" : `about ${spanWord(left)} left`}
      </span>
    </div>
  );
}

function fastextOf(tile: Tile, watch: Watch): Fastext[] {
  const key = keyOf(tile);
  const open = watch.runs.value.find((row) => row.state !== "finished");
  return [
    { colour: "r", label: "Stop run", act: () => stopRun(tile, open?.number) },
    { colour: "g", label: "Run now", act: () => void runNow(tile) },
    { colour: "y", label: "Edit", href: pathOf({ page: "edit", key }) },
    { colour: "c", label: "All runs", href: pathOf({ page: "runs", key }) },
  ];
}

function stopRun(tile: Tile, run: number | undefined) {
  if (run === undefined) tell(`${tile.name} has no run under way`, "info");
  else void killRun(tile, run);
}

function useTickerKeys(tile: Tile, watch: Watch) {
  const { tickerId, runNumber } = tile;
  useEffect(() => {
    const key = keyOf(tile);
    const newest = () => pathOf({ page: "run", key, run: Math.max(1, runNumber) });
    const open = () => watch.runs.peek().find((row) => row.state !== "finished")?.number;
    return bindKeys({
      e: () => go(pathOf({ page: "edit", key })),
      R: () => void runNow(tile),
      X: () => stopRun(tile, open()),
      ArrowLeft: () => go(newest()),
      "[": () => go(newest()),
    });
  }, [tickerId, runNumber, watch]);
}
