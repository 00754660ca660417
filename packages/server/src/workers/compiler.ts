// The main thread's side of compiling: one thread, there while there is something to compile and a little
// longer, one request at a time, and answers remembered by source. A source that hangs or breaks the
// compiler costs that thread its life.

import { Worker } from "node:worker_threads";
import type { ScriptError } from "@ticker/core/run";
import type { Image } from "@ticker/core/sandbox/image";
import { withoutMark } from "@ticker/core/sandbox/script-error";
import type { Script } from "@ticker/core/ticker";
import type { FromCompiler, ToCompiler, WorkerData } from "./message.ts";
import { WORKER_OPTIONS, WORKER_URL } from "./worker-options.ts";

const COMPILE_MS_MAX = 3_000;
/** A failing thread is tried again so often before the script is blamed. */
const TRIES = 2;
/** An idle thread is kept so long: it holds 13 MiB, and 30 more once it has read TypeScript. */
const LINGER_MS = 5_000;
const KEPT_MAX = 2_000;
const KEPT_LENGTH_MAX = 32 * 1024 * 1024;

export type Compiled = { code: string; error: ScriptError | null };

type Request = { script: Script; done: (compiled: Compiled) => void; tries: number };

const TOO_LONG: ScriptError = {
  name: "SyntaxError",
  message: `it cannot be compiled: that took longer than ${COMPILE_MS_MAX} ms`,
};

export class Compiler {
  #image: () => Promise<Image>;
  #kept = new Map<string, Promise<Compiled>>();
  #keptLength = 0;
  #queue: Request[] = [];
  #worker: Worker | null = null;
  #isUp = false;
  #current: Request | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(image: () => Promise<Image>) {
    this.#image = image;
  }

  /** Never rejects. */
  compile(script: Script): Promise<Compiled> {
    const key = `${script.language}\n${script.source}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const { promise, resolve } = Promise.withResolvers<Compiled>();
    if (this.#kept.size >= KEPT_MAX || this.#keptLength > KEPT_LENGTH_MAX) {
      this.#kept.clear();
      this.#keptLength = 0;
    }
    this.#kept.set(key, promise);
    this.#keptLength += key.length * 2;
    this.#queue.push({ script, done: resolve, tries: 0 });
    void this.#next();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const gone = { code: "", error: { name: "Closed", message: "the service is shutting down" } };
    for (const request of [...this.#queue, ...(this.#current ? [this.#current] : [])]) {
      request.done(gone);
    }
    this.#queue = [];
    this.#current = null;
    await this.#worker?.terminate();
  }

  async #next(): Promise<void> {
    if (this.#current || this.#closed) return;
    const request = this.#queue.shift();
    if (!request) return this.#idle();
    clearTimeout(this.#timer);
    this.#current = request;
    let image: Image;
    try {
      image = await this.#image();
    } catch (error) {
      this.#finish({ code: "", error: { name: "EngineError", message: String(error) } });
      return;
    }
    if (this.#closed) return;
    this.#worker ??= this.#spawn(image);
    if (this.#isUp) this.#watch();
    this.#worker.ref();
    const { language } = request.script;
    const source = withoutMark(request.script.source);
    this.#worker.postMessage({ language, source } satisfies ToCompiler);
  }

  /** From when the thread is up: on a busy machine its own start can take longer than a compilation. */
  #watch(): void {
    this.#timer = setTimeout(() => this.#broke(TOO_LONG), COMPILE_MS_MAX);
  }

  #spawn(image: Image): Worker {
    this.#isUp = false;
    const workerData: WorkerData = { role: "compiler", image };
    const worker = new Worker(WORKER_URL, { ...WORKER_OPTIONS, workerData });
    worker.on("message", (message: FromCompiler | "ready") => {
      if (worker !== this.#worker) return;
      if (message === "ready") {
        this.#isUp = true;
        if (this.#current) this.#watch();
        return;
      }
      if (message.spoiled) this.#dropWorker();
      this.#finish({ code: message.code, error: message.error });
    });
    const lost = (): void => {
      if (worker === this.#worker) this.#broke(null);
    };
    worker.on("error", lost);
    worker.on("exit", lost);
    return worker;
  }

  /** The thread went away or had to; `error` blames the script, null tries it once more. */
  #broke(error: ScriptError | null): void {
    this.#dropWorker();
    const request = this.#current;
    if (!request) return;
    if (error === null && ++request.tries < TRIES) {
      this.#current = null;
      clearTimeout(this.#timer);
      this.#queue.unshift(request);
      void this.#next();
      return;
    }
    const message = "it cannot be compiled: it breaks the compiler";
    this.#finish({ code: "", error: error ?? { name: "SyntaxError", message } });
  }

  /** Waits a while for the next request, but does not keep the process for it. */
  #idle(): void {
    this.#worker?.unref();
    this.#timer = setTimeout(() => this.#dropWorker(), LINGER_MS);
    this.#timer.unref();
  }

  #dropWorker(): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
  }

  #finish(compiled: Compiled): void {
    clearTimeout(this.#timer);
    const request = this.#current;
    this.#current = null;
    request?.done(compiled);
    void this.#next();
  }
}
