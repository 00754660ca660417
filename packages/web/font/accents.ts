// Accented letters of Latin-1, Latin-2 and their neighbours, composed of a drawn letter and a mark, so that
// nobody draws two hundred glyphs. Capitals give up one of their seven rows to make room for the mark.

import { type Outline, outlinesOfDots } from "./dots.ts";

/** Which row a squeezed capital can best do without; 2 unless told. */
const SPARE_ROW: Record<string, number> = { A: 3, D: 3, I: 3, O: 3, U: 3, N: 1, Y: 1, Z: 1 };
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

function compose(base: string, rows: string[], mark: string, dots: string[]): Outline[] {
  const body = rows.slice(0, 7);
  if (BELOW.has(mark)) return outlinesOfDots([...body, ...merge(rows.slice(7), dots)]);
  const isLow = base === "i" || base === "j" || !`${rows[0]}${rows[1]}`.includes("#");
  if (isLow) return outlinesOfDots([...dots, ...rows.slice(2)]);
  const squeezed = body.filter((_, y) => y !== (SPARE_ROW[base] ?? 2));
  return outlinesOfDots([...dots, ...squeezed, ...rows.slice(7)], 1);
}

function merge(rows: string[], dots: string[]): string[] {
  return dots.map((line, y) =>
    [...line].map((dot, x) => (rows[y]?.[x] === "#" ? "#" : dot)).join(""),
  );
}
