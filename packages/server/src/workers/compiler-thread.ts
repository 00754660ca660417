// Inside the compiling worker: takes types out and tries whether a script compiles, without running a
// word of it. A thread of its own, because a source can hang or break a compiler as well as a machine.

import type { ScriptError } from "@ticker/core/run";
import { compileError } from "@ticker/core/sandbox/compile";
import type { Image } from "@ticker/core/sandbox/image";
import { Machines } from "@ticker/core/sandbox/machines";
import { scriptFile } from "@ticker/core/sandbox/script-error";
import type { FromCompiler, ToCompiler } from "./message.ts";
import type { ThreadWorld } from "./runner-thread.ts";
import { stripTypes } from "./type-strip.ts";

export class CompilerThread {
  #machines: Machines;

  constructor(image: Image, world: ThreadWorld) {
    this.#machines = new Machines(image, world);
  }

  compile({ language, source }: ToCompiler): FromCompiler {
    const stripped =
      language === "typescript"
        ? stripTypes(source)
        : { code: source, error: null, spoiled: false };
    const error: ScriptError | null =
      stripped.error ??
      compileError(this.#machines, { file: scriptFile(language), source, code: stripped.code });
    return { code: stripped.code, error, spoiled: stripped.spoiled };
  }
}
