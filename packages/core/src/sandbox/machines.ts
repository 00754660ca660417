// The machines of one thread. A used machine is made new by clearing its stack and copying the image over
// the rest of its memory, which is complete because the engine has one memory, one mutable global and a
// table that never changes. A machine that grew, was interrupted or trapped is dropped instead: its memory
// is not the image's shape. So is one whose stack went below the part that is cleared.

import type { Clock, Random } from "../platform.ts";
import { type Image, MODULES, STACK_BYTES_MAX } from "./image.ts";
import { PAGE_BYTES } from "./memory-maximum.ts";
import { Vm, type VmHost } from "./vm.ts";

const IDLE_MAX = 8;
const RANDOM_BYTES = 8;
/** The engine's own functions go 5 KiB below the stack that scripts have (measured); this is ample. */
const STACK_SLACK_BYTES = 32 * 1024;
/** Below that, so much is looked at: a stack that went further left its marks here. */
const STACK_GUARD_BYTES = 16 * 1024;
/** Strong bytes are drawn in bulk: a call to the system for each run would cost more than the run. */
const RANDOM_STOCK_BYTES = 4096;

export class Machines {
  readonly image: Image;
  #world: { clock: Clock; random: Random };
  /** A private copy: copying out of shared memory is slower. */
  #memory: Uint8Array<ArrayBuffer>;
  #stackAt: number;
  #idle: Vm[] = [];
  #random: Uint8Array = new Uint8Array(0);
  #randomUsed = 0;
  /** Machines with a script in them, and the memory these have grown to. */
  busy = 0;
  busyBytes = 0;

  constructor(image: Image, world: { clock: Clock; random: Random }) {
    this.image = image;
    this.#world = world;
    this.#memory = new Uint8Array(image.memory).slice();
    this.#stackAt = image.dataAt - STACK_BYTES_MAX - STACK_SLACK_BYTES;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** A machine as good as new, for one run. */
  take(host: VmHost, memoryBytes: number): Vm {
    const { image } = this;
    const used = this.#idle.pop();
    const vm = used ?? this.#make(host);
    vm.host = host;
    // A new one has a stack of zeros, and as long as nobody writes there it takes no memory.
    if (used) vm.bytes.fill(0, this.#stackAt, image.dataAt);
    vm.bytes.set(this.#memory, image.dataAt);
    this.#reseed(vm);
    vm.exports.__stack_pointer.value = image.stackPointer;
    vm.exports.qjs_set_memory_limit(memoryBytes);
    this.busy++;
    this.busyBytes += image.bytes;
    return vm;
  }

  /** `clean`: it ended in good order, so its memory may be copied over and used again. */
  release(vm: Vm, clean: boolean): void {
    this.busy--;
    this.busyBytes -= vm.exports.memory.buffer.byteLength;
    vm.host = GONE;
    const sameSize = vm.exports.memory.buffer.byteLength === this.image.bytes;
    if (clean && sameSize && this.#idle.length < IDLE_MAX && this.#stayedAbove(vm)) {
      this.#idle.push(vm);
    }
  }

  #stayedAbove(vm: Vm): boolean {
    const at = this.#stackAt - STACK_GUARD_BYTES;
    const words = new Float64Array(vm.exports.memory.buffer, at, STACK_GUARD_BYTES / 8);
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
    return true;
  }

  /** A machine grew from so many bytes to what it has now. */
  grew(vm: Vm, fromBytes: number): void {
    this.busyBytes += vm.exports.memory.buffer.byteLength - fromBytes;
  }

  #make(host: VmHost): Vm {
    const { image } = this;
    const vm = new Vm(image.module, this.#world, MODULES, host);
    const missing = image.bytes - vm.exports.memory.buffer.byteLength;
    if (missing > 0) vm.exports.memory.grow(missing / PAGE_BYTES);
    vm.exports.qjs_set_runtime_and_context(image.runtime, image.context);
    vm.scratchAt = image.scratchAt;
    return vm;
  }

  #reseed(vm: Vm): void {
    if (this.#randomUsed + RANDOM_BYTES > this.#random.length) {
      this.#random = this.#world.random.bytes(RANDOM_STOCK_BYTES);
      this.#randomUsed = 0;
    }
    const seed = this.#random.subarray(this.#randomUsed, this.#randomUsed + RANDOM_BYTES);
    vm.bytes.set(seed, this.image.randomAt);
    seed.fill(0);
    this.#randomUsed += RANDOM_BYTES;
  }
}

const GONE: VmHost = { call: () => 0, interrupt: () => true, rejection: () => {} };
