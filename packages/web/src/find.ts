// Finds text in a log. Pure; stays right while timestamps or wrapping change, for it looks at rows, not at
// what is drawn.

import type { Log } from "./log.ts";

export type Found = {
  /** Keys of the rows, in order. */
  keys: number[];
  /** The same by block: a block whose rows did not change keeps its set, so it need not be drawn again. */
  blocks: ReadonlyMap<number, ReadonlySet<number>>;
};
export const NOTHING: Found = { keys: [], blocks: new Map() };

/** All rows that have the text in them. Capitals matter only if the text has some. */
export function findRows(log: Log, text: string, before: Found = NOTHING): Found {
  if (!text) return NOTHING;
  const isExact = text !== text.toLowerCase();
  const keys: number[] = [];
  const blocks = new Map<number, ReadonlySet<number>>();
  for (const block of log.blocks) {
    const hits = block.rows
      .filter((row) => (isExact ? row.text : row.text.toLowerCase()).includes(text))
      .map((row) => row.key);
    if (hits.length === 0) continue;
    keys.push(...hits);
    const known = before.blocks.get(block.key);
    const isSame = known?.size === hits.length && hits.every((key) => known.has(key));
    blocks.set(block.key, isSame ? known : new Set(hits));
  }
  return { keys, blocks };
}

/** `L120` or `L120-L131` as first and last line; null for anything else. */
export function parseLines(hash: string): { from: number; to: number } | null {
  const match = /^L(\d+)(?:-L(\d+))?$/.exec(hash);
  if (!match) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return { from: Math.min(from, to), to: Math.max(from, to) };
}
