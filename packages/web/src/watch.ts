// Everything a page keeps of one ticker while it is watched: the log, the numbers that were printed, and the
// newest runs. Fed by REST once and by the feed from then on; redraws at most once a frame.

import { signal } from "@preact/signals";
import type { Event } from "@ticker/core/event";
import type { Outcome, RunState, ScriptError } from "@ticker/core/run";
import { call } from "./api.ts";
import { serverNow } from "./clock.ts";
import type { About } from "./feed.ts";
import { type Batch, type Hole, Log } from "./log.ts";
import { feed } from "./service.ts";
import type { Listed, RunPage, RunView } from "./view.ts";
import { plural } from "./words.ts";

export type RunRow = {
  number: number;
  dueAt: number;
  state: RunState;
  startedAt: number | null;
  finishedAt: number | null;
  outcome: Outcome | null;
  reason: string | null;
  count: number;
  progress: { fraction: number; message: string | null } | null;
  error: ScriptError | null;
  lateMs: number | null;
};
export type Point = { at: number; value: number };

const RUNS_SHOWN = 40;
const POINTS_KEPT = 600;
const EVENTS_A_PAGE = 500;

const GAPS: Record<string, string> = {
  retention: "older output is kept no longer",
  "too-far-behind": "this page was away too long",
  "slow-reader": "this page could not read fast enough",
  restarted: "Ticker was started again",
};

export class Watch {
  readonly log: Log;
  readonly version = signal(0);
  /** Newest first. */
  readonly runs = signal<RunRow[]>([]);
  readonly numbers = signal<ReadonlyMap<string, Point[]>>(new Map());
  /** Replay is over. */
  readonly isLive = signal(false);
  #tickerId: string;
  #only: number | null;
  #rows = new Map<number, RunRow>();
  #points = new Map<string, Point[]>();
  #frame = 0;
  #leave: () => void = () => {};

  /** `only`: a run number, or null for all runs of the ticker. */
  constructor(tickerId: string, only: number | null) {
    this.#tickerId = tickerId;
    this.#only = only;
    this.log = new Log(only !== null);
  }

  /** Hears the feed until `stop`; the newest `last` runs are replayed first. */
  start(last: number) {
    this.#leave = feed.subscribe(this.#tickerId, last, (message) => this.hear(message));
  }

  stop() {
    this.#leave();
    cancelAnimationFrame(this.#frame);
  }

  /** The newest runs, from REST. */
  async readRuns() {
    const page = await call<Listed<RunView>>(`/tickers/${this.#tickerId}/runs?limit=${RUNS_SHOWN}`);
    for (const run of page.items) {
      const known = this.#rows.get(run.number);
      const progress = run.progress === null ? null : { fraction: run.progress, message: null };
      if (known?.state === "finished") continue;
      // The record of an open run may not say yet when it started; its events do.
      const startedAt = run.startedAt ?? known?.startedAt ?? null;
      this.#rows.set(run.number, { ...run, startedAt, progress: known?.progress ?? progress });
    }
    this.#redraw();
  }

  /** All events of one run, from REST, page by page. */
  async readRun(number: number): Promise<RunPage> {
    let from = 1;
    for (;;) {
      const ask = `?from=${from}&limit=${EVENTS_A_PAGE}`;
      const page = await call<RunPage>(`/tickers/${this.#tickerId}/runs/${number}${ask}`);
      this.#take({ run: page.number, ...rangeOf(page.events), events: page.events });
      this.#redraw();
      if (page.nextSeq === null) return page;
      from = page.nextSeq;
    }
  }

  /** The run before the first that is here; false when there is none. */
  async readEarlier(count: number): Promise<boolean> {
    const first = this.log.firstRun;
    if (first === null || first <= 1) return false;
    const ask = `?before=${first}&limit=${count}`;
    const page = await call<Listed<RunView>>(`/tickers/${this.#tickerId}/runs${ask}`);
    const earlier = new Log(this.#only !== null);
    for (const run of page.items.toReversed()) {
      const whole = await call<RunPage>(
        `/tickers/${this.#tickerId}/runs/${run.number}?limit=${EVENTS_A_PAGE}`,
      );
      earlier.add({ run: run.number, ...rangeOf(whole.events), events: whole.events });
    }
    this.log.prepend(earlier);
    this.#redraw();
    return page.next !== null;
  }

  /** Loads what a hole in the log is missing. */
  async fill(key: number, hole: Hole) {
    const ask = `?from=${hole.from}&limit=${hole.to - hole.from + 1}`;
    const page = await call<RunPage>(`/tickers/${this.#tickerId}/runs/${hole.run}${ask}`);
    this.log.fill(
      key,
      page.events.filter((event) => event.seq <= hole.to),
    );
    this.#redraw();
  }

  hear(message: About) {
    if (message.type === "events") this.#take(message);
    if (message.type === "live") this.isLive.value = true;
    if (message.type === "gap") {
      const { fromRun, toRun } = message;
      const runs =
        fromRun !== null && toRun !== null ? ` (${plural(toRun - fromRun + 1, "run")})` : "";
      this.log.note("gap", serverNow(), `output missed${runs}: ${GAPS[message.reason]}`);
      void this.readRuns().catch(() => {});
    }
    this.#redraw();
  }

  #take(batch: Batch & { dueAt?: number }) {
    const row = this.#rowOf(batch.run, batch.dueAt ?? batch.events[0]?.at ?? 0);
    const isShown = this.#only === null || this.#only === batch.run;
    const fresh = isShown ? this.log.add(batch) : batch.events;
    for (const event of fresh) this.#learn(row, event);
    this.#rows.set(batch.run, row);
  }

  #rowOf(number: number, dueAt: number): RunRow {
    const blank: RunRow = {
      number,
      dueAt,
      state: "queued",
      startedAt: null,
      finishedAt: null,
      outcome: null,
      reason: null,
      count: 1,
      progress: null,
      error: null,
      lateMs: null,
    };
    return { ...(this.#rows.get(number) ?? blank) };
  }

  #learn(row: RunRow, event: Event) {
    switch (event.kind) {
      case "started":
        if (row.state === "finished") return;
        Object.assign(row, { state: "running", startedAt: event.at, lateMs: event.lateMs });
        return;
      case "progress":
        row.progress = { fraction: event.fraction, message: event.message };
        return;
      case "metric":
        this.#point(event.name, { at: event.at, value: event.value });
        return;
      case "retry":
        if (row.state !== "finished") row.state = "waiting";
        return;
      case "finished":
        row.startedAt ??= event.at - event.durationMs;
        Object.assign(row, { state: "finished", finishedAt: event.at, outcome: event.outcome });
        row.error = event.error;
        return;
      case "skipped":
      case "missed":
        Object.assign(row, { state: "finished", outcome: event.kind, reason: event.reason });
        row.count = event.count;
    }
  }

  #point(name: string, point: Point) {
    const points = this.#points.get(name) ?? [];
    points.push(point);
    if (points.length > POINTS_KEPT) points.splice(0, points.length - POINTS_KEPT);
    this.#points.set(name, points);
  }

  #redraw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const newest = [...this.#rows.values()].sort((a, b) => b.number - a.number);
      for (const row of newest.splice(RUNS_SHOWN)) this.#rows.delete(row.number);
      this.runs.value = newest;
      this.numbers.value = new Map(this.#points);
      this.version.value = this.log.version;
    });
  }
}

function rangeOf(events: Event[]): { from: number; to: number } {
  return { from: events[0]?.seq ?? 1, to: events.at(-1)?.seq ?? 0 };
}

/** How long it ran, or has been running; null if it never did. */
export function durationOf(row: RunRow, now: number): number | null {
  if (row.startedAt === null) return null;
  return Math.max(0, (row.finishedAt ?? now) - row.startedAt);
}

/** The usual duration: the median of the newest ten that succeeded; null when there are none. */
export function usualDuration(rows: RunRow[]): number | null {
  const lengths = rows
    .filter((row) => row.outcome === "succeeded")
    .slice(0, 10)
    .map((row) => durationOf(row, 0) ?? 0)
    .sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)] ?? null;
}
