// One QuickJS machine: a WebAssembly instance and the few ways this house touches it. Written on the
// module's own exports, because a host call then costs no wrapper objects and every size is known before
// anything is decoded. `host` is whoever runs in it now; what a call means is its business.

import type { Clock, Random } from "../platform.ts";

/** A pointer to a JSValue kept in the guest's memory; whoever receives one frees it. */
export type Box = number;

/** Answers the guest. Must never throw: the engine has no room for foreign exceptions. */
export type VmHost = {
  /** `operation` is the code of the host function's one-letter name. 0: an exception is pending. */
  call(operation: number, argumentCount: number, argumentsAt: number): Box;
  /** True ends the guest's work with an error it cannot catch. */
  interrupt(): boolean;
  /** A promise was rejected with nobody listening, or somebody listens now. Owns both boxes. */
  rejection(promise: Box, reason: Box, handled: boolean): void;
};

export type Exports = {
  memory: WebAssembly.Memory;
  __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  qjs_init(): number;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_max_stack_size(bytes: number): void;
  qjs_set_interrupt_handler(on: number): void;
  qjs_set_promise_rejection_handler(on: number): void;
  qjs_set_module_loader(on: number): void;
  qjs_set_runtime_and_context(runtime: number, context: number): void;
  qjs_get_runtime_ptr(): number;
  qjs_get_context_ptr(): number;
  qjs_compute_memory_usage(at: number): void;
  qjs_eval(source: number, length: number, fileName: number, flags: number): Box;
  qjs_call(fn: Box, self: Box, count: number, argumentsAt: number): Box;
  qjs_is_exception(box: Box): number;
  qjs_get_exception(): Box;
  qjs_is_job_pending(): number;
  qjs_execute_pending_job(): number;
  qjs_promise_state(promise: Box): number;
  qjs_promise_result(promise: Box): Box;
  qjs_get_value_ptr(box: Box): number;
  qjs_free_value(box: Box): void;
  qjs_get_undefined(): Box;
  qjs_is_null(box: Box): number;
  qjs_is_undefined(box: Box): number;
  qjs_get_float64(box: Box): number;
  qjs_get_string_len(box: Box, lengthAt: number): number;
  qjs_free_cstring(at: number): void;
  qjs_new_string(at: number, length: number): Box;
  qjs_new_number(value: number): Box;
  qjs_new_object(): Box;
  qjs_new_host_function(nameAt: number, nameLength: number, argumentCount: number): Box;
  qjs_get_prop_string(object: Box, nameAt: number): Box;
  qjs_set_prop_string(object: Box, nameAt: number, value: Box): number;
  qjs_new_array_buffer(at: number, length: number): Box;
  qjs_get_array_buffer(box: Box, lengthAt: number): number;
  qjs_new_error(): Box;
  qjs_throw(error: Box): number;
  JS_SetUncatchableError(context: number, error: bigint): void;
  wasm_malloc(bytes: number): number;
  wasm_free(at: number): void;
};

export const EVAL_GLOBAL = 0;
export const EVAL_MODULE = 1;
export const EVAL_COMPILE_ONLY = 32;

/** The guest's memory has no room for what the host wants to put there. */
export class GuestMemoryError extends Error {
  override readonly name = "GuestMemoryError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const WASI_BAD_FILE = 8;
const WASI_UNSUPPORTED = 52;

export class Vm {
  readonly exports: Exports;
  host: VmHost;
  /** Source of the one module a script may import; any other name is refused. */
  #modules: Record<string, string>;
  #bytes: Uint8Array;
  #words: DataView;

  constructor(
    module: WebAssembly.Module,
    world: { clock: Clock; random: Random },
    modules: Record<string, string>,
    host: VmHost,
  ) {
    this.host = host;
    this.#modules = modules;
    const instance = new WebAssembly.Instance(module, {
      env: {
        host_call: (nameAt: number, _length: number, _self: Box, count: number, at: number) =>
          this.host.call(this.bytes[nameAt] as number, count, at),
        host_interrupt: () => (this.host.interrupt() ? 1 : 0),
        host_promise_rejection: (promise: Box, reason: Box, handled: number) =>
          this.host.rejection(promise, reason, handled !== 0),
        host_module_normalize: (_base: number, nameAt: number) => this.#copyName(nameAt),
        host_module_load: (nameAt: number, lengthAt: number) => this.#loadModule(nameAt, lengthAt),
        // Scripts live in UTC: the machine's own zone must not change what they print.
        host_get_timezone_offset: () => 0,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_id: number, _precision: bigint, at: number) => {
          this.words.setBigUint64(at, BigInt(world.clock.now()) * 1_000_000n, true);
          return 0;
        },
        random_get: (at: number, length: number) => {
          this.bytes.set(world.random.bytes(length), at);
          return 0;
        },
        fd_write: () => WASI_BAD_FILE,
        fd_close: () => WASI_UNSUPPORTED,
        fd_fdstat_get: () => WASI_BAD_FILE,
        fd_seek: () => WASI_UNSUPPORTED,
      },
    });
    this.exports = instance.exports as unknown as Exports;
    this.#bytes = new Uint8Array(this.exports.memory.buffer);
    this.#words = new DataView(this.exports.memory.buffer);
  }

  /** The guest's memory; ask again after every call into the guest, growth moves it. */
  get bytes(): Uint8Array {
    if (this.#bytes.byteLength === 0) this.#bytes = new Uint8Array(this.exports.memory.buffer);
    return this.#bytes;
  }

  get words(): DataView {
    const { buffer } = this.exports.memory;
    if (this.#words.buffer !== buffer) this.#words = new DataView(buffer);
    return this.#words;
  }

  malloc(bytes: number): number {
    const at = this.exports.wasm_malloc(bytes);
    if (at === 0) throw new GuestMemoryError(`no room for ${bytes} bytes in the script's memory`);
    return at;
  }

  /** Copies bytes in, with a NUL behind them; the caller frees. */
  put(bytes: Uint8Array): number {
    const at = this.malloc(bytes.length + 1);
    this.bytes.set(bytes, at);
    this.bytes[at + bytes.length] = 0;
    return at;
  }

  newString(text: string): Box {
    const bytes = encoder.encode(text);
    const at = this.put(bytes);
    const box = this.exports.qjs_new_string(at, bytes.length);
    this.exports.wasm_free(at);
    return box;
  }

  newBuffer(bytes: Uint8Array): Box {
    const at = this.put(bytes);
    const box = this.exports.qjs_new_array_buffer(at, bytes.length);
    this.exports.wasm_free(at);
    return box;
  }

  undefined(): Box {
    return this.exports.qjs_get_undefined();
  }

  /** The n-th argument of a host call: borrowed, never freed. */
  argument(argumentsAt: number, index: number): Box {
    return this.words.getUint32(argumentsAt + index * 4, true);
  }

  number(box: Box): number {
    return this.exports.qjs_get_float64(box);
  }

  /** A guest string, of which at most `bytesMax` are decoded; `bytes` is its whole size in UTF-8. */
  text(box: Box, bytesMax: number): { text: string; bytes: number } {
    const { exports } = this;
    const at = this.#cstring(box);
    const bytes = this.words.getUint32(this.scratchAt, true);
    let end = at + Math.min(bytes, bytesMax);
    // Never in the middle of a character.
    if (bytes > bytesMax) while (end > at && ((this.bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    const text = decoder.decode(this.bytes.subarray(at, end));
    exports.qjs_free_cstring(at);
    return { text, bytes };
  }

  /** A copy of a guest string's bytes. */
  utf8(box: Box): Uint8Array<ArrayBuffer> {
    const at = this.#cstring(box);
    const bytes = this.bytes.slice(at, at + this.words.getUint32(this.scratchAt, true));
    this.exports.qjs_free_cstring(at);
    return bytes;
  }

  /** A guest string as UTF-8 in the guest's memory; its length is left at `scratchAt`. */
  #cstring(box: Box): number {
    const { exports } = this;
    const at = exports.qjs_get_string_len(box, this.scratchAt);
    if (at !== 0) return at;
    // Memory ran out, or there is no text in a symbol: the pending exception must not outlive this call.
    exports.qjs_free_value(exports.qjs_get_exception());
    throw new GuestMemoryError("no room for a copy of a text in the script's memory");
  }

  /** A copy of (part of) an ArrayBuffer of the guest; null when it is none. */
  buffer(box: Box, offset: number, length: number): Uint8Array<ArrayBuffer> | null {
    const { exports } = this;
    const at = exports.qjs_get_array_buffer(box, this.scratchAt);
    if (at === 0) {
      exports.qjs_free_value(exports.qjs_get_exception());
      return null;
    }
    const size = this.words.getUint32(this.scratchAt, true);
    const from = Math.min(Math.max(0, offset), size);
    return this.bytes.slice(at + from, at + Math.min(size, from + Math.max(0, length)));
  }

  /** Four bytes of the guest's memory for results by pointer; part of the image. */
  scratchAt = 0;

  #nameAt(at: number): string {
    const end = this.bytes.indexOf(0, at);
    return decoder.decode(this.bytes.subarray(at, Math.min(end, at + 200)));
  }

  #copyName(at: number): number {
    return this.put(this.bytes.slice(at, this.bytes.indexOf(0, at)));
  }

  #loadModule(nameAt: number, lengthAt: number): number {
    const name = this.#nameAt(nameAt);
    const source = Object.hasOwn(this.#modules, name) ? this.#modules[name] : undefined;
    if (source === undefined) {
      this.throwError(`cannot import "${name}": a script has no modules but "ticker"`);
      return 0;
    }
    const bytes = encoder.encode(source);
    const at = this.put(bytes);
    this.words.setUint32(lengthAt, bytes.length, true);
    return at;
  }

  /** Leaves an Error pending that the guest cannot catch, as the engine does when it is interrupted. */
  throwUncatchable(): void {
    const { exports } = this;
    const error = exports.qjs_new_error();
    const value = this.words.getBigInt64(error, true);
    exports.JS_SetUncatchableError(exports.qjs_get_context_ptr(), value);
    exports.qjs_throw(error);
    exports.qjs_free_value(error);
  }

  /** Leaves an Error pending in the guest. It has no stack: the engine adds none for the host's. */
  throwError(message: string): void {
    const { exports } = this;
    const error = exports.qjs_new_error();
    const nameAt = this.put(encoder.encode("message"));
    const text = this.newString(message);
    exports.qjs_set_prop_string(error, nameAt, text);
    exports.qjs_throw(error);
    exports.qjs_free_value(text);
    exports.qjs_free_value(error);
    exports.wasm_free(nameAt);
  }
}
