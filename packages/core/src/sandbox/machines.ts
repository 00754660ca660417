// The machines of one thread. A used machine is made new by copying the image over its memory, which is
// complete because the engine has one memory, one mutable global and a table that never changes. A
// machine that grew, was interrupted or trapped is dropped instead: its memory is not the image's shape.

import type { Clock, Random } from "../platform.ts";
import { type Image, MODULES } from "./image.ts";
import { Vm, type VmHost } from "./vm.ts";

const IDLE_MAX = 8;
const RANDOM_BYTES = 8;
/** Strong bytes are drawn in bulk: a call to the system for each run would cost more than the run. */
const RANDOM_STOCK_BYTES = 4096;

export class Machines {
  readonly image: Image;
  #world: { clock: Clock; random: Random };
  /** A private copy: copying out of shared memory is slower. */
  #memory: Uint8Array<ArrayBuffer>;
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
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** A machine as good as new, for one run. */
  take(host: VmHost, memoryBytes: number): Vm {
    const { image } = this;
    const vm = this.#idle.pop() ?? this.#make(host);
    vm.host = host;
    vm.bytes.set(this.#memory);
    this.#reseed(vm);
    vm.exports.__stack_pointer.value = image.stackPointer;
    vm.exports.qjs_set_memory_limit(memoryBytes);
    this.busy++;
    this.busyBytes += this.#memory.byteLength;
    return vm;
  }

  /** `clean`: it ended in good order, so its memory may be copied over and used again. */
  release(vm: Vm, clean: boolean): void {
    this.busy--;
    this.busyBytes -= vm.exports.memory.buffer.byteLength;
    vm.host = GONE;
    const sameSize = vm.exports.memory.buffer.byteLength === this.#memory.byteLength;
    if (clean && sameSize && this.#idle.length < IDLE_MAX) this.#idle.push(vm);
  }

  /** A machine grew from so many bytes to what it has now. */
  grew(vm: Vm, fromBytes: number): void {
    this.busyBytes += vm.exports.memory.buffer.byteLength - fromBytes;
  }

  #make(host: VmHost): Vm {
    const { image } = this;
    const vm = new Vm(image.module, this.#world, MODULES, host);
    const missing = this.#memory.byteLength - vm.exports.memory.buffer.byteLength;
    if (missing > 0) vm.exports.memory.grow(missing / 65_536);
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
