// Teletext mosaics as text: two by three blocks to a character, so charts travel through terminals, .txt
// pages and copy-and-paste alike. Pure; the console and the text pages of the API share it.

/** Contiguous mosaics are Unicode's sextants; four patterns are characters Unicode had already. */
function contiguous(pattern: number): string {
  if (pattern === 0) return " ";
  if (pattern === 63) return "█";
  if (pattern === 21) return "▌";
  if (pattern === 42) return "▐";
  return String.fromCodePoint(
    0x1fb00 + pattern - 1 - (pattern > 21 ? 1 : 0) - (pattern > 42 ? 1 : 0),
  );
}

/** Separated mosaics have no place in Unicode: TickerText keeps them in the private area. */
function separate(pattern: number): string {
  return pattern === 0 ? " " : String.fromCodePoint(0xe000 + pattern);
}

/**
 * Rows of characters for rows of blocks: `#` is lit, anything else dark. Three rows of blocks make one of
 * characters, two blocks one character; what is missing is dark. `separated` only shows in TickerText.
 */
export function mosaic(bits: readonly string[], separated = false): string[] {
  const columns = Math.ceil(Math.max(0, ...bits.map((row) => row.length)) / 2);
  const rows = Math.ceil(bits.length / 3);
  return Array.from({ length: rows }, (_, row) => {
    let text = "";
    for (let column = 0; column < columns; column++) {
      let pattern = 0;
      for (let bit = 0; bit < 6; bit++) {
        if (bits[row * 3 + (bit >> 1)]?.[column * 2 + (bit % 2)] === "#") pattern |= 1 << bit;
      }
      text += separated ? separate(pattern) : contiguous(pattern);
    }
    return text;
  });
}

/** Bars for `mosaic`: one column of blocks a value, `height` blocks for `max`. Anything above zero shows. */
export function bars(
  values: readonly number[],
  height: number,
  max = Math.max(1, ...values),
): string[] {
  const tall = values.map((value) =>
    value > 0 ? Math.min(height, Math.max(1, Math.round((value / max) * height))) : 0,
  );
  return Array.from({ length: height }, (_, y) =>
    tall.map((blocks) => (height - y <= blocks ? "#" : ".")).join(""),
  );
}

/** A line for `mosaic`: lowest value at the bottom, highest at the top. `fill`: an area under it. */
export function line(values: readonly number[], height: number, fill = false): string[] {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const levels = values.map((value) =>
    Math.round((1 - (span > 0 ? (value - low) / span : 0.5)) * (height - 1)),
  );
  return Array.from({ length: height }, (_, y) =>
    levels
      .map((level, x) => {
        const before = levels[x - 1] ?? level;
        const isOn = y >= Math.min(level, before) && y <= Math.max(level, before);
        return isOn || (fill && y >= level) ? "#" : ".";
      })
      .join(""),
  );
}
