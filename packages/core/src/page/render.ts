// A grid of cells as plain text, as text with colours for terminals, or as a picture. The grid holds no
// control characters; what a format gives meaning to (`<` in SVG) is escaped here.

import { COLUMNS, type Colour, fit, type Row, textWidth } from "./cells.ts";

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

/** One text element a span, placed by column. Attributes only: the page's policy allows no inline style. */
export function renderSvg(rows: Row[], title: string): string {
  const width = COLUMNS * CELL_WIDTH;
  const height = rows.length * CELL_HEIGHT;
  const backs: string[] = [];
  const texts: string[] = [];
  rows.forEach((row, y) => {
    let column = 0;
    for (const part of fit(row)) {
      const cells = textWidth(part.text);
      const place = `x="${column * CELL_WIDTH}"`;
      const run = cells * CELL_WIDTH;
      if (part.back && part.back !== "black") {
        backs.push(
          `<rect ${place} y="${y * CELL_HEIGHT}" width="${run}" height="${CELL_HEIGHT}" fill="${PAINT[part.back]}"/>`,
        );
      }
      if (part.text.trim() !== "") {
        texts.push(
          `<text ${place} y="${y * CELL_HEIGHT + 15}" fill="${PAINT[part.colour]}" textLength="${run}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escapeXml(part.text)}</text>`,
        );
      }
      column += cells;
    }
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="TickerText, ui-monospace, monospace" font-size="20">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#000"/>`,
    ...backs,
    ...texts,
    "</svg>\n",
  ].join("\n");
}

/** For text and attributes of XML and HTML alike. */
export const escapeXml = (text: string): string =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
