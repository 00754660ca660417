// Glyphs that are made of rectangles: Teletext mosaics (contiguous at U+1FB00, separated in the private
// area), block elements, shades, box drawing and braille patterns.

import { type Outline, rectangle } from "./dots.ts";

export type Block = [codePoint: number, outlines: Outline[]];

const COLUMNS: [number, number][] = [
  [0, 3],
  [3, 6],
];
const ROWS: [number, number][] = [
  [0, 3],
  [3, 7],
  [7, 10],
];

/** `inset` is the gap of a separated mosaic, in dots. */
function sextant(pattern: number, inset: number): Outline[] {
  const found: Outline[] = [];
  for (let bit = 0; bit < 6; bit++) {
    const [left, right] = COLUMNS[bit % 2] ?? [0, 0];
    const [top, bottom] = ROWS[bit >> 1] ?? [0, 0];
    if ((pattern >> bit) & 1)
      found.push(rectangle(left + inset, top + inset, right - inset, bottom - inset));
  }
  return found;
}

function mosaics(): Block[] {
  const found: Block[] = [];
  let code = 0x1fb00;
  // Unicode leaves out the two patterns that are half blocks already: 21 and 42.
  for (let p = 1; p < 63; p++) if (p !== 21 && p !== 42) found.push([code++, sextant(p, 0)]);
  for (let p = 1; p < 64; p++) found.push([0xe000 + p, sextant(p, 0.5)]);
  return found;
}

function solids(): Block[] {
  const found: Block[] = [
    [0x2580, [rectangle(0, 0, 6, 5)]],
    [0x2590, [rectangle(3, 0, 6, 10)]],
    [0x2591, shade(3)],
    [0x2592, shade(2)],
    [0x2593, [...shade(2), ...shade(3)]],
  ];
  for (let i = 1; i <= 8; i++) found.push([0x2580 + i, [rectangle(0, 10 - (10 * i) / 8, 6, 10)]]);
  for (let i = 1; i <= 7; i++) found.push([0x2590 - i, [rectangle(0, 0, (6 * i) / 8, 10)]]);
  const quadrants: [number, number][] = [
    [0x2598, 1],
    [0x259d, 2],
    [0x2596, 4],
    [0x2597, 8],
    [0x259b, 7],
    [0x259c, 11],
    [0x2599, 13],
    [0x259f, 14],
    [0x259a, 9],
    [0x259e, 6],
  ];
  for (const [code, bits] of quadrants) found.push([code, quadrant(bits)]);
  return found;
}

function quadrant(bits: number): Outline[] {
  const places = [rectangle(0, 0, 3, 5), rectangle(3, 0, 6, 5)];
  places.push(rectangle(0, 5, 3, 10), rectangle(3, 5, 6, 10));
  return places.filter((_, i) => (bits >> i) & 1);
}

function shade(step: number): Outline[] {
  const found: Outline[] = [];
  for (let y = 0; y < 10; y++)
    for (let x = 0; x < 6; x++)
      if ((x + (y % 2)) % step === 0) found.push(rectangle(x, y, x + 1, y + 1));
  return found;
}

const BOX: Record<string, string> = {
  "─━╌┄": "lr",
  "│┃╎┆": "ud",
  "┌┏╭": "rd",
  "┐┓╮": "ld",
  "└┗╰": "ru",
  "┘┛╯": "lu",
  "├┣": "udr",
  "┤┫": "udl",
  "┬┳": "lrd",
  "┴┻": "lru",
  "┼╋": "udlr",
  "═": "LR",
  "║": "UD",
  "╔": "RD",
  "╗": "LD",
  "╚": "RU",
  "╝": "LU",
  "╠": "UDR",
  "╣": "UDL",
  "╦": "LRD",
  "╩": "LRU",
  "╬": "UDLR",
  "╴": "l",
  "╵": "u",
  "╶": "r",
  "╷": "d",
};
const STROKE: Record<string, Outline[]> = {
  u: [rectangle(2.5, 0, 3.5, 5.5)],
  d: [rectangle(2.5, 4.5, 3.5, 10)],
  l: [rectangle(0, 4.5, 3.5, 5.5)],
  r: [rectangle(2.5, 4.5, 6, 5.5)],
  U: [rectangle(1.5, 0, 2.5, 6.5), rectangle(3.5, 0, 4.5, 6.5)],
  D: [rectangle(1.5, 3.5, 2.5, 10), rectangle(3.5, 3.5, 4.5, 10)],
  L: [rectangle(0, 3.5, 4.5, 4.5), rectangle(0, 5.5, 4.5, 6.5)],
  R: [rectangle(1.5, 3.5, 6, 4.5), rectangle(1.5, 5.5, 6, 6.5)],
};

function boxes(): Block[] {
  return Object.entries(BOX).flatMap(([characters, strokes]) =>
    [...characters].map(
      (character): Block => [
        character.codePointAt(0) ?? 0,
        [...strokes].flatMap((stroke) => STROKE[stroke] ?? []),
      ],
    ),
  );
}

function braille(): Block[] {
  const dots = [0, 1, 2, 6, 3, 4, 5, 7].map((bit, place): [number, Outline] => {
    const left = place < 4 ? 1 : 4;
    const top = 1 + (place % 4) * 2;
    return [bit, rectangle(left, top, left + 1, top + 1)];
  });
  return Array.from(
    { length: 256 },
    (_, pattern): Block => [
      0x2800 + pattern,
      dots.filter(([bit]) => (pattern >> bit) & 1).map(([, dot]) => dot),
    ],
  );
}

/** Every glyph made of rectangles. */
export function blocks(): Block[] {
  const dash: Block = [0x2014, [rectangle(0, 4.5, 6, 5.5)]];
  return [...mosaics(), ...solids(), ...boxes(), ...braille(), dash];
}
