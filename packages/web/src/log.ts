// The rows of a live log: folds batches of events into lines and notes, in blocks of a hundred, newest
// twenty thousand kept. Proves by event numbers that nothing is missing and draws a row where something is.
// Pure: drawing is `output.tsx`.

import type { Event } from "@ticker/core/event";
import { isFailure, type Outcome, type ScriptError } from "@ticker/core/run";
import { type Piece, readLines } from "./ansi.ts";
import { countWord, lateWord, plural, runWord, sizeWord, spanWord, timeWord } from "./words.ts";

export const BLOCK_ROWS = 100;
export const ROWS_KEPT = 20_000;

export type LineRow = {
  kind: "line";
  run: number;
  /** 1-based within its run: the L417 of an address. */
  line: number;
  at: number;
  isError: boolean;
  text: string;
  pieces: Piece[];
};
export type Hole = { run: number; from: number; to: number };
export type NoteRow = {
  kind: "note";
  run: number | null;
  at: number;
  tone: "ok" | "fail" | "wait" | "info" | "gap";
  text: string;
  /** Event numbers that are missing here and may be loaded. */
  hole: Hole | null;
};
export type Row = (LineRow | NoteRow) & { key: number };
export type Block = { key: number; version: number; rows: Row[] };
export type Batch = { run: number; from: number; to: number; events: Event[] };

type RunSeen = {
  seq: number;
  lines: number;
  /** When its first event that is here happened. */
  startAt: number;
  record: (NoteRow & { key: number }) | null;
};

export class Log {
  blocks: Block[] = [];
  lineCount = 0;
  rowCount = 0;
  droppedCount = 0;
  /** Rises with every change. */
  version = 0;
  #nextKey = 1;
  #runs = new Map<number, RunSeen>();
  #isDetailed: boolean;

  /** `isDetailed`: also say when runs start and end well, as the page of one run does. */
  constructor(isDetailed: boolean) {
    this.#isDetailed = isDetailed;
  }

  /** The lowest run number seen; null before any. */
  get firstRun(): number | null {
    return this.#runs.size ? Math.min(...this.#runs.keys()) : null;
  }

  /** The number of the newest event of a run that is here; 0 before any. */
  seen(run: number): number {
    return this.#runs.get(run)?.seq ?? 0;
  }

  /** When the first event of a run that is here happened, epoch ms; 0 before any. */
  startOf(run: number): number {
    return this.#runs.get(run)?.startAt ?? 0;
  }

  /** Adds what is new in the batch; repeats are left out, and a hole before it becomes a row. */
  add(batch: Batch): Event[] {
    const at = batch.events[0]?.at ?? 0;
    const run = this.#runs.get(batch.run) ?? { seq: 0, lines: 0, startAt: at, record: null };
    this.#runs.set(batch.run, run);
    if (batch.to <= run.seq) return [];
    if (batch.from > run.seq + 1) this.#hole(batch.run, run.seq + 1, batch.from - 1, at);
    const fresh = batch.events.filter((event) => event.seq > run.seq);
    for (const event of fresh) this.#event(batch.run, run, event);
    run.seq = batch.to;
    this.#trim();
    this.version++;
    return fresh;
  }

  /** A row of our own, such as a gap the server told of. */
  note(tone: NoteRow["tone"], at: number, text: string, run: number | null = null) {
    this.#push({ kind: "note", run, at, tone, text, hole: null });
    this.version++;
  }

  /** Puts the rows of earlier runs before everything that is here. */
  prepend(earlier: Log) {
    for (const block of earlier.blocks.toReversed()) {
      for (const row of block.rows) row.key = this.#nextKey++;
      this.blocks.unshift({ ...block, key: this.#nextKey++ });
    }
    for (const [number, run] of earlier.#runs)
      if (!this.#runs.has(number)) this.#runs.set(number, run);
    this.rowCount += earlier.rowCount;
    this.lineCount += earlier.lineCount;
    this.version++;
  }

  /** Replaces the row of a hole by what was loaded for it. */
  fill(key: number, events: Event[]) {
    for (const block of this.blocks) {
      const at = block.rows.findIndex((row) => row.key === key);
      const row = block.rows[at];
      if (row?.kind !== "note" || !row.hole) continue;
      const part = new Log(this.#isDetailed);
      part.add({ ...row.hole, from: 1, events });
      const rows = part.blocks.flatMap((found) => found.rows);
      for (const found of rows) found.key = this.#nextKey++;
      block.rows.splice(at, 1, ...rows);
      block.version++;
      this.rowCount += rows.length - 1;
      this.lineCount += part.lineCount;
      this.#renumber(row.hole.run);
      this.version++;
      return;
    }
  }

  /** Lines that came into the middle of a run move those after them on. */
  #renumber(number: number) {
    let next: number | null = null;
    for (const block of this.blocks) {
      for (const row of block.rows) {
        if (row.kind !== "line" || row.run !== number) continue;
        next = (next ?? row.line - 1) + 1;
        if (row.line !== next) block.version++;
        row.line = next;
      }
    }
    const run = this.#runs.get(number);
    if (run && next !== null) run.lines = next;
  }

  #hole(run: number, from: number, to: number, at: number) {
    const text = `${plural(to - from + 1, "event")} of run ${runWord(run)} missed`;
    this.#push({ kind: "note", run, at, tone: "gap", text, hole: { run, from, to } });
  }

  #event(number: number, run: RunSeen, event: Event) {
    if (event.kind === "output") {
      for (const line of readLines(event.text)) {
        run.lines++;
        this.lineCount++;
        const isError = event.stream === "err";
        this.#push({ kind: "line", run: number, line: run.lines, at: event.at, isError, ...line });
      }
    } else if (event.kind === "skipped" || event.kind === "missed") {
      this.#record(number, run, event);
    } else {
      const said = sayEvent(event, number, run.lines, this.#isDetailed);
      if (said) this.#push({ kind: "note", run: number, at: event.at, hole: null, ...said });
    }
  }

  /** A record of skipped or missed due times grows: its row is replaced, not repeated. */
  #record(number: number, run: RunSeen, event: Event & { kind: "skipped" | "missed" }) {
    const why = REASONS[event.reason] ?? event.reason;
    const text = `${plural(event.count, "due time")} ${event.kind}: ${why} (until ${timeWord(event.dueUntilAt)})`;
    if (run.record) {
      run.record.text = text;
      const key = run.record.key;
      const block = this.blocks.findLast((found) => found.rows.some((row) => row.key === key));
      if (block) block.version++;
      return;
    }
    run.record = this.#push({
      kind: "note",
      run: number,
      at: event.at,
      tone: "wait",
      text,
      hole: null,
    });
  }

  #push<Kind extends LineRow | NoteRow>(row: Kind): Kind & { key: number } {
    let block = this.blocks.at(-1);
    if (!block || block.rows.length >= BLOCK_ROWS) {
      block = { key: this.#nextKey++, version: 0, rows: [] };
      this.blocks.push(block);
    }
    const keyed = Object.assign(row, { key: this.#nextKey++ });
    block.rows.push(keyed);
    block.version++;
    this.rowCount++;
    return keyed;
  }

  #trim() {
    while (this.rowCount - (this.blocks[0]?.rows.length ?? 0) >= ROWS_KEPT) {
      const dropped = this.blocks.shift()?.rows.length ?? 0;
      this.rowCount -= dropped;
      this.droppedCount += dropped;
    }
  }
}

/** Why due times did not run, in words. */
export const REASONS: Record<string, string> = {
  "still-running": "the run before was still going",
  "queue-full": "the queue was full",
  "kill-all": "killall was in force",
  late: "too late to run them",
  down: "nothing was running Ticker",
};

const OUTCOMES: Record<Outcome, string> = {
  succeeded: "succeeded",
  failed: "failed",
  "timed-out": "ran out of time",
  "cpu-limit": "used too much CPU",
  "out-of-memory": "ran out of memory",
  "output-limit": "printed far too much",
  "host-call-limit": "made too many calls",
  killed: "was killed",
  interrupted: "was interrupted",
  skipped: "was skipped",
  missed: "was missed",
};

/** `failed: TypeError: x is not a function (line 14)`. */
export function sayOutcome(outcome: Outcome, error: ScriptError | null): string {
  const where = error?.line ? ` (line ${error.line})` : "";
  return OUTCOMES[outcome] + (error ? `: ${error.name}: ${error.message}${where}` : "");
}

type Said = { tone: NoteRow["tone"]; text: string };

function sayEvent(event: Event, run: number, lines: number, isDetailed: boolean): Said | null {
  switch (event.kind) {
    case "started": {
      if (!isDetailed) return null;
      const attempt = event.attempt > 1 ? `attempt ${event.attempt}` : `run ${runWord(run)}`;
      return {
        tone: "info",
        text: `${attempt} started, ${lateWord(event.lateMs)} after it was due`,
      };
    }
    case "cut":
      return {
        tone: "gap",
        text: `${sizeWord(event.bytes)} of output were not kept: over the limit`,
      };
    case "retry": {
      const end = sayOutcome(event.outcome, event.error);
      const next = `attempt ${event.attempt + 1} at ${timeWord(event.retryAt)}`;
      return { tone: "wait", text: `attempt ${event.attempt} ${end}; ${next}` };
    }
    case "finished":
      return sayFinished(event, run, lines, isDetailed);
    default:
      return null;
  }
}

function sayFinished(
  event: Event & { kind: "finished" },
  run: number,
  lines: number,
  isDetailed: boolean,
): Said | null {
  const took = spanWord(event.durationMs);
  const silent = lines === 0 ? ", nothing printed" : "";
  const who = `run ${runWord(run)}`;
  if (event.outcome === "succeeded") {
    if (!isDetailed && lines > 0) return null;
    return { tone: "ok", text: `✓ ${who} succeeded in ${took}${silent}` };
  }
  const end = `${who} ${sayOutcome(event.outcome, event.error)} after ${took}`;
  if (isFailure(event.outcome)) return { tone: "fail", text: `✗ ${end}` };
  return { tone: "wait", text: `■ ${end}` };
}

/** What a log's foot says: `418 lines`. */
export function countLines(log: Log): string {
  const dropped = log.droppedCount ? `, ${countWord(log.droppedCount)} older dropped` : "";
  return plural(log.lineCount, "line") + dropped;
}
