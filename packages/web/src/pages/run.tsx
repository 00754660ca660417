// One run: a subpage. Its whole output, how it ended, and the runs before and after.

import { useSignal } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import type { Tile } from "@ticker/core/tile";
import { useEffect } from "preact/hooks";
import { killRun, runNow } from "../actions.ts";
import { pathOf, type RunKey } from "../address.ts";
import { call, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import { FirstBad } from "../first-bad.tsx";
import { bindKeys, type Fastext } from "../keys.ts";
import { sayOutcome } from "../log.ts";
import { Progress } from "../mosaic.tsx";
import { tell } from "../notice.ts";
import { Output } from "../output.tsx";
import { go } from "../router.ts";
import { Instant, Title, usePage } from "../shell.tsx";
import { lookOfRun, NumbersBox, RunsBox, ShareBox } from "../side.tsx";
import { findTile, hasTiles, keyOf } from "../tiles.ts";
import type { RunView } from "../view.ts";
import { durationOf } from "../watch.ts";
import { countWord, dateWord, lateWord, runWord, sizeWord, spanWord, timeWord } from "../words.ts";
import { MissingPage } from "./missing.tsx";
import { useWatch } from "./ticker.tsx";

export function RunPage({ address, run }: { address: string; run: RunKey }) {
  const tile = findTile(address)?.value;
  if (!tile && hasTiles.value) return <MissingPage path={`/${address}/${run}`} />;
  if (!tile) return <main id="main" class="p203" />;
  if (typeof run === "string") return <Redirect tile={tile} run={run} />;
  return <Known key={run} tile={tile} number={run} />;
}

/** `latest` and `last-failed` become the run they mean. */
function Redirect({ tile, run }: { tile: Tile; run: string }) {
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    call<RunView>(`/tickers/${tile.tickerId}/runs/${run}?limit=1`).then(
      (found) => go(pathOf({ page: "run", key: keyOf(tile), run: found.number }), true),
      (error) => {
        trouble.value = reasonOf(error);
      },
    );
  }, [run]);
  if (trouble.value) return <MissingPage path={`/${keyOf(tile)}/${run}`} because={trouble.value} />;
  return <main id="main" class="p203" />;
}

function Known({ tile, number }: { tile: Tile; number: number }) {
  const watch = useWatch(
    tile.tickerId,
    number,
    Math.min(100, Math.max(1, tile.runNumber - number + 1)),
  );
  const view = useSignal<RunView | null>(null);
  const trouble = useSignal<string | null>(null);
  const row = watch.runs.value.find((found) => found.number === number) ?? null;
  const isOver = (row?.state ?? view.value?.state) === "finished";
  useEffect(() => {
    watch.readRun(number).then(
      (found) => {
        view.value = found;
      },
      (error) => {
        trouble.value = reasonOf(error);
      },
    );
  }, [isOver]);
  const key = keyOf(tile);
  useRunKeys(tile, number);
  const isMissing = trouble.value !== null && view.value === null;
  usePage(
    isMissing ? null : `P${key}/${number} ${tile.name} - Ticker`,
    fastextOf(tile, number, isOver),
  );
  if (isMissing && trouble.value)
    return <MissingPage path={`/${key}/${number}`} because={trouble.value} />;
  return (
    <main id="main" class="p203">
      <Title
        crumbs={[
          ["100 Index", "/"],
          [`${tile.page ?? ""} ${tile.name}`, pathOf({ page: "ticker", key })],
          ["runs", pathOf({ page: "runs", key })],
        ]}
        name={`Run ${runWord(number)}`}
      >
        {view.value && <Facts view={view.value} row={row} />}
        <span class="sub">
          {number}/{countWord(tile.runNumber)}
        </span>
      </Title>
      <Output watch={watch} ticker={key} isRun />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a column that scrolls must be reachable by keys */}
      <aside class="side" aria-label="About this run" tabIndex={0}>
        {view.value && <RunFacts view={view.value} ticker={key} />}
        <NumbersBox watch={watch} tile={tile} />
        <RunsBox watch={watch} ticker={key} />
        <ShareBox path={`/v1/tickers/${key}/runs/${number}`} />
      </aside>
    </main>
  );
}

type Row = Parameters<typeof lookOfRun>[0] & Parameters<typeof durationOf>[0];

function Facts({ view, row }: { view: RunView; row: Row | null }) {
  const shown = row ?? { ...view, progress: null };
  const look = lookOfRun(shown);
  const took = durationOf(shown, now.value);
  return (
    <>
      <span class={`chip ${look.kind}`}>
        <span aria-hidden="true">{look.glyph}</span> {look.word}
      </span>
      <span class="t-c by">
        <Instant at={view.dueAt}>
          {dateWord(view.dueAt)} {timeWord(view.dueAt)}
        </Instant>
      </span>
      {took !== null && <span class="t-y">{spanWord(took)}</span>}
      {shown.state === "running" && shown.progress && (
        <div class="prog">
          <Progress share={shown.progress.fraction} label={`Run ${view.number}`} />
        </div>
      )}
    </>
  );
}

function RunFacts({ view, ticker }: { view: RunView; ticker: string }) {
  const facts: [string, string][] = [
    ["asked by", { schedule: "its schedule", hand: "hand", outside: "outside" }[view.trigger]],
    ["due", timeWord(view.dueAt, true)],
    ["started", view.startedAt ? timeWord(view.startedAt, true) : "never"],
    ["late", view.lateMs === null ? "" : lateWord(view.lateMs)],
    ["attempt", String(view.attempt)],
    ["CPU", view.cpuMs === null ? "" : spanWord(view.cpuMs)],
    ["output", sizeWord(view.outputBytes)],
    ["not kept", view.droppedBytes ? sizeWord(view.droppedBytes) : ""],
    ["version", `v${view.revision}`],
  ];
  return (
    <section>
      <h2>This run</h2>
      <dl class="cad">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {view.outcome && view.error && <p class="t-r err">{sayOutcome(view.outcome, view.error)}</p>}
      {view.outcome && isFailure(view.outcome) && <FirstBad view={view} ticker={ticker} />}
    </section>
  );
}

function fastextOf(tile: Tile, number: number, isOver: boolean): Fastext[] {
  const key = keyOf(tile);
  return [
    isOver
      ? {
          colour: "r",
          label: "Last failed",
          href: pathOf({ page: "run", key, run: "last-failed" }),
        }
      : { colour: "r", label: "Stop run", act: () => void killRun(tile, number) },
    { colour: "g", label: "Run again", act: () => void runAgain(tile) },
    { colour: "y", label: "Edit", href: pathOf({ page: "edit", key }) },
    { colour: "c", label: "Live", href: pathOf({ page: "ticker", key }) },
  ];
}

async function runAgain(tile: Tile) {
  const run = await runNow(tile);
  if (run) go(pathOf({ page: "run", key: keyOf(tile), run: run.number }));
}

function useRunKeys(tile: Tile, number: number) {
  useEffect(() => {
    const key = keyOf(tile);
    const step = (by: number) => () => {
      const to = number + by;
      if (to < 1) tell("This is the first run", "info");
      else if (to > tile.runNumber) go(pathOf({ page: "ticker", key }));
      else go(pathOf({ page: "run", key, run: to }));
    };
    return bindKeys({
      ArrowLeft: step(-1),
      "[": step(-1),
      ArrowRight: step(1),
      "]": step(1),
      e: () => go(pathOf({ page: "edit", key })),
      R: () => void runAgain(tile),
      X: () => void killRun(tile, number),
    });
  }, [number, tile.runNumber]);
}
