// Would this script compile? Asked of the same engine that will run it, without running a word.

import type { ScriptError } from "../run.ts";
import type { Machines } from "./machines.ts";
import { LINE_END, readDescription } from "./script-error.ts";
import { EVAL_COMPILE_ONLY, EVAL_MODULE, GuestMemoryError, type VmHost } from "./vm.ts";

const COMPILE_MEMORY_BYTES = 64 * 1024 * 1024;

/** Nothing is called and nothing rejected: no guest code runs while it compiles. */
const BYSTANDER: VmHost = { call: () => 0, interrupt: () => false, rejection: () => {} };

/** Null when it compiles. `code` is what would run, `source` what its owner wrote. */
export function compileError(machines: Machines, script: Compilable): ScriptError | null {
  const error = attempt(machines, script);
  if (error?.name !== "SyntaxError" || error.line !== undefined) return error;
  return { ...error, ...regexpPlace(machines, script, error.message) };
}

type Compilable = { file: string; source: string; code: string };

/**
 * Of a faulty regular expression the engine does not say where it stands. It is at the end of the
 * shortest beginning of the script that fails alike.
 */
function regexpPlace(
  machines: Machines,
  script: Compilable,
  message: string,
): { line: number; column: number } | null {
  const { code } = script;
  const failsAlike = (length: number): boolean => {
    const error = attempt(machines, { ...script, code: code.slice(0, length) });
    return error?.message === message && error.line === undefined;
  };
  let before = 0;
  let upTo = code.length;
  while (upTo - before > 1) {
    const middle = Math.floor((before + upTo) / 2);
    if (failsAlike(middle)) upTo = middle;
    else before = middle;
  }
  if (code[upTo - 1] !== "/" && !/\/[a-z]+$/.test(code.slice(0, upTo))) return null;
  const lines = code.slice(0, upTo).split(LINE_END);
  return { line: lines.length, column: lines.at(-1)?.length ?? 1 };
}

function attempt(machines: Machines, script: Compilable): ScriptError | null {
  const vm = machines.take(BYSTANDER, COMPILE_MEMORY_BYTES);
  const { exports } = vm;
  let clean = false;
  try {
    const code = new TextEncoder().encode(script.code);
    const sourceAt = vm.put(code);
    const fileAt = vm.put(new TextEncoder().encode(script.file));
    const result = exports.qjs_eval(sourceAt, code.length, fileAt, EVAL_MODULE | EVAL_COMPILE_ONLY);
    let error: ScriptError | null = null;
    if (exports.qjs_is_exception(result)) {
      const reason = exports.qjs_get_exception();
      const at = vm.malloc(4);
      vm.words.setUint32(at, reason, true);
      const { describe, undefined: nothing } = machines.image;
      const described = exports.qjs_call(describe, nothing, 1, at);
      const { text } = vm.text(described, 64 * 1024);
      error = readDescription(text, script.file, script.source);
    }
    clean = true;
    return error;
  } catch (error) {
    const deep = error instanceof GuestMemoryError ? "it is too large" : "it is nested too deeply";
    return { name: "SyntaxError", message: `it cannot be compiled: ${deep}` };
  } finally {
    machines.release(vm, clean);
  }
}
