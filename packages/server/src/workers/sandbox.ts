// The Sandbox of one machine: worker threads with many script machines each. This file takes jobs, hands
// them to threads, and passes on what comes back; `supervisor.ts` ends what will not end by itself.

import type { Sandbox, SandboxEvent, SandboxJob, SandboxResult } from "@ticker/core/platform";
import { type GuardedFetch, refuseFetch } from "@ticker/core/sandbox/guarded-fetch";
import { scriptFile, withoutMark } from "@ticker/core/sandbox/script-error";
import type { Script } from "@ticker/core/ticker";
import { nodeClock } from "../clock.ts";
import { Compiler } from "./compiler.ts";
import { answerFetch } from "./fetch-call.ts";
import { imageFromThread } from "./image-thread.ts";
import { Job } from "./job.ts";
import type { FromRunner } from "./message.ts";
import { type Runner, SLOTS } from "./runner.ts";
import { Scripts } from "./scripts.ts";
import { Supervisor } from "./supervisor.ts";

export type WorkerSandboxOptions = {
  /** The most threads that share the work of quick scripts; at least 2. One at rest; more come with a crowd. */
  threads?: number;
  /** Who fetches for scripts; without one every fetch is refused. */
  fetch?: GuardedFetch;
  /** No script can have more, whatever its limit says. */
  memoryBytesMax?: number;
};

export type SandboxStats = {
  threads: number;
  threadsReady: number;
  /** Jobs taken and not answered; of these the ones no thread has yet. */
  jobs: number;
  queued: number;
  /** Script machines in use and at rest, and fetches under way. */
  machinesBusy: number;
  machinesIdle: number;
  fetches: number;
  /** Since the start: threads ended because a script could not be, and jobs begun anew for that. */
  hardKills: number;
  reruns: number;
  strikes: number;
};

export type WorkerSandbox = Sandbox & {
  /** Resolves when the threads are there and warm; rejects when the engine cannot be used at all. */
  ready(): Promise<void>;
  stats(): SandboxStats;
  /** Ends everything; jobs under way end `interrupted`. */
  close(): Promise<void>;
};

const MEMORY_BYTES_MAX = 128 * 1024 * 1024;

export function workerSandbox(options: WorkerSandboxOptions = {}): WorkerSandbox {
  const clock = nodeClock();
  const guard = options.fetch ?? refuseFetch;
  const jobs = new Map<string, Job>();
  const scripts = new Scripts();
  const queue: Job[] = [];
  let lastJob = 0;
  let isClosed = false;

  const image = imageFromThread(options.memoryBytesMax ?? MEMORY_BYTES_MAX);
  const compiler = new Compiler(() => image);
  const threads = Math.max(2, options.threads ?? 2);
  const supervisor = new Supervisor(threads, {
    requeue(again) {
      for (const job of again.toReversed()) queue.unshift(job);
      dispatch();
    },
    end(job, outcome, error) {
      const at = clock.now();
      const { ranMs } = job;
      const times = { startedAt: at - ranMs, finishedAt: at, cpuMs: ranMs };
      finish(job, { ...NOTHING, outcome, error, ...times });
    },
    received,
    changed: dispatch,
  });
  image.then(
    (loaded) => !isClosed && supervisor.start(loaded),
    () => {
      for (const job of jobs.values()) endUnbegun(job, "interrupted");
    },
  );

  function received(runner: Runner, items: FromRunner[]): void {
    for (const item of items) {
      const job = runner.jobs.get(item.job);
      if (!job) continue;
      if (item.kind === "events") {
        job.tell(item.events);
        if (!item.result) continue;
        job.isAbandoned = false;
        supervisor.finished(job, item.result);
        finish(job, item.result);
      } else if (item.kind === "cancel") job.fetches.get(item.call)?.abort();
      else void answerFetch(job, runner, item, guard, clock);
    }
    dispatch();
  }

  function finish(job: Job, result: SandboxResult): void {
    if (!job.isAbandoned) job.runner?.forget(job);
    if (jobs.get(job.asked.id) === job) jobs.delete(job.asked.id);
    job.end(result);
  }

  function endUnbegun(job: Job, outcome: "killed" | "interrupted" | "failed"): void {
    const at = queue.indexOf(job);
    if (at >= 0) queue.splice(at, 1);
    finish(job, { ...NOTHING, outcome, finishedAt: clock.now() });
  }

  /** Hands waiting jobs to threads, oldest first, until there are no more places. */
  function dispatch(): void {
    if (queue.length === 0 || isClosed) return;
    const waiting: Job[] = [];
    for (const job of queue.splice(0)) {
      const runner = supervisor.place(job);
      if (runner) runner.send(job);
      else waiting.push(job);
    }
    queue.push(...waiting);
  }

  async function prepare(job: Job): Promise<void> {
    const { language } = job.asked.script;
    const source = withoutMark(job.asked.script.source);
    const compiled = await compiler.compile(job.asked.script);
    if (job.isOver) return;
    if (compiled.error) {
      const at = clock.now();
      const { error } = compiled;
      finish(job, { ...NOTHING, outcome: "failed", error, startedAt: at, finishedAt: at });
      return;
    }
    job.script = scripts.add(job.key, {
      file: scriptFile(language),
      source,
      code: compiled.code,
      exports: compiled.code.includes("export"),
    });
    queue.push(job);
    dispatch();
  }

  return {
    run(asked: SandboxJob, onEvents: (events: SandboxEvent[]) => void) {
      const { promise, resolve } = Promise.withResolvers<SandboxResult>();
      const job = new Job(++lastJob, asked, onEvents, resolve);
      if (isClosed) {
        job.end({ ...NOTHING, outcome: "interrupted", finishedAt: clock.now() });
        return promise;
      }
      jobs.set(asked.id, job);
      const { language } = asked.script;
      const source = withoutMark(asked.script.source);
      job.key = `${language}\n${source}`;
      const known = scripts.find(job.key);
      if (known !== undefined) job.script = known;
      else if (language === "javascript") {
        job.script = scripts.add(job.key, {
          file: scriptFile(language),
          source,
          code: source,
          exports: source.includes("export"),
        });
      } else {
        void prepare(job);
        return promise;
      }
      queue.push(job);
      dispatch();
      return promise;
    },
    kill(jobId) {
      const job = jobs.get(jobId);
      if (!job || job.killAskedMs !== null) return;
      if (!job.runner || job.runner.takeBack(job)) endUnbegun(job, "killed");
      else {
        job.killAskedMs = job.runner.now();
        job.runner.kill(job);
      }
    },
    begunAt(jobId) {
      const job = jobs.get(jobId);
      const ranMs = job?.runner?.ranMs(job, job.runner.now()) ?? null;
      return ranMs === null ? null : clock.now() - ranMs;
    },
    async check(script: Script) {
      return (await compiler.compile(script)).error;
    },
    room: () => Math.max(0, threads * SLOTS - jobs.size),
    async ready() {
      await image;
      await supervisor.ready;
    },
    stats: () => ({
      ...supervisor.stats(),
      jobs: jobs.size,
      queued: jobs.size - supervisor.running(),
      fetches: [...jobs.values()].reduce((sum, job) => sum + job.fetches.size, 0),
    }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const job of [...jobs.values()]) endUnbegun(job, "interrupted");
      await Promise.all([supervisor.close(), compiler.close()]);
    },
  };
}

const NOTHING = {
  error: null,
  startedAt: null,
  cpuMs: 0,
  stateWrites: {},
  outputBytes: 0,
} satisfies Partial<SandboxResult>;
