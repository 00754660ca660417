// Inside a worker: takes batches of jobs, runs each in a machine of its own, and posts what comes of it.
// Short jobs run to their end one after the other; waiting ones take turns. The main thread sees by the
// shared words which job executes, and ends the whole thread if that one cannot be ended otherwise.

import type { Clock, Random } from "@ticker/core/platform";
import { type Execution, type Program, Running } from "@ticker/core/sandbox/execution";
import type { Image } from "@ticker/core/sandbox/image";
import { Machines } from "@ticker/core/sandbox/machines";
import {
  beganWord,
  type FromRunner,
  jobWord,
  killWord,
  sharedMs,
  type ToRunner,
  WORD,
} from "./message.ts";
import { Outbox } from "./outbox.ts";

/** After so long the loop turns, so that timers and new messages get their due. */
const TURN_MS = 5;
/** While the scripts here have grown beyond this together, no further one begins. */
const BUSY_BYTES_MAX = 512 * 1024 * 1024;

type RunMessage = Extract<ToRunner, { kind: "run" }>;
export type ThreadWorld = { clock: Clock; random: Random; cpu(): number };

export class RunnerThread {
  #world: ThreadWorld;
  #words: Int32Array;
  #machines: Machines;
  #outbox: Outbox;
  #scripts = new Map<number, Program>();
  /** With its program, which `forget` may drop while the run waits here. */
  #queue: { run: RunMessage; program: Program }[] = [];
  #running = new Map<number, Running>();
  #pumping = false;

  constructor(
    image: Image,
    words: SharedArrayBuffer,
    world: ThreadWorld,
    send: (items: FromRunner[]) => void,
  ) {
    this.#world = world;
    this.#words = new Int32Array(words);
    this.#machines = new Machines(image, world);
    this.#outbox = new Outbox(send, world.clock.monotonic);
  }

  receive(items: ToRunner[]): void {
    for (const item of items) {
      switch (item.kind) {
        case "script":
          this.#scripts.set(item.script, prepared(item.text));
          break;
        case "forget":
          this.#scripts.clear();
          break;
        case "run":
          this.#queue.push({ run: item, program: this.#programOf(item.script) });
          break;
        case "kill":
          this.#running.get(item.job)?.kill();
          break;
        case "answer":
          this.#running.get(item.job)?.answer(item.call, item.response);
          break;
      }
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    const began = this.#world.clock.monotonic();
    let next = 0;
    for (const { run, program } of this.#queue) {
      if (this.#world.clock.monotonic() - began >= TURN_MS || this.#isFull()) break;
      next++;
      this.#start(run, program);
    }
    this.#queue = this.#queue.slice(next);
    this.#outbox.flush();
    if (this.#queue.length === 0 || this.#isFull()) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #isFull(): boolean {
    return this.#machines.busyBytes > BUSY_BYTES_MAX;
  }

  #programOf(script: number): Program {
    const program = this.#scripts.get(script);
    if (!program) throw new Error(`broken invariant: script ${script} was never sent`);
    return program;
  }

  #start(item: RunMessage, program: Program): void {
    const words = this.#words;
    const { job, slot } = item;
    // The main thread may have taken it back meanwhile, to run it elsewhere: only one side can win this.
    if (Atomics.compareExchange(words, jobWord(slot), job, -job) !== job) return;
    Atomics.store(words, beganWord(slot), sharedMs() || 1);
    const execution: Execution = {
      program,
      limits: item.limits,
      facts: item.facts,
      state: item.state,
      secrets: item.secrets,
    };
    const running = new Running(execution, this.#world, this.#machines, this.#outside(job, slot));
    this.#running.set(job, running);
    running.start();
  }

  #outside(job: number, slot: number) {
    const words = this.#words;
    const outbox = this.#outbox;
    let told = 0;
    return {
      emit: (event: Parameters<Outbox["event"]>[1]) => {
        if (event.kind !== "output") told++;
        outbox.event(job, event, told);
      },
      fetch: (call: number, request: Extract<FromRunner, { kind: "fetch" }>["request"]) =>
        outbox.item({ kind: "fetch", job, call, request }),
      cancelFetch: (call: number) => outbox.item({ kind: "cancel", job, call }),
      killAsked: () => {
        outbox.flushIfOld();
        return Atomics.load(words, killWord(slot)) === 1;
      },
      slice: (inside: boolean) => {
        if (inside) Atomics.store(words, WORD.sliceBeganMs, sharedMs());
        Atomics.store(words, WORD.executing, inside ? slot + 1 : 0);
      },
      ended: (result: Parameters<Outbox["result"]>[1]) => {
        this.#running.delete(job);
        Atomics.store(words, WORD.machinesBusy, this.#machines.busy);
        Atomics.store(words, WORD.machinesIdle, this.#machines.idle);
        outbox.result(job, result);
        if (this.#queue.length > 0) setImmediate(() => this.#pump());
      },
    };
  }
}

function prepared(text: { file: string; source: string; code: string; exports: boolean }): Program {
  const { file, source, code, exports } = text;
  return { file, source, code: new TextEncoder().encode(code), exports };
}
