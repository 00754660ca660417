// From what the guest says of an error to what its owner sees: the place in the source as written, and a
// stack of the script's own lines. Everything here comes from the guest and is cut and checked.

import type { ScriptError } from "../run.ts";

const NAME_MAX = 100;
const MESSAGE_MAX = 2_000;
const STACK_LINES_MAX = 20;

/** `main.js` or `main.ts`: the script's name in stacks. */
export const scriptFile = (language: string): string =>
  language === "typescript" ? "main.ts" : "main.js";

/** Without the byte order mark some editors put first: no character of the script, and no column. */
export const withoutMark = (source: string): string =>
  source.startsWith("\ufeff") ? source.slice(1) : source;

/** Reads `[name, message, stack]`, as the guest's `describe` writes it. */
export function readDescription(text: string, file: string, source: string): ScriptError {
  let name = "Error";
  let message = "an error that cannot be shown";
  let stack = "";
  try {
    const parts: unknown = JSON.parse(text);
    if (Array.isArray(parts)) {
      name = String(parts[0] ?? name).slice(0, NAME_MAX);
      message = String(parts[1] ?? "").slice(0, MESSAGE_MAX);
      stack = String(parts[2] ?? "");
    }
  } catch {
    // Half a description, for want of memory: what stands above is all that can be said.
  }
  return located({ name, message }, stack, file, source);
}

/** Adds the place and the stack's own lines to an error. */
export function located(
  error: { name: string; message: string },
  stack: string,
  file: string,
  source: string,
): ScriptError {
  const own = ownFrames(stack, file);
  const place = own.map((frame) => placeOf(frame, file)).find((found) => found !== null);
  const lines = source.split("\n");
  const shown = own.map((frame) => withColumns(frame, file, lines)).join("\n");
  return {
    ...error,
    ...(place ? { line: place.line, column: columnOf(lines[place.line - 1], place.byte) } : {}),
    ...(shown ? { stack: shown } : {}),
  };
}

function ownFrames(stack: string, file: string): string[] {
  return stack
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && line.includes(`${file}:`) && line.length < 300)
    .slice(0, STACK_LINES_MAX);
}

function placeOf(frame: string, file: string): { line: number; byte: number } | null {
  const found = new RegExp(`\\b${file.replace(".", "\\.")}:(\\d{1,7}):(\\d{1,7})\\)?$`).exec(frame);
  if (!found) return null;
  return { line: Number(found[1]), byte: Number(found[2]) };
}

function withColumns(frame: string, file: string, lines: string[]): string {
  const place = placeOf(frame, file);
  if (!place) return frame;
  const column = columnOf(lines[place.line - 1], place.byte);
  return frame.replace(/:(\d+)(\)?)$/, `:${column}$2`);
}

/** The engine counts bytes of UTF-8; an editor counts characters as JavaScript does. */
function columnOf(line: string | undefined, byte: number): number {
  if (line === undefined) return byte;
  let bytes = 1;
  let column = 1;
  for (const character of line) {
    if (bytes >= byte) break;
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    column += character.length;
  }
  return column;
}
