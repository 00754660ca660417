// Accented letters of Latin-1, Latin-2 and their neighbours, composed of a drawn letter and a mark, so that
// nobody draws two hundred glyphs. Capitals give up one of their seven rows to make room for the mark.

import { type Outline, outlinesOfDots } from "./dots.ts";

/** Rows a squeezed letter can best do without: the first for a flat mark, both for a tall one. */
const SPARE_ROWS: Record<string, [number, number]> = {
  A: [3, 5],
  E: [2, 5],
  F: [2, 5],
  N: [0, 6],
  R: [2, 4],
  S: [1, 5],
  Y: [0, 6],
  Z: [1, 5],
  b: [0, 3],
  d: [0, 3],
  h: [0, 3],
  k: [0, 1],
  l: [1, 2],
  t: [0, 3],
};
const USUAL_SPARE_ROWS = [3, 2];
const BELOW = new Set(["0326", "0327", "0328"]);
const RANGES: [number, number][] = [
  [0xc0, 0x17f],
  [0x1cd, 0x1dc],
  [0x218, 0x21b],
  [0x1e80, 0x1e85],
  [0x1ef2, 0x1ef3],
];

/** Every letter of the ranges that is one drawn letter and one known mark. */
export function accentedLetters(
  letters: Map<string, string[]>,
  marks: Map<string, string[]>,
): [codePoint: number, outlines: Outline[]][] {
  const found: [number, Outline[]][] = [];
  for (const [first, last] of RANGES) {
    for (let code = first; code <= last; code++) {
      const [base = "", mark = "", more] = [...String.fromCodePoint(code).normalize("NFD")];
      const name = mark ? mark.charCodeAt(0).toString(16).padStart(4, "0") : "";
      const rows = letters.get(base);
      const dots = marks.get(name);
      if (rows && dots && !more) found.push([code, compose(base, rows, name, dots)]);
    }
  }
  return found;
}

/** Letter and mark are outlined apart, so that no diagonal is smoothed from one into the other. */
function compose(base: string, rows: string[], mark: string, dots: string[]): Outline[] {
  if (BELOW.has(mark)) {
    const lower = [...Array<string>(7).fill(""), ...dots];
    return [...outlinesOfDots(rows.slice(0, 7)), ...outlinesOfDots(lower)];
  }
  const above = outlinesOfDots(dots, 1);
  const isLow = base === "i" || base === "j" || !`${rows[0]}${rows[1]}`.includes("#");
  if (isLow) return [...above, ...outlinesOfDots(["", "", ...rows.slice(2)])];
  const isTall = dots[1]?.includes("#") ?? false;
  const spare = (SPARE_ROWS[base] ?? USUAL_SPARE_ROWS).slice(0, isTall ? 2 : 1);
  const squeezed = rows.slice(0, 7).filter((_, y) => !spare.includes(y));
  const lead = isTall ? ["", ""] : [""];
  return [...above, ...outlinesOfDots([...lead, ...squeezed, ...rows.slice(7)])];
}
