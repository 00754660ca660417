// The image: a machine's whole memory after the guest's program ran and before any script did. Every run
// starts from a copy of it, so nothing of a run can reach the next, and the program costs nothing a run.

import type { Clock, Random } from "../platform.ts";
import { GUEST_FILE, GUEST_PROGRAM, HOST_OPERATIONS } from "./guest.ts";
import { TICKER_MODULE } from "./guest-core.ts";
import { PAGE_BYTES, withMemoryMaximum } from "./memory-maximum.ts";
import { type Box, EVAL_GLOBAL, Vm, type VmHost } from "./vm.ts";

/** Everything a thread needs to make machines; memory is shared, the module is passed by reference. */
export type Image = {
  module: WebAssembly.Module;
  /** The memory from `dataAt` to its end at `bytes`; below lies the engine's stack, all zeros. */
  memory: SharedArrayBuffer;
  dataAt: number;
  bytes: number;
  stackPointer: number;
  runtime: number;
  context: number;
  /** Four bytes for results by pointer. */
  scratchAt: number;
  /** Eight bytes of state of Math.random: without new ones all runs would draw the same numbers. */
  randomAt: number;
  /** Guest functions the host calls, and an undefined to call them with. */
  settle: Box;
  describe: Box;
  follow: Box;
  undefined: Box;
};

/** The engine this house was written and measured against; any other is refused. */
export const ENGINE_SHA256 = "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9";
export const MODULES: Record<string, string> = { ticker: TICKER_MODULE };
/** Beyond it deep recursion ends with a RangeError in the script, long before the thread's own stack. */
export const STACK_BYTES_MAX = 256 * 1024;

/** Where the engine's file lies, for whoever can read files. */
export const engineUrl = (): URL => new URL(import.meta.resolve("quickjs-wasi/quickjs.wasm"));

/** Checks and compiles the engine and takes the image. Throws when the engine is not the pinned one. */
export async function buildImage(
  engine: Uint8Array<ArrayBuffer>,
  memoryBytesMax: number,
  world: { clock: Clock; random: Random },
): Promise<Image> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", engine));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (sha256 !== ENGINE_SHA256) {
    throw new Error(
      `cannot use the script engine: its sha256 is ${sha256}, but this version was written for ` +
        `${ENGINE_SHA256}; install quickjs-wasi 3.6.2`,
    );
  }
  const pages = Math.ceil(memoryBytesMax / PAGE_BYTES);
  const module = new WebAssembly.Module(withMemoryMaximum(engine, pages));
  return takeImage(module, world);
}

const silent: VmHost = {
  call: () => 0,
  interrupt: () => false,
  rejection: () => {},
};

function takeImage(module: WebAssembly.Module, world: { clock: Clock; random: Random }): Image {
  const vm = new Vm(module, world, MODULES, silent);
  const { exports } = vm;
  exports._initialize();
  if (exports.qjs_init() !== 0) throw new Error("cannot start the script engine");
  exports.qjs_set_max_stack_size(STACK_BYTES_MAX);
  exports.qjs_set_interrupt_handler(1);
  exports.qjs_set_promise_rejection_handler(1);
  exports.qjs_set_module_loader(1);
  vm.scratchAt = vm.malloc(8);

  const host = exports.qjs_new_object();
  for (const name of HOST_OPERATIONS) {
    const nameAt = vm.put(new TextEncoder().encode(name));
    const fn = exports.qjs_new_host_function(nameAt, 1, 0);
    exports.qjs_set_prop_string(host, nameAt, fn);
    exports.qjs_free_value(fn);
    exports.wasm_free(nameAt);
  }
  const program = evaluate(vm, GUEST_PROGRAM);
  const nothing = vm.undefined();
  const entries = callOne(vm, program, nothing, host);
  const image: Omit<Image, "memory" | "dataAt" | "bytes" | "randomAt"> = {
    module,
    stackPointer: exports.__stack_pointer.value as number,
    runtime: exports.qjs_get_runtime_ptr(),
    context: exports.qjs_get_context_ptr(),
    scratchAt: vm.scratchAt,
    settle: property(vm, entries, "settle"),
    describe: property(vm, entries, "describe"),
    follow: property(vm, entries, "follow"),
    undefined: nothing,
  };
  for (const box of [program, entries, host]) exports.qjs_free_value(box);
  const before = vm.bytes.slice();
  exports.qjs_free_value(evaluate(vm, "Math.random()"));
  const randomAt = findRandomState(before, vm.bytes);
  const dataAt = image.stackPointer;
  if (dataAt <= STACK_BYTES_MAX || randomAt < dataAt) {
    throw new Error("the script engine does not keep its stack below its data");
  }
  const data = before.subarray(dataAt);
  const memory = new SharedArrayBuffer(data.length);
  new Uint8Array(memory).set(data);
  return { ...image, memory, dataAt, bytes: before.length, randomAt };
}

function evaluate(vm: Vm, source: string): Box {
  const bytes = new TextEncoder().encode(source);
  const sourceAt = vm.put(bytes);
  const fileAt = vm.put(new TextEncoder().encode(GUEST_FILE));
  const box = vm.exports.qjs_eval(sourceAt, bytes.length, fileAt, EVAL_GLOBAL);
  vm.exports.wasm_free(sourceAt);
  vm.exports.wasm_free(fileAt);
  return checked(vm, box);
}

function callOne(vm: Vm, fn: Box, self: Box, argument: Box): Box {
  const at = vm.malloc(4);
  vm.words.setUint32(at, argument, true);
  const box = vm.exports.qjs_call(fn, self, 1, at);
  vm.exports.wasm_free(at);
  return checked(vm, box);
}

function property(vm: Vm, object: Box, name: string): Box {
  const nameAt = vm.put(new TextEncoder().encode(name));
  const box = vm.exports.qjs_get_prop_string(object, nameAt);
  vm.exports.wasm_free(nameAt);
  return box;
}

function checked(vm: Vm, box: Box): Box {
  if (vm.exports.qjs_is_exception(box) === 0) return box;
  const error = vm.exports.qjs_get_exception();
  const stack = property(vm, error, "stack");
  throw new Error(
    `the guest's program failed: ${vm.text(error, 500).text} ${vm.text(stack, 500).text}`,
  );
}

/** The one place where eight bytes changed as a xorshift step changes them. */
function findRandomState(before: Uint8Array, after: Uint8Array): number {
  const old = new BigUint64Array(before.buffer, before.byteOffset, before.length >> 3);
  const now = new BigUint64Array(after.buffer, after.byteOffset, before.length >> 3);
  const step = (state: bigint): bigint => {
    let x = state;
    x ^= x >> 12n;
    x = BigInt.asUintN(64, x ^ (x << 25n));
    return x ^ (x >> 27n);
  };
  const found: number[] = [];
  old.forEach((value, index) => {
    if (value !== 0n && value !== now[index] && step(value) === now[index]) found.push(index * 8);
  });
  const [at] = found;
  if (at === undefined || found.length !== 1) {
    throw new Error(`cannot find the state of Math.random: ${found.length} places look like it`);
  }
  return at;
}
