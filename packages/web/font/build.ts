// Builds TickerText and its double-height face from `glyphs.txt`: `node font/build.ts [folder]`. Run before
// every build of the console; takes about a second. The dot patterns were drawn for this project.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import opentype from "opentype.js";
import wawoff2 from "wawoff2";
import { accentedLetters } from "./accents.ts";
import { blocks } from "./blocks.ts";
import { CELL, type Outline, outlinesOfDots } from "./dots.ts";

const { Font, Glyph, Path } = opentype;
const DOT_UNITS = 100;
const FACES = [
  { file: "tickertext", family: "TickerText", squeeze: 1 },
  { file: "tickertext-double", family: "TickerText Double", squeeze: 0.5 },
];
/** Characters that look like one that is drawn. */
const SAME: Record<string, string> = {
  "✔": "✓",
  "✘": "✗",
  "✖": "✗",
  "✕": "×",
  μ: "µ",
  "‐": "-",
  "‑": "-",
  "―": "—",
  "⁃": "-",
  "∙": "·",
  "►": "▶",
  "◄": "◀",
  "▸": "▶",
  "▾": "▼",
  "▴": "▲",
  "⬤": "●",
  "⟳": "↻",
  "❯": "›",
  "❮": "‹",
  "∆": "Δ",
  "∑": "Σ",
  "✱": "*",
  "＊": "*",
  "➜": "→",
  "➔": "→",
};

function readTable(name: string): Map<string, string[]> {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => line.trim());
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1)]));
}

/** Outlines by code point; a later source never replaces a drawn glyph. */
function collect(): Map<number, Outline[]> {
  const letters = readTable("glyphs.txt");
  const found = new Map<number, Outline[]>();
  const add = (code: number, outlines: Outline[]) => {
    if (!found.has(code)) found.set(code, outlines);
  };
  for (const [letter, rows] of letters) add(letter.codePointAt(0) ?? 0, outlinesOfDots(rows));
  for (const [code, outlines] of blocks()) add(code, outlines);
  for (const [code, outlines] of accentedLetters(letters, readTable("marks.txt")))
    add(code, outlines);
  for (const [twin, letter] of Object.entries(SAME))
    add(twin.codePointAt(0) ?? 0, found.get(letter.codePointAt(0) ?? 0) ?? []);
  return found;
}

function pathOf(outlines: Outline[], squeeze: number): opentype.Path {
  const path = new Path();
  for (const outline of outlines) {
    outline.forEach(([x, y], i) => {
      const across = Math.round((x / 2) * DOT_UNITS * squeeze);
      const up = Math.round((CELL.baseline - y / 2) * DOT_UNITS);
      if (i) path.lineTo(across, up);
      else path.moveTo(across, up);
    });
    path.close();
  }
  return path;
}

function build(family: string, squeeze: number, found: Map<number, Outline[]>): opentype.Font {
  const advanceWidth = CELL.width * DOT_UNITS * squeeze;
  const blank = (name: string, unicode: number) =>
    new Glyph({ name, unicode, advanceWidth, path: new Path() });
  const box = outlinesOfDots(["#####", ...Array<string>(5).fill("#...#"), "#####"]);
  const missing = new Glyph({ name: ".notdef", advanceWidth, path: pathOf(box, squeeze) });
  const glyphs = [missing, blank("space", 32), blank("nbsp", 160)];
  for (const [unicode, outlines] of [...found].sort(([a], [b]) => a - b)) {
    const name = `u${unicode.toString(16)}`;
    glyphs.push(new Glyph({ name, unicode, advanceWidth, path: pathOf(outlines, squeeze) }));
  }
  const measures = { unitsPerEm: 1000, ascender: 800, descender: -200 };
  return new Font({ familyName: family, styleName: "Regular", ...measures, glyphs });
}

const folder = process.argv[2] ?? new URL("built/", import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const found = collect();
for (const { file, family, squeeze } of FACES) {
  const font = build(family, squeeze, found);
  const packed = await wawoff2.compress(new Uint8Array(font.toArrayBuffer()));
  writeFileSync(`${folder}/${file}.woff2`, packed);
}
