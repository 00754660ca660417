// From what the guest says of an error to what its owner sees: the place in the source as written, and a
// stack of the script's own lines. Everything here comes from the guest and is cut and checked.

import type { ScriptError } from "../run.ts";

const NAME_MAX = 100;
const MESSAGE_MAX = 2_000;
const STACK_LINES_MAX = 20;
/** Where the engine begins a new line. */
export const LINE_END = /\r\n|[\n\r\u2028\u2029]/;

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
      name = String(parts[0] ?? name)
        .slice(0, NAME_MAX)
        .toWellFormed();
      message = String(parts[1] ?? "")
        .slice(0, MESSAGE_MAX)
        .toWellFormed();
      stack = String(parts[2] ?? "").toWellFormed();
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
  const lines = source.split(LINE_END);
  const places = own.map((frame) => placeOf(frame, file));
  // A script may write its own stack: a line it does not have is no place.
  const found = places.find((each) => each !== null && each.line <= lines.length);
  const place = found
    ? { line: found.line, column: columnOf(lines[found.line - 1], found.byte) }
    : importPlace(error.message, lines);
  const shown = own.map((frame) => withColumns(frame, file, lines)).join("\n");
  return { ...error, ...place, ...(shown ? { stack: shown } : {}) };
}

/** Imports are resolved before anything has a stack: the place is where the module is named. */
function importPlace(message: string, lines: string[]): { line: number; column: number } | null {
  const name = /^cannot import "([^"]+)"|^Could not find export .* in module '([^']+)'/.exec(
    message,
  );
  const module = name?.[1] ?? name?.[2];
  if (module === undefined) return null;
  for (const [index, line] of lines.entries()) {
    if (!/\b(?:import|from)\b/.test(line)) continue;
    const at = [`"${module}"`, `'${module}'`].map((quoted) => line.indexOf(quoted));
    const first = at.find((each) => each >= 0);
    if (first !== undefined) return { line: index + 1, column: first + 1 };
  }
  return null;
}

function ownFrames(stack: string, file: string): string[] {
  return (
    stack
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("at ") && line.includes(`${file}:`) && line.length < 300)
      // What the engine made up itself, such as a class's fields, stands at line 0.
      .filter((line) => !line.includes(`${file}:0:`))
      .slice(0, STACK_LINES_MAX)
  );
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
