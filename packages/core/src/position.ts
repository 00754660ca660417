// How far a watcher of a ticker's feed has come, and whether a batch follows without a hole. Run numbers
// are dense per ticker and event numbers dense per run, so contiguity can be proved. Pure.
// Cursor text: `8xqv7h:41_42.7` = of the ticker whose id ends so, every run up to 41 whole, and run 42 through
// event 7 (`_43.5e` = 43 is over).

import { VisibleError } from "./error.ts";
import type { EventBatch } from "./event.ts";

type Part = { seq: number; over: boolean; record: boolean };

export type Position = {
  /** Every run up to this number was delivered whole. */
  floor: number;
  /** Runs above the floor that were delivered in part, or whole before an earlier one was. */
  parts: Map<number, Part>;
};

/** As many runs as can be under way, queued, or over before an earlier one. */
const CURSOR = /^(.{1,6}):(\d{1,12})((?:_\d{1,12}\.\d{1,9}e?){0,250})$/;
/** The beginning of any ticker. */
const BEGINNING = "0";
const TAG_CHARACTERS = 6;

export const startAfter = (run: number): Position => ({
  floor: Math.max(0, run),
  parts: new Map(),
});

export const copyOf = ({ floor, parts }: Position): Position => ({
  floor,
  parts: new Map([...parts].map(([run, part]) => [run, { ...part }])),
});

/** Numbers begin at 1 for every ticker, so a cursor says whose it is. Errors: invalid. */
export function parseCursor(text: string, tickerId: string): Position {
  if (text === BEGINNING) return startAfter(0);
  const match = CURSOR.exec(text);
  if (!match) throw refused(text, "none of ours");
  if (match[1] !== tagOf(tickerId)) throw refused(text, `of another ticker than ${tickerId}`);
  const position = startAfter(Number(match[2]));
  for (const piece of (match[3] ?? "").split("_").slice(1)) {
    const [run, seq] = piece.replace("e", "").split(".").map(Number) as [number, number];
    if (run > position.floor)
      position.parts.set(run, { seq, over: piece.endsWith("e"), record: false });
  }
  return position;
}

export function refused(cursor: string, why: string): VisibleError {
  const instead = "subscribe with the cursor of a message, or without one";
  return new VisibleError("invalid", `the cursor "${cursor.slice(0, 40)}" is ${why}; ${instead}`);
}

const tagOf = (tickerId: string): string => tickerId.slice(-TAG_CHARACTERS);

export function cursorOf(position: Position, tickerId: string): string {
  let text = `${tagOf(tickerId)}:${position.floor}`;
  for (const [run, part] of position.parts) {
    if (part.seq > 0) text += `_${run}.${part.seq}${part.over ? "e" : ""}`;
  }
  return text;
}

/** The newest run it knows of. */
export const reachOf = ({ floor, parts }: Position): number => Math.max(floor, ...parts.keys());

/** Whether the same events have been delivered; runs known to be silent so far make no difference. */
export function agree(a: Position, b: Position): boolean {
  return a.floor === b.floor && holds(a, b) && holds(b, a);
}

const holds = (a: Position, b: Position): boolean =>
  [...b.parts].every(([run, { seq, over }]) => {
    const part = a.parts.get(run);
    return seq === 0 ? (part?.seq ?? 0) === 0 : part?.seq === seq && part.over === over;
  });

/** Last event number delivered of a run; 0 when none. */
export const seqOf = (position: Position, run: number): number =>
  run <= position.floor ? Number.POSITIVE_INFINITY : (position.parts.get(run)?.seq ?? 0);

/** `next`: it follows. `known`: nothing new in it. `hole`: something before it is missing. */
export function judge(position: Position, batch: EventBatch): "next" | "known" | "hole" {
  const seq = seqOf(position, batch.run);
  if (batch.to <= seq) return "known";
  if (batch.from > seq + 1) return "hole";
  for (let run = position.floor + 1; run < batch.run; run++) {
    if (!position.parts.has(run)) return "hole";
  }
  return "next";
}

/** Takes note of a batch that was delivered. */
export function advance(position: Position, batch: EventBatch): void {
  const last = batch.events.at(-1)?.kind;
  const record = last === "skipped" || last === "missed";
  position.parts.set(batch.run, { seq: batch.to, over: last === "finished", record });
  settle(position, batch.run);
}

/** A skipped or missed record may grow until a newer run follows it. */
function settle(position: Position, newest: number): void {
  const { parts } = position;
  for (const [run, part] of parts) if (part.record && run < newest) part.over = true;
  while (parts.get(position.floor + 1)?.over) {
    position.floor++;
    parts.delete(position.floor);
  }
}

/**
 * The runs below `number` of which something is missing, in ranges: neither delivered whole nor `listed`, which
 * is to say still to be had.
 */
export function missingBelow(
  position: Position,
  number: number,
  listed: ReadonlySet<number>,
): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  const there = [...position.parts]
    .filter(([run, part]) => run < number && (part.over || listed.has(run)))
    .map(([run]) => run)
    .sort((a, b) => a - b);
  let from = position.floor + 1;
  for (const run of [...there, number]) {
    if (run > from) ranges.push({ from, to: run - 1 });
    from = run + 1;
  }
  return ranges;
}

/** Gives up what is missing below `run`. */
export function skipTo(position: Position, run: number): void {
  position.floor = Math.max(position.floor, run - 1);
  for (const known of position.parts.keys()) if (known < run) position.parts.delete(known);
  settle(position, run);
}
