// One ticker's teletext page: header, name, state, newest output, chart, progress, next due, last
// runs.

import { line, mosaic } from "../mosaic.ts";
import { isFailure, type Outcome, type Run } from "../run.ts";
import { durationText } from "../schedule-text.ts";
import type { Entry } from "../store.ts";
import type { Tile } from "../tile.ts";
import {
  COLUMNS,
  type Colour,
  plainText,
  ROWS_MAX,
  type Row,
  span,
  spread,
  textSpans,
} from "./cells.ts";
import { clockText, dayText, whenText } from "./clock-text.ts";

export type PageFacts = {
  entry: Entry;
  tile: Tile;
  /** Newest first; the last few are shown. */
  runs: Run[];
  now: number;
  zone: string;
};

const CHART_BLOCKS_HIGH = 9;
const RUNS_SHOWN = 5;

/** At most 25 rows; what is optional gives way to the newest output, never the other way round. */
export function tickerPage(facts: PageFacts): Row[] {
  const { tile, entry } = facts;
  const page = entry.ticker.page;
  const rows: Row[] = [
    headerRow(page === null ? "---" : String(page), facts.now, facts.zone),
    nameRow(page, entry.ticker.name),
    stateRow(facts),
    whenRow(facts),
    [],
    ...outputRows(tile),
    ...progressRows(tile),
    ...chartRows(tile),
    ...runRows(facts),
  ];
  return rows.slice(0, ROWS_MAX);
}

/** `P203   TICKER 203 Sat 21 Nov 20:45/31` */
export function headerRow(page: string, now: number, zone: string): Row {
  return [
    span(`P${page}   `),
    span("TICKER ", "green"),
    span(`${page} `),
    span(`${dayText(now, zone)} `, "cyan"),
    span(clockText(now, zone), "yellow"),
  ];
}

/** The mark, word and colour of a state: never colour alone. */
export function stateOf(tile: Tile): { mark: string; word: string; colour: Colour } {
  if (tile.running > 0) return { mark: "▶", word: "RUNNING", colour: "green" };
  if (tile.lastOutcome && isFailure(tile.lastOutcome)) {
    return { mark: "✗", word: outcomeWord(tile.lastOutcome), colour: "red" };
  }
  if (tile.state === "stopped") return { mark: "■", word: "STOPPED", colour: "magenta" };
  if (tile.lastOutcome === null) return { mark: "·", word: "NEW", colour: "cyan" };
  return {
    mark: "✓",
    word: tile.lastOutcome === "succeeded" ? "OK" : outcomeWord(tile.lastOutcome),
    colour: "green",
  };
}

const outcomeWord = (outcome: Outcome): string => outcome.replaceAll("-", " ").toUpperCase();

function nameRow(page: number | null, name: string): Row {
  const text = ` ${page === null ? "" : `${page} `}${name}`;
  return [span(text.padEnd(COLUMNS), "yellow", "blue")];
}

function stateRow({ tile }: PageFacts): Row {
  const { mark, word, colour } = stateOf(tile);
  const streak = tile.failuresInRow > 1 ? ` ${tile.failuresInRow} in a row` : "";
  const left = [span(`${mark} ${word}`, colour), span(streak, "red")];
  const stopped =
    tile.state === "stopped" && word !== "STOPPED" ? [span(" stopped", "magenta")] : [];
  return spread([...left, ...stopped], [span(tile.runNumber > 0 ? `run ${tile.runNumber}` : "")]);
}

function whenRow({ tile, now, zone }: PageFacts): Row {
  const next = tile.nextDueAt === null ? "" : ` next ${whenText(tile.nextDueAt, now, zone)}`;
  return spread([span(tile.when, "cyan")], [span(next, "yellow")]);
}

function outputRows(tile: Tile): Row[] {
  if (tile.lines.length === 0) return [[span("No output yet.", "cyan")]];
  return tile.lines.slice(-5).map((line) => textSpans(line.text));
}

function progressRows({ progress }: Tile): Row[] {
  if (!progress) return [];
  const room = 20;
  const full = Math.round(Math.min(1, Math.max(0, progress.fraction)) * room);
  const percent = `${Math.round(progress.fraction * 100)}%`;
  return [
    [],
    [
      span("█".repeat(full), "green"),
      span("░".repeat(room - full), "green"),
      span(` ${percent} `, "yellow"),
      ...textSpans(plainText(progress.message ?? "")),
    ],
  ];
}

/** Sixty values are thirty characters, from the lowest to the highest of them. */
function chartRows({ metric }: Tile): Row[] {
  if (!metric) return [];
  const title = spread(
    [span(plainText(metric.name).slice(0, 24), "cyan")],
    [span(numberText(metric.value), "yellow")],
  );
  if (metric.trend.length < 2) return [[], title];
  const chart = mosaic(line(metric.trend, CHART_BLOCKS_HIGH, true));
  return [[], title, ...chart.map((text) => [span(text, "green")])];
}

/** At most twelve characters, so that it stands beside its name. */
export function numberText(value: number): string {
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
  return text.length > 12 ? value.toExponential(3) : text;
}

function runRows({ runs, now, zone }: PageFacts): Row[] {
  if (runs.length === 0) return [];
  return [[], ...runs.slice(0, RUNS_SHOWN).map((run) => runRow(run, now, zone))];
}

function runRow(run: Run, now: number, zone: string): Row {
  const outcome = run.outcome ?? run.state;
  const failed = run.outcome !== null && isFailure(run.outcome);
  const colour: Colour = failed ? "red" : run.outcome === "succeeded" ? "green" : "cyan";
  const took =
    run.startedAt !== null && run.finishedAt !== null
      ? durationText(Math.max(0, run.finishedAt - run.startedAt))
      : run.count > 1
        ? `x${run.count}`
        : "";
  const left = [
    span(String(run.number).padStart(6, " ")),
    span(` ${failed ? "✗" : run.outcome === "succeeded" ? "✓" : "·"} ${outcome}`, colour),
  ];
  return spread(left, [
    span(` ${whenText(run.dueAt, now, zone)}`, "cyan"),
    span(` ${took}`.padStart(7)),
  ]);
}
