// The teletext page as a grid: rows of coloured spans, forty columns wide. What may stand in a cell
// is decided here: output is hostile, so control characters and whatever could reorder text never
// pass.

export type Colour = "black" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "white";
/** A stretch of text in one colour; `back` defaults to black. */
export type Span = { text: string; colour: Colour; back?: Colour };
export type Row = Span[];

export const COLUMNS = 40;
export const ROWS_MAX = 25;
const PALETTE: Colour[] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** One span. */
export const span = (text: string, colour: Colour = "white", back?: Colour): Span =>
  back ? { text, colour, back } : { text, colour };

const ESC = 0x1b;
/** Longest line looked at, in UTF-16 units: it shows forty columns. */
const LINE_MAX = 2000;

/** A line of output without anything but characters. */
export const plainText = (text: string): string =>
  textSpans(text)
    .map((part) => part.text)
    .join("");

/**
 * A line of output as spans: of all escape sequences only colours count. One pass, no backtracking.
 */
export function textSpans(line: string, colour: Colour = "white"): Span[] {
  const spans: Span[] = [];
  const input = line.slice(0, LINE_MAX);
  let now = colour;
  let text = "";
  const flush = () => {
    if (text !== "") spans.push(span(text, now));
    text = "";
  };
  for (let i = 0; i < input.length; ) {
    if (input.charCodeAt(i) !== ESC) {
      const character = String.fromCodePoint(input.codePointAt(i) as number);
      text += character === "\t" ? "  " : isShown(character) ? character : "";
      i += character.length;
      continue;
    }
    const end = sequenceEnd(input, i);
    if (input[i + 1] === "[" && input[end - 1] === "m") {
      flush();
      now = colourAfter(input.slice(i + 2, end - 1), now, colour);
    }
    i = end;
  }
  flush();
  return spans;
}

/**
 * Where the escape sequence that begins at `start` is over. What has no end takes the rest with it.
 */
function sequenceEnd(text: string, start: number): number {
  const kind = text[start + 1];
  if (kind === undefined) return start + 1;
  const isString = "]PX^_".includes(kind);
  if (kind !== "[" && !isString) return start + 2;
  for (let i = start + 2; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isString) {
      if (code === 0x07 || code === 0x9c) return i + 1;
      if (code === ESC) return text[i + 1] === "\\" ? i + 2 : i;
    } else if (code >= 0x40 && code <= 0x7e) return i + 1;
    else if (code < 0x20 || code > 0x7e) return i;
  }
  return text.length;
}

/** Not what a terminal or a browser would act on: controls, and what hides or reorders text. */
function isShown(character: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(character);
}

function colourAfter(codes: string, now: Colour, usual: Colour): Colour {
  let colour = now;
  const list = codes.split(";").map(Number);
  for (let i = 0; i < list.length; i++) {
    const code = list[i] ?? 0;
    // 38;5;n and 38;2;r;g;b carry numbers that are no codes of their own.
    if (code === 38 || code === 48) i += list[i + 1] === 2 ? 4 : 2;
    else if (code === 0 || code === 39) colour = usual;
    else if (code >= 30 && code <= 37) colour = legible(PALETTE[code - 30]);
    else if (code >= 90 && code <= 97) colour = legible(PALETTE[code - 90]);
  }
  return colour;
}

/** Black and blue cannot be read on black. */
const legible = (colour: Colour | undefined): Colour =>
  colour === undefined || colour === "black" ? "white" : colour === "blue" ? "cyan" : colour;

/** Exactly forty columns: cut, or filled up in the last background. */
export function fit(row: Row, columns = COLUMNS): Row {
  const fitted: Row = [];
  let left = columns;
  for (const part of row) {
    let text = "";
    for (const character of part.text) {
      const cells = cellsOf(character);
      if (cells > left) {
        if (text !== "") fitted.push({ ...part, text });
        if (left > 0) fitted.push(span(" ".repeat(left), "white", part.back));
        return fitted;
      }
      text += character;
      left -= cells;
    }
    if (text !== "") fitted.push({ ...part, text });
  }
  if (left > 0) fitted.push(span(" ".repeat(left), "white", row.at(-1)?.back));
  return fitted;
}

/** `left` at the left, `right` at the right edge, never over each other. */
export function spread(left: Row, right: Row, columns = COLUMNS): Row {
  return [...fit(left, columns - widthOf(right)), ...right];
}

/** Columns a row takes in a terminal. */
export const widthOf = (row: Row): number =>
  row.reduce((sum, part) => sum + textWidth(part.text), 0);

/** Columns a text takes in a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** Marks sit on the character before; East Asian characters and pictures take two columns. */
function cellsOf(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
