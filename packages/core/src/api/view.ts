// From core's records to what leaves the house: every field is named, so nothing new slips out
// unseen.

import { type Issue, VisibleError } from "../error.ts";
import type { Run } from "../run.ts";
import { describeSchedule } from "../schedule.ts";
import type { Entry } from "../store.ts";
import type { Tile } from "../tile.ts";
import type { Api } from "./context.ts";
import type { RunView } from "./schema-run.ts";
import type { TickerView } from "./schema-ticker.ts";

/** One ticker with its tile. */
export async function viewOne(api: Api, entry: Entry): Promise<TickerView> {
  const [view] = await viewMany(api, [entry], true);
  return view as TickerView;
}

/** Tickers with their tiles, in the same order; `source` says whether their code comes along. */
export async function viewMany(api: Api, entries: Entry[], source: boolean): Promise<TickerView[]> {
  const tiles = await api.engine.tiles(entries);
  return entries.map((entry, i) => tickerView(entry, tiles[i] as Tile, source));
}

function tickerView({ ticker, status }: Entry, tile: Tile, source: boolean): TickerView {
  const { language } = ticker.script;
  return {
    id: ticker.id,
    page: ticker.page,
    name: ticker.name,
    script: source ? { language, source: ticker.script.source } : { language },
    schedule: ticker.schedule,
    when: describeSchedule(ticker.schedule),
    policy: ticker.policy,
    limits: ticker.limits,
    retention: ticker.retention,
    tags: ticker.tags,
    revision: ticker.revision,
    createdAt: ticker.createdAt,
    updatedAt: ticker.updatedAt,
    deletedAt: ticker.deletedAt,
    status: {
      state: status.state,
      stopReason: status.stopReason,
      nextDueAt: status.nextDueAt,
      running: status.active.length,
      queued: status.queued.length,
      runNumber: status.runNumber,
      failuresInRow: status.failuresInRow,
      lastRunNumber: status.lastRunNumber,
      lastOutcome: status.lastOutcome,
      lastFinishedAt: status.lastFinishedAt,
    },
    tile,
  };
}

/** A run without whose it is and who works on it. */
export function runView(run: Run): RunView {
  return {
    id: run.id,
    tickerId: run.tickerId,
    number: run.number,
    revision: run.revision,
    trigger: run.trigger,
    dueAt: run.dueAt,
    dueUntilAt: run.dueUntilAt,
    count: run.count,
    state: run.state,
    attempt: run.attempt,
    retryAt: run.retryAt,
    killAskedAt: run.killAskedAt,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    lateMs: run.lateMs,
    cpuMs: run.cpuMs,
    outcome: run.outcome,
    reason: run.reason,
    error: run.error,
    seq: run.seq,
    outputBytes: run.outputBytes,
    droppedBytes: run.droppedBytes,
    metrics: run.metrics,
    progress: run.progress,
    lastLine: run.lastLine,
  };
}

/** Does it, and where somebody changed the ticker meanwhile, answers with both sides. */
export async function withCurrent<T>(api: Api, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VisibleError) || !("currentEntry" in error.detail)) throw error;
    const current = await viewOne(api, error.detail.currentEntry as Entry);
    throw new VisibleError("conflict", error.message, {
      issues: error.issues as Issue[],
      detail: { current },
    });
  }
}
