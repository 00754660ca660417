// A grid of cells as plain text, as text with colours for terminals, or as a picture. The grid
// holds no control characters; what a format gives meaning to (`<` in SVG) is escaped here.

import { COLUMNS, type Colour, fit, type Row, type Span, textWidth } from "./cells.ts";

const SGR: Record<Colour, number> = {
  black: 0,
  red: 1,
  green: 2,
  yellow: 3,
  blue: 4,
  magenta: 5,
  cyan: 6,
  white: 7,
};
/** As in the console: pure, but for red, which is lifted until it can be read on black. */
const PAINT: Record<Colour, string> = {
  black: "#000",
  red: "#ff2a2a",
  green: "#0f0",
  yellow: "#ff0",
  blue: "#00f",
  magenta: "#f5f",
  cyan: "#0ff",
  white: "#fff",
};
const CELL_WIDTH = 12;
const CELL_HEIGHT = 20;

/** Lines without trailing blanks. */
export function renderText(rows: Row[]): string {
  const lines = rows.map((row) =>
    fit(row)
      .map((part) => part.text)
      .join("")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** Every span sets its colours; every line ends with a reset, so a cut page leaves no stain. */
export function renderAnsi(rows: Row[]): string {
  const lines = rows.map((row) => {
    const parts = fit(row).map(
      (part) => `\u001b[${30 + SGR[part.colour]};${40 + SGR[part.back ?? "black"]}m${part.text}`,
    );
    return `${parts.join("")}\u001b[0m`;
  });
  return `${lines.join("\n")}\n`;
}

/**
 * One text element a span, placed by column; mosaics are drawn, since few fonts have them.
 * Attributes only: the page's policy allows no inline style.
 */
export function renderSvg(rows: Row[], title: string): string {
  const width = COLUMNS * CELL_WIDTH;
  const height = rows.length * CELL_HEIGHT;
  const parts = rows.flatMap((row, y) => {
    let column = 0;
    return fit(row).flatMap((part) => {
      const x = column * CELL_WIDTH;
      column += textWidth(part.text);
      return drawSpan(part, x, y * CELL_HEIGHT);
    });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="TickerText, ui-monospace, monospace" font-size="20">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#000"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function drawSpan({ text, colour, back = "black" }: Span, x: number, y: number): string[] {
  const width = textWidth(text) * CELL_WIDTH;
  const drawn: string[] = [];
  if (back !== "black") {
    drawn.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${CELL_HEIGHT}" fill="${PAINT[back]}"/>`,
    );
  }
  let blocks = "";
  let left = x;
  const letters = [...text].map((character) => {
    const pattern = patternOf(character);
    if (pattern > 0) blocks += blockPath(pattern, left, y);
    left += textWidth(character) * CELL_WIDTH;
    return pattern > 0 ? " " : character;
  });
  if (blocks !== "") drawn.push(`<path d="${blocks}" fill="${PAINT[colour]}"/>`);
  const words = letters.join("");
  if (words.trim() !== "") {
    drawn.push(
      `<text x="${x}" y="${y + 15}" fill="${PAINT[colour]}" textLength="${width}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escapeXml(words)}</text>`,
    );
  }
  return drawn;
}

/** The blocks of a mosaic character, as `mosaic.ts` counts them; 0 for any other character. */
function patternOf(character: string): number {
  const four = { "\u2588": 63, "\u258c": 21, "\u2590": 42 }[character];
  if (four !== undefined) return four;
  const place = (character.codePointAt(0) ?? 0) - 0x1fb00;
  if (place < 0 || place > 59) return 0;
  return place + 1 + (place >= 20 ? 1 : 0) + (place >= 40 ? 1 : 0);
}

/** Two by three blocks in a cell, rows of 7, 6 and 7. */
function blockPath(pattern: number, x: number, y: number): string {
  const half = CELL_WIDTH / 2;
  const tops = [0, 7, 13, CELL_HEIGHT];
  let path = "";
  for (let bit = 0; bit < 6; bit++) {
    if (!(pattern & (1 << bit))) continue;
    const row = bit >> 1;
    const top = tops[row] as number;
    path += `M${x + (bit % 2) * half} ${y + top}h${half}v${(tops[row + 1] as number) - top}h-${half}z`;
  }
  return path;
}

/** For text and attributes of XML and HTML alike. */
export const escapeXml = (text: string): string =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
