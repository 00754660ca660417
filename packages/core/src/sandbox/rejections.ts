// Promises of one run that were rejected while nobody listened, until somebody does.

import type { Box, Exports } from "./vm.ts";

/** So many are kept with their reasons; of the rest only the number is. */
const KEPT_MAX = 64;

export class Rejections {
  #kept = new Map<number, { promise: Box; reason: Box }>();
  #more = 0;

  /** Owns both boxes. */
  note(exports: Exports, promise: Box, reason: Box, handled: boolean): void {
    const id = exports.qjs_get_value_ptr(promise);
    const known = this.#kept.get(id);
    if (!handled && !known && this.#kept.size < KEPT_MAX) {
      this.#kept.set(id, { promise, reason });
      return;
    }
    exports.qjs_free_value(promise);
    exports.qjs_free_value(reason);
    if (!known) this.#more += handled ? -1 : 1;
    else if (handled) {
      this.#kept.delete(id);
      exports.qjs_free_value(known.promise);
      exports.qjs_free_value(known.reason);
    }
  }

  /** The reason of the oldest nobody handles, "unknown" when it was not kept, null when there is none. */
  unhandled(): Box | "unknown" | null {
    const [first] = this.#kept.values();
    return first?.reason ?? (this.#more > 0 ? "unknown" : null);
  }
}
