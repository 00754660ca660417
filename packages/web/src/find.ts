// Finds text in a log. Pure; stays right while timestamps or wrapping change, for it looks at rows, not at
// what is drawn.

import type { Log } from "./log.ts";

export type Found = { keys: number[]; set: ReadonlySet<number> };
export const NOTHING: Found = { keys: [], set: new Set() };

/** Keys of all rows that have the text in them, in order. Capitals matter only if the text has some. */
export function findRows(log: Log, text: string): Found {
  if (!text) return NOTHING;
  const isExact = text !== text.toLowerCase();
  const keys: number[] = [];
  for (const block of log.blocks) {
    for (const row of block.rows) {
      const there = isExact ? row.text : row.text.toLowerCase();
      if (there.includes(text)) keys.push(row.key);
    }
  }
  return { keys, set: new Set(keys) };
}

/** `L120` or `L120-L131` as first and last line; null for anything else. */
export function parseLines(hash: string): { from: number; to: number } | null {
  const match = /^L(\d+)(?:-L(\d+))?$/.exec(hash);
  if (!match) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return { from: Math.min(from, to), to: Math.max(from, to) };
}
