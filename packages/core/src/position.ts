// How far a watcher of a ticker's feed has come, and whether a batch follows without a hole. Run numbers
// are dense per ticker and event numbers dense per run, so contiguity can be proved. Pure.
// Cursor text: `41_42.7` = every run up to 41 whole, and run 42 through event 7 (`_43.5e` = 43 is over).

import { VisibleError } from "./error.ts";
import type { EventBatch } from "./event.ts";

type Part = { seq: number; over: boolean; record: boolean };

export type Position = {
  /** Every run up to this number was delivered whole. */
  floor: number;
  /** Runs above the floor that were delivered in part, or whole before an earlier one was. */
  parts: Map<number, Part>;
};

const CURSOR = /^(\d{1,12})((?:_\d{1,12}\.\d{1,9}e?){0,20})$/;

export const startAfter = (run: number): Position => ({
  floor: Math.max(0, run),
  parts: new Map(),
});

export const copyOf = ({ floor, parts }: Position): Position => ({
  floor,
  parts: new Map([...parts].map(([run, part]) => [run, { ...part }])),
});

/** Errors: invalid. */
export function parseCursor(text: string): Position {
  const match = CURSOR.exec(text);
  if (!match) {
    throw new VisibleError(
      "invalid",
      `the cursor "${text.slice(0, 40)}" is none of ours; subscribe with the cursor of a message, or without one`,
    );
  }
  const position = startAfter(Number(match[1]));
  for (const piece of (match[2] ?? "").split("_").slice(1)) {
    const [run, seq] = piece.replace("e", "").split(".").map(Number) as [number, number];
    position.parts.set(run, { seq, over: piece.endsWith("e"), record: false });
  }
  return position;
}

export function cursorOf(position: Position): string {
  let text = String(position.floor);
  for (const [run, part] of position.parts) text += `_${run}.${part.seq}${part.over ? "e" : ""}`;
  return text;
}

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

/** Gives up what is missing below `run`; answers the first run given up, or null if nothing was. */
export function skipTo(position: Position, run: number): number | null {
  const from = position.floor + 1;
  if (run <= from) return null;
  position.floor = run - 1;
  for (const known of position.parts.keys()) if (known < run) position.parts.delete(known);
  return from;
}
