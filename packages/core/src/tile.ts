// A ticker at a glance: what one tile of the index shows. `View` is the growing memory behind a tile: a
// fold of run records and events, kept for tickers that somebody looks at.

import type { EventBatch } from "./event.ts";
import { isFailure, type Outcome, type Run, type ScriptError } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import { describeSchedule } from "./schedule-text.ts";
import type { Status } from "./status.ts";
import type { Ticker } from "./ticker.ts";

export type Tile = {
  tickerId: string;
  page: number | null;
  name: string;
  schedule: Schedule;
  /** The schedule in words, at most 40 characters: `every 10s`. */
  when: string;
  revision: number;
  state: "started" | "stopped";
  stopReason: string | null;
  /** Runs under way now. */
  running: number;
  runNumber: number;
  nextDueAt: number | null;
  lastOutcome: Outcome | null;
  lastFinishedAt: number | null;
  failuresInRow: number;
  /** Why the last run failed: the first line of its error, at most 200 characters; null if it did not. */
  error: string | null;
  /** Newest lines printed, oldest first, at most 5 of at most 200 characters. */
  lines: { at: number; text: string }[];
  progress: { fraction: number; message: string | null } | null;
  /** The first metric of the newest run that has one: its name, newest value, and the last 60 values. */
  metric: { name: string; value: number; trend: number[] } | null;
  startedAt: number | null;
  /** Lateness of the scheduled runs among the newest 100 records, ms. */
  late: { p50: number; p95: number; max: number } | null;
  /** Due times skipped and missed among the newest 100 records. */
  skipped: number;
  missed: number;
};

const LINES = 5;
const LINE_CHARS = 200;
const TREND = 60;
const RECORDS = 100;

type Kept = { number: number; lateMs: number | null; skipped: number; missed: number };

export type View = {
  ticker: Ticker;
  status: Status;
  when: string;
  /** The newest failure that left an error; the tile shows it while its run is the last. */
  failure: { run: number; error: string } | null;
  lines: { at: number; text: string }[];
  /** The newest run's lines replace those of the run before, not add to them. */
  linesRun: number;
  /** Newest event folded, so that a repeated batch changes nothing. */
  seenRun: number;
  seenSeq: number;
  progress: Tile["progress"];
  metricName: string | null;
  trend: number[];
  startedAt: number | null;
  kept: Kept[];
};

/** A view of a ticker from its newest runs, newest first, and the newest lines it printed. */
export function makeView(ticker: Ticker, status: Status, runs: Run[], lines: View["lines"]): View {
  const withMetric = runs.find((run) => Object.keys(run.metrics).length > 0);
  const metricName = withMetric ? (Object.keys(withMetric.metrics)[0] ?? null) : null;
  const values = runs.map((run) => (metricName === null ? undefined : run.metrics[metricName]));
  const newest = runs.find((run) => run.startedAt !== null);
  const last = runs.find((run) => run.number === status.lastRunNumber);
  return {
    ticker,
    status,
    when: describeSchedule(ticker.schedule),
    failure: last?.outcome ? failureOf(last.number, last.outcome, last.error) : null,
    lines: lines.slice(-LINES),
    linesRun: newest?.number ?? 0,
    seenRun: runs[0]?.number ?? 0,
    seenSeq: runs[0]?.seq ?? 0,
    progress: newest?.progress == null ? null : { fraction: newest.progress, message: null },
    metricName,
    trend: values
      .filter((value) => value !== undefined)
      .slice(0, TREND)
      .reverse(),
    startedAt: newest?.state === "running" ? newest.startedAt : null,
    kept: runs.slice(0, RECORDS).map(keptOf).reverse(),
  };
}

const keptOf = (run: Run): Kept => ({
  number: run.number,
  lateMs: run.lateMs,
  skipped: run.outcome === "skipped" ? run.count : 0,
  missed: run.outcome === "missed" ? run.count : 0,
});

/** Applies one batch of events in place; one that was folded already changes nothing. */
export function foldBatch(view: View, batch: EventBatch): void {
  if (batch.run === view.seenRun && batch.to <= view.seenSeq) return;
  if (batch.run >= view.seenRun) {
    view.seenRun = batch.run;
    view.seenSeq = batch.to;
  }
  for (const event of batch.events) {
    switch (event.kind) {
      case "started":
        view.startedAt = event.at;
        view.progress = null;
        keep(view, { number: batch.run, lateMs: event.lateMs, skipped: 0, missed: 0 });
        break;
      case "output":
        addLines(view, batch.run, event.at, event.text);
        break;
      case "progress":
        view.progress = { fraction: event.fraction, message: event.message };
        break;
      case "metric":
        if (view.metricName === null) view.metricName = event.name;
        if (view.metricName !== event.name) break;
        view.trend.push(event.value);
        if (view.trend.length > TREND) view.trend.shift();
        break;
      case "retry":
        view.startedAt = null;
        break;
      case "finished":
        view.startedAt = null;
        view.failure = failureOf(batch.run, event.outcome, event.error) ?? view.failure;
        break;
      case "skipped":
      case "missed":
        keep(view, {
          number: batch.run,
          lateMs: null,
          skipped: 0,
          missed: 0,
          [event.kind]: event.count,
        });
        break;
    }
  }
}

/** An outcome without an error of the script's own says enough by its word. */
function failureOf(run: number, outcome: Outcome, error: ScriptError | null): View["failure"] {
  if (!isFailure(outcome) || error === null) return null;
  const line = `${error.name}: ${error.message}`.split("\n", 1)[0] as string;
  return { run, error: line.slice(0, LINE_CHARS) };
}

function keep(view: View, kept: Kept): void {
  const last = view.kept.at(-1);
  if (last?.number === kept.number) view.kept.pop();
  view.kept.push(kept);
  if (view.kept.length > RECORDS) view.kept.shift();
}

function addLines(view: View, run: number, at: number, text: string): void {
  if (run !== view.linesRun) {
    // A one-line ticker shows its last lines; a talkative one shows its newest run.
    if (view.lines.length > 0 && text.includes("\n")) view.lines = [];
    view.linesRun = run;
  }
  for (const line of text.split("\n").slice(-LINES)) {
    view.lines.push({ at, text: line.slice(0, LINE_CHARS) });
  }
  if (view.lines.length > LINES) view.lines.splice(0, view.lines.length - LINES);
}

/** The tile that this view shows now. */
export function tileOf(view: View): Tile {
  const { ticker, status } = view;
  const value = view.trend.at(-1);
  const spread = percentiles(view.kept.map((kept) => kept.lateMs).filter((ms) => ms !== null));
  return {
    tickerId: ticker.id,
    page: ticker.page,
    name: ticker.name,
    schedule: ticker.schedule,
    when: view.when,
    revision: ticker.revision,
    state: status.state,
    stopReason: status.stopReason,
    running: status.active.length,
    runNumber: status.runNumber,
    nextDueAt: status.nextDueAt,
    lastOutcome: status.lastOutcome,
    lastFinishedAt: status.lastFinishedAt,
    failuresInRow: status.failuresInRow,
    error: view.failure?.run === status.lastRunNumber ? view.failure.error : null,
    lines: [...view.lines],
    progress: view.progress,
    metric:
      view.metricName === null || value === undefined
        ? null
        : { name: view.metricName, value, trend: [...view.trend] },
    startedAt: view.startedAt,
    late: spread && { p50: spread.p50, p95: spread.p95, max: spread.max },
    skipped: view.kept.reduce((sum, kept) => sum + kept.skipped, 0),
    missed: view.kept.reduce((sum, kept) => sum + kept.missed, 0),
  };
}

/** Nearest-rank p50, p95, p99 and maximum; null of nothing. */
export function percentiles(
  values: number[],
): { p50: number; p95: number; p99: number; max: number } | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: sorted.at(-1) as number };
}
