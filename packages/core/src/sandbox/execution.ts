// One script's life in one machine: from its first instruction to its outcome, slice by slice. Between
// slices it waits for timers and answers; within a slice nothing else runs on this thread, so every
// slice watches the limits itself. Hard limits, against what no watch in here can end, stand outside.

import type { Clock, Random, SandboxEvent, SandboxResult } from "../platform.ts";
import type { ScriptError } from "../run.ts";
import type { Limits } from "../ticker.ts";
import type { GuardedRequest, GuardedResponse } from "./guarded-fetch.ts";
import { ANSWERS, PENDING_MAX, type Reach } from "./host-calls.ts";
import { KeptState } from "./kept-state.ts";
import type { Machines } from "./machines.ts";
import { FLOOD_FACTOR, memoryMessage, STUCK, type Stop, stopError, UNHANDLED } from "./outcome.ts";
import { Rejections } from "./rejections.ts";
import { readDescription } from "./script-error.ts";
import { type Box, EVAL_MODULE, GuestMemoryError, type Vm, type VmHost } from "./vm.ts";

/** A script ready to run: plain JavaScript with every token where its owner wrote it. */
export type Program = {
  /** Its name in stacks. */
  file: string;
  /** As written. */
  source: string;
  /** UTF-8 of what runs. */
  code: Uint8Array;
  /** It may export a function to be called. */
  exports: boolean;
};

export type Execution = {
  program: Program;
  limits: Limits;
  /** RunFacts as JSON, given to the script when it asks. */
  facts: string;
  state: Record<string, string>;
  secrets: Record<string, string>;
};

/** Where an execution's doings go. */
export type Outside = {
  emit(event: SandboxEvent): void;
  fetch(call: number, request: GuardedRequest): void;
  cancelFetch(call: number): void;
  /** Called now and then from within slices: has somebody asked for its end? */
  killAsked(): boolean;
  /** A slice begins or ends. */
  slice(inside: boolean): void;
  ended(result: SandboxResult): void;
};

/** `cpu`: ms of CPU time this thread has used so far. */
export type World = { clock: Clock; random: Random; cpu(): number };

/** After so long the other machines of this thread get a turn, if the script is between two jobs. */
const TURN_MS = 10;
const SHORT_MS = 20;
/** A call out of a script looks at its limits when nothing has for so long. */
const LOOK_MS = 2;
const JOBS_BETWEEN_LOOKS = 128;
const FULFILLED = 1;
const REJECTED = 2;

export class Running implements VmHost {
  #job: Execution;
  #world: World;
  #machines: Machines;
  #outside: Outside;
  #vm: Vm;
  #reach: Reach;
  #state: KeptState;
  #main: Box = 0;
  #stop: Stop | null = null;
  #trapped = false;
  #done = false;
  #inside = false;
  #startedAt: number;
  #deadline: number;
  #cancelDeadline: (() => void) | null = null;
  #cpuMs = 0;
  #sliceCpu = 0;
  #sliceBegan = 0;
  #lookedAt = 0;
  #memoryBytes: number;
  #outputBytes = 0;
  #hostCalls = 0;
  /** How to give up each call under way. */
  #calls = new Map<number, () => void>();
  /** Calls that nobody waits for: the run does not last for their sake. */
  #idleCalls = new Set<number>();
  #rejections = new Rejections();
  #turnAsked = false;
  /** How it ends, once that is known; acted on when the slice is over. */
  #ending: { outcome: SandboxResult["outcome"]; error: ScriptError | null } | null = null;

  constructor(job: Execution, world: World, machines: Machines, outside: Outside) {
    this.#job = job;
    this.#world = world;
    this.#machines = machines;
    this.#outside = outside;
    this.#state = new KeptState(job.state);
    this.#startedAt = world.clock.now();
    this.#deadline = world.clock.monotonic() + job.limits.timeoutMs;
    this.#vm = machines.take(this, job.limits.memoryBytes);
    this.#memoryBytes = this.#vm.exports.memory.buffer.byteLength;
    this.#reach = this.#makeReach();
  }

  /** Runs the first slice; a short script has ended when this returns. */
  start(): void {
    this.#slice(() => {
      const { exports } = this.#vm;
      const { program } = this.#job;
      const sourceAt = this.#vm.put(program.code);
      const fileAt = this.#vm.put(new TextEncoder().encode(program.file));
      let main = exports.qjs_eval(sourceAt, program.code.length, fileAt, EVAL_MODULE);
      exports.wasm_free(sourceAt);
      exports.wasm_free(fileAt);
      if (exports.qjs_is_exception(main)) {
        this.#failWith(exports.qjs_get_exception());
        return;
      }
      if (program.exports) main = this.#call(this.#machines.image.follow, [main]);
      this.#main = main;
    });
  }

  /** Ends it: at once if it waits, else as soon as the engine looks up. */
  kill(): void {
    this.#stop ??= "killed";
    if (!this.#inside) this.#finishStopped();
  }

  /** The answer to a fetch, or why there is none. */
  answer(call: number, response: GuardedResponse | string): void {
    if (!this.#over(call) || this.#done) return;
    this.#slice(() => {
      if (typeof response === "string") {
        this.#settle(call, [this.#vm.newString(response)]);
        return;
      }
      const { body, ...facts } = response;
      const nothing = this.#vm.undefined();
      const told = this.#vm.newString(JSON.stringify(facts));
      this.#settle(call, [nothing, told, this.#vm.newBuffer(body)]);
    });
  }

  call(operation: number, count: number, at: number): Box {
    const answer = ANSWERS[operation];
    if (!answer) return this.#vm.undefined();
    if (this.#overAtCall()) {
      this.#vm.throwUncatchable();
      return 0;
    }
    return answer(this.#vm, this.#reach, { count, at });
  }

  interrupt(): boolean {
    if (this.#stop) return true;
    const { limits } = this.#job;
    if (this.#outside.killAsked()) this.#stop = "killed";
    else if (this.#world.clock.monotonic() >= this.#deadline) this.#stop = "timed-out";
    else if (this.#cpuMs + this.#sliceCpuMs() >= limits.cpuMs) this.#stop = "cpu-limit";
    return this.#stop !== null;
  }

  /** The engine looks up after thousands of its own steps; a step that calls out may take milliseconds. */
  #overAtCall(): boolean {
    const now = this.#world.clock.monotonic();
    if (this.#stop || now - this.#lookedAt < LOOK_MS) return this.#stop !== null;
    this.#lookedAt = now;
    return this.interrupt();
  }

  rejection(promise: Box, reason: Box, handled: boolean): void {
    this.#rejections.note(this.#vm.exports, promise, reason, handled);
  }

  #slice(work: () => void): void {
    if (this.#done) return;
    this.#inside = true;
    this.#sliceCpu = this.#world.cpu();
    this.#sliceBegan = this.#world.clock.monotonic();
    this.#outside.slice(true);
    try {
      work();
      this.#runJobs();
      if (!this.#stop && !this.#turnAsked && !this.#done) this.#look();
    } catch (error) {
      this.#trap(error);
    }
    this.#inside = false;
    this.#cpuMs += this.#sliceCpuMs();
    this.#noteMemory();
    this.#outside.slice(false);
    if (this.#stop) this.#finishStopped();
    else if (this.#ending) this.#finish(this.#ending.outcome, this.#ending.error);
    else this.#wait();
  }

  #noteMemory(): void {
    const bytes = this.#vm.exports.memory.buffer.byteLength;
    if (bytes === this.#memoryBytes) return;
    this.#machines.grew(this.#vm, this.#memoryBytes);
    this.#memoryBytes = bytes;
  }

  /**
   * The system counts a thread's CPU time in ticks of a few ms, useless for short slices; but those are
   * hardly ever interrupted, so the wall serves. A long slice may have waited for a core: there it counts.
   */
  #sliceCpuMs(): number {
    const wallMs = this.#world.clock.monotonic() - this.#sliceBegan;
    return wallMs < SHORT_MS ? wallMs : Math.min(wallMs, this.#world.cpu() - this.#sliceCpu);
  }

  /** Everything that is ready to go on, until there is none, the run is stopped, or others want a turn. */
  #runJobs(): void {
    const { exports } = this.#vm;
    this.#turnAsked = false;
    for (let count = 1; exports.qjs_is_job_pending() !== 0 && !this.#ending; count++) {
      const result = exports.qjs_execute_pending_job();
      if (this.#stop) return;
      // A microtask threw: like a timer's function, it has nobody who could catch that.
      if (result < 0) this.#failWith(exports.qjs_get_exception());
      if (count % JOBS_BETWEEN_LOOKS !== 0) continue;
      if (this.interrupt()) return;
      if (this.#world.clock.monotonic() - this.#sliceBegan > TURN_MS) {
        this.#turnAsked = true;
        return;
      }
    }
  }

  /** Nothing is ready to go on: is it over, does it wait for something, or for nothing at all? */
  #look(): void {
    if (this.#ending) return;
    const { exports } = this.#vm;
    const state = exports.qjs_promise_state(this.#main);
    const unhandled = this.#rejections.unhandled();
    if (state === REJECTED) this.#failWith(exports.qjs_promise_result(this.#main));
    else if (typeof unhandled === "number") this.#failWith(unhandled);
    else if (unhandled === "unknown") this.#ending = { outcome: "failed", error: UNHANDLED };
    else if (this.#calls.size > (state === FULFILLED ? this.#idleCalls.size : 0)) return;
    else if (state === FULFILLED) this.#ending = { outcome: "succeeded", error: null };
    else this.#ending = { outcome: "failed", error: STUCK };
  }

  #wait(): void {
    if (this.#turnAsked) this.#world.clock.after(0, () => this.#slice(() => {}));
    if (this.#cancelDeadline) return;
    const left = Math.max(0, this.#deadline - this.#world.clock.monotonic());
    this.#cancelDeadline = this.#world.clock.after(Math.ceil(left), () => {
      this.#stop ??= "timed-out";
      this.#finishStopped();
    });
  }

  #failWith(reason: Box): void {
    const { exports, host } = this.#vm;
    const { program } = this.#job;
    // When memory is short the engine throws a bare null, having none left for an error.
    const bare = exports.qjs_is_null(reason) !== 0 && this.#memoryNearLimit();
    const described = bare ? 0 : this.#call(this.#machines.image.describe, [reason]);
    if (host.interrupt()) return;
    const text = bare ? OUT_OF_MEMORY : this.#vm.text(described, 64 * 1024).text;
    const error = readDescription(text, program.file, program.source);
    const isMemory = error.name === "InternalError" && error.message === "out of memory";
    this.#ending = isMemory
      ? {
          outcome: "out-of-memory",
          error: { ...error, name: "OutOfMemory", message: memoryMessage(this.#job.limits) },
        }
      : { outcome: "failed", error };
  }

  #memoryNearLimit(): boolean {
    const at = this.#vm.malloc(26 * 8);
    this.#vm.exports.qjs_compute_memory_usage(at);
    const used = Number(this.#vm.words.getBigInt64(at, true));
    return used > this.#job.limits.memoryBytes * 0.9;
  }

  /** The engine broke off half-way: the machine is no longer to be trusted and never used again. */
  #trap(error: unknown): void {
    this.#trapped = true;
    if (this.#stop || this.#ending) return;
    if (error instanceof GuestMemoryError) {
      const told = { name: "OutOfMemory", message: memoryMessage(this.#job.limits) };
      this.#ending = { outcome: "out-of-memory", error: told };
      return;
    }
    const deep = error instanceof RangeError;
    const message = deep ? "Maximum call stack size exceeded" : "the script broke its engine";
    const name = deep ? "RangeError" : "EngineError";
    this.#ending = { outcome: "failed", error: { name, message } };
  }

  #settle(call: number, boxes: Box[]): void {
    const id = this.#vm.exports.qjs_new_number(call);
    const result = this.#call(this.#machines.image.settle, [id, ...boxes]);
    for (const box of [id, ...boxes]) this.#vm.exports.qjs_free_value(box);
    // A timer's function threw: nobody in the script can catch that.
    if (this.#vm.exports.qjs_is_exception(result) && !this.#stop) {
      this.#failWith(this.#vm.exports.qjs_get_exception());
    }
    this.#vm.exports.qjs_free_value(result);
  }

  #call(fn: Box, boxes: Box[]): Box {
    const { exports } = this.#vm;
    const at = this.#vm.malloc(boxes.length * 4);
    boxes.forEach((box, index) => {
      this.#vm.words.setUint32(at + index * 4, box, true);
    });
    const result = exports.qjs_call(fn, this.#machines.image.undefined, boxes.length, at);
    exports.wasm_free(at);
    return result;
  }

  #makeReach(): Reach {
    const { clock, random } = this.#world;
    const { limits, secrets, facts } = this.#job;
    return {
      now: clock.now,
      emit: (event) => this.#outside.emit(event),
      printed: (bytes) => {
        this.#outputBytes += bytes;
        if (this.#outputBytes > limits.outputBytes * FLOOD_FACTOR) this.#stop ??= "output-limit";
        return this.#stop === null;
      },
      state: this.#state,
      secrets,
      facts,
      metrics: new Set(),
      randomBytes: random.bytes,
      sleep: (call, ms, holds) => this.#begin(call, () => this.#sleep(call, ms, holds)),
      fetch: (call, request) =>
        this.#begin(call, () => {
          this.#outside.fetch(call, request);
          return () => this.#outside.cancelFetch(call);
        }),
      cancel: (call) => {
        this.#calls.get(call)?.();
        this.#over(call);
      },
    };
  }

  #begin(call: number, start: () => () => void): string | null {
    if (this.#calls.size - this.#idleCalls.size >= PENDING_MAX)
      return `at most ${PENDING_MAX} calls may be under way at once`;
    if (++this.#hostCalls > this.#job.limits.hostCalls) {
      this.#stop ??= "host-call-limit";
      return "no calls are left";
    }
    this.#calls.set(call, start());
    return null;
  }

  #over(call: number): boolean {
    this.#idleCalls.delete(call);
    return this.#calls.delete(call);
  }

  #sleep(call: number, ms: number, holds: boolean): () => void {
    if (!holds) this.#idleCalls.add(call);
    // No timer can be set for longer than 2^31 ms, and none is needed past the end of the run.
    const bounded = Math.min(Math.max(0, ms) || 0, this.#job.limits.timeoutMs + 1_000);
    return this.#world.clock.after(bounded, () => {
      if (this.#over(call)) this.#slice(() => this.#settle(call, []));
    });
  }

  #finishStopped(): void {
    const stop = this.#stop ?? "killed";
    this.#finish(stop, stopError(stop, this.#job.limits));
  }

  #finish(outcome: SandboxResult["outcome"], error: ScriptError | null): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelDeadline?.();
    for (const giveUp of this.#calls.values()) giveUp();
    this.#calls.clear();
    this.#machines.release(this.#vm, !this.#trapped && !this.#stop);
    this.#outside.ended({
      outcome,
      error,
      startedAt: this.#startedAt,
      finishedAt: this.#world.clock.now(),
      cpuMs: Math.round(this.#cpuMs * 1000) / 1000,
      stateWrites: outcome === "succeeded" ? this.#state.writes() : {},
      outputBytes: this.#outputBytes,
    });
  }
}

const OUT_OF_MEMORY = JSON.stringify(["InternalError", "out of memory", ""]);
