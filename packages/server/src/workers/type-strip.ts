// TypeScript to JavaScript by taking the types out and leaving blanks, so that every line and column
// stays where it was. Node does it; this file turns its refusals into places in the source.

import { stripTypeScriptTypes } from "node:module";
import type { ScriptError } from "@ticker/core/run";

export type Stripped = {
  code: string;
  error: ScriptError | null;
  /** The stripper itself broke; from then on it fails in this thread for every source. */
  spoiled: boolean;
};

const MESSAGE_MAX = 500;

export function stripTypes(source: string): Stripped {
  try {
    return { code: stripTypeScriptTypes(source), error: null, spoiled: false };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { code: "", error: refusal(error, source), spoiled: false };
    }
    const message =
      "it cannot be read as TypeScript: it is nested too deeply, or a very long line has an error";
    return { code: "", error: { name: "SyntaxError", message }, spoiled: true };
  }
}

/** Node puts `:line`, some source and a row of carets before the stack, and nothing of it in fields. */
function refusal(error: SyntaxError, source: string): ScriptError {
  const message = error.message.slice(0, MESSAGE_MAX);
  const stack = error.stack ?? "";
  const found = /^[^\n]*:(\d+)\n(?:[^\n]*\n)*?( *)\^+ *\n/.exec(stack);
  // Without carets it is the end of the source that came too early.
  const line = Number((found ?? /^:(\d+)\n/.exec(stack))?.[1] ?? Number.NaN);
  if (Number.isNaN(line)) return { name: "SyntaxError", message };
  const shown = source.split("\n")[line - 1] ?? "";
  const column = found ? columnAt(shown, found[2]?.length ?? 0) : shown.length + 1;
  return { name: "SyntaxError", message, line, column };
}

const TAB_WIDTH = 4;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{3fffd}]/u;
const NARROW = /\p{Mn}/u;

/** The carets stand under the line as a terminal shows it: which character is above them? */
function columnAt(line: string, width: number): number {
  let column = 1;
  let shown = 0;
  for (const character of line) {
    if (shown >= width) break;
    if (character === "\t") shown += TAB_WIDTH - (shown % TAB_WIDTH);
    else shown += WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1;
    column += character.length;
  }
  return column;
}
