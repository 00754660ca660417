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
      return { code: "", error: refusal(error), spoiled: false };
    }
    const message = "it cannot be read as TypeScript: it is nested too deeply";
    return { code: "", error: { name: "SyntaxError", message }, spoiled: true };
  }
}

/** Node puts `:line`, some source and a row of carets before the stack, and nothing of it in fields. */
function refusal(error: SyntaxError): ScriptError {
  const message = error.message.slice(0, MESSAGE_MAX);
  const found = /^[^\n]*:(\d+)\n(?:[^\n]*\n)*?([ \t]*)\^+ *\n/.exec(error.stack ?? "");
  if (!found) return { name: "SyntaxError", message };
  return {
    name: "SyntaxError",
    message,
    line: Number(found[1]),
    column: (found[2]?.length ?? 0) + 1,
  };
}
