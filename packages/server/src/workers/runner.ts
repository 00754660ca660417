// The main thread's side of one runner thread: its jobs by slot, what is to be posted to it, and what the
// shared words say of it. Decides nothing: which job goes where and what must end is the sandbox's work.

import { Worker } from "node:worker_threads";
import type { Image } from "@ticker/core/sandbox/image";
import type { Job } from "./job.ts";
import {
  beganWord,
  type FromRunner,
  jobWord,
  killWord,
  type SentScript,
  sharedMs,
  sharedSince,
  type ToRunner,
  WORD,
  type WorkerData,
  wordBytes,
} from "./message.ts";
import { WORKER_OPTIONS, WORKER_URL } from "./worker-options.ts";

export const SLOTS = 100;
const SCRIPTS_MAX = 20_000;
const SCRIPTS_LENGTH_MAX = 8 * 1024 * 1024;

export type RunnerListener = {
  ready(runner: Runner): void;
  received(runner: Runner, items: FromRunner[]): void;
  /** The thread is gone, asked or not. */
  gone(runner: Runner, reason: string): void;
};

export class Runner {
  readonly jobs = new Map<number, Job>();
  isReady = false;
  isGone = false;
  /** One script has had it for itself since it was started. */
  reserved = false;
  /** Since when it has nothing to do, by `now`; null while it has. */
  idleSinceMs: number | null = null;
  #worker: Worker;
  #words: Int32Array;
  #free = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  #sent = new Set<number>();
  #sentLength = 0;
  #outbox: ToRunner[] = [];
  #transfers: ArrayBuffer[] = [];
  #asked = false;

  constructor(image: Image, listener: RunnerListener) {
    const words = new SharedArrayBuffer(wordBytes(SLOTS));
    this.#words = new Int32Array(words);
    const workerData: WorkerData = { role: "runner", image, words };
    this.#worker = new Worker(WORKER_URL, { ...WORKER_OPTIONS, workerData });
    this.#worker.on("message", (message: FromRunner[] | "ready") => {
      if (message !== "ready") listener.received(this, message);
      else if (!this.isGone) {
        this.isReady = true;
        this.#worker.unref();
        listener.ready(this);
      }
    });
    const lost = (reason: string): void => {
      if (this.isGone) return;
      this.isGone = true;
      listener.gone(this, reason);
    };
    this.#worker.on("error", (error) => lost(error instanceof Error ? error.message : "error"));
    this.#worker.on("exit", (code) => lost(`it ended with code ${code}`));
  }

  get hasRoom(): boolean {
    return this.isReady && !this.isGone && this.#free.length > 0;
  }

  get machines(): { busy: number; idle: number } {
    return {
      busy: Atomics.load(this.#words, WORD.machinesBusy),
      idle: Atomics.load(this.#words, WORD.machinesIdle),
    };
  }

  send(job: Job): void {
    const { script: program } = job;
    if (program === null) throw new Error("broken invariant: a job without its script");
    const { number: script, text } = program;
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error("broken invariant: no free slot");
    job.runner = this;
    job.slot = slot;
    this.jobs.set(job.number, job);
    Atomics.store(this.#words, killWord(slot), 0);
    // An earlier job's beginning, read a moment too early, would make this one look long overdue.
    Atomics.store(this.#words, beganWord(slot), 0);
    Atomics.store(this.#words, jobWord(slot), job.number);
    if (!this.#sent.has(script)) this.#sendScript(script, text);
    const { limits, state, secrets } = job.asked;
    this.#post({
      kind: "run",
      job: job.number,
      slot,
      script,
      limits,
      facts: job.facts,
      state,
      secrets,
    });
  }

  /** Takes a job back that has not begun; false when it has. */
  takeBack(job: Job): boolean {
    const word = jobWord(job.slot);
    if (Atomics.compareExchange(this.#words, word, job.number, 0) !== job.number) return false;
    this.forget(job);
    return true;
  }

  /** The job is over here: its slot is free for another. */
  forget(job: Job): void {
    if (!this.jobs.delete(job.number)) return;
    Atomics.store(this.#words, jobWord(job.slot), 0);
    this.#free.push(job.slot);
    job.runner = null;
  }

  answer(item: Extract<ToRunner, { kind: "answer" }>): void {
    const { response } = item;
    if (typeof response !== "string") {
      const { buffer, byteLength } = response.body;
      // Bytes that have their memory to themselves change hands; others are copied.
      const whole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
      if (whole && byteLength > 0) this.#transfers.push(buffer);
    }
    this.#post(item);
  }

  kill(job: Job): void {
    Atomics.store(this.#words, killWord(job.slot), 1);
    this.#post({ kind: "kill", job: job.number });
  }

  /** The job that executes at this instant and for how long its slice has lasted. */
  executing(now: number): { job: Job | undefined; sliceMs: number } | null {
    const slot = Atomics.load(this.#words, WORD.executing) - 1;
    if (slot < 0) return null;
    const sliceMs = sharedSince(now, Atomics.load(this.#words, WORD.sliceBeganMs));
    for (const job of this.jobs.values()) if (job.slot === slot) return { job, sliceMs };
    return { job: undefined, sliceMs };
  }

  /** How long ago the job began; null when it has not. */
  ranMs(job: Job, now: number): number | null {
    if (Atomics.load(this.#words, jobWord(job.slot)) !== -job.number) return null;
    const began = Atomics.load(this.#words, beganWord(job.slot));
    // Begun, but its thread has not yet said when.
    return began === 0 ? 0 : Math.max(0, sharedSince(now, began));
  }

  now(): number {
    return sharedMs();
  }

  async terminate(): Promise<void> {
    this.isGone = true;
    await this.#worker.terminate();
  }

  #sendScript(script: number, text: SentScript): void {
    if (this.#sent.size >= SCRIPTS_MAX || this.#sentLength > SCRIPTS_LENGTH_MAX) {
      this.#sent.clear();
      this.#sentLength = 0;
      this.#post({ kind: "forget" });
    }
    this.#sent.add(script);
    this.#sentLength += text.source.length * 2;
    this.#post({ kind: "script", script, text });
  }

  /** Everything posted in one turn travels in one message. */
  #post(item: ToRunner): void {
    this.#outbox.push(item);
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      const items = this.#outbox;
      const transfers = this.#transfers;
      this.#outbox = [];
      this.#transfers = [];
      if (!this.isGone) this.#worker.postMessage(items, transfers);
    });
  }
}
