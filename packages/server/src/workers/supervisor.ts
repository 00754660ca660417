// Watches the runner threads through their shared words, ends what will not end by itself, and keeps
// enough threads: those that share the quick scripts' work (as many as the crowd needs: a thread costs
// 13 MiB), one apart for scripts that are slow or new, ready to step in for any of them, and a few more
// while some are stuck. Soft limits stand in the threads; everything here is for when those do not get
// a chance.

import type { SandboxResult } from "@ticker/core/platform";
import type { ScriptError } from "@ticker/core/run";
import type { Image } from "@ticker/core/sandbox/image";
import { stopError } from "@ticker/core/sandbox/outcome";
import { Crowd } from "./crowd.ts";
import type { Job } from "./job.ts";
import { type FromRunner, sharedMs, sharedSince } from "./message.ts";
import { Runner } from "./runner.ts";
import { Strikes } from "./strikes.ts";

const LOOK_MS = 25;
/** Past its limit a script that still executes is ended with its thread. */
const GRACE_MS = 250;
const KILL_GRACE_MS = 350;
/** A thread in one slice for so long is stuck: jobs that wait behind it go elsewhere. */
const STUCK_MS = 50;
/** The thread is free, yet the answer does not come. */
const SILENT_MS = 1_000;
const RERUNS_MAX = 5;
/** Threads beyond the sharing ones and the spare, while some are stuck. */
const EXTRA_MAX = 4;
/** A script that uses less CPU time in a run is quick. */
const QUICK_MS = 25;
const QUICK_KEPT_MAX = 20_000;
/** A thread that is one too many waits so long for the next need of it. */
const LINGER_MS = 10_000;
const START_FAILURES_MAX = 5;

export type SupervisorListener = {
  /** Run these again, before all others. */
  requeue(jobs: Job[]): void;
  end(job: Job, outcome: SandboxResult["outcome"], error: ScriptError | null): void;
  received(runner: Runner, items: FromRunner[]): void;
  /** A place may be free now. */
  changed(): void;
};

export class Supervisor {
  /** Resolves when the first threads have come up. */
  readonly ready: Promise<void>;
  #isReady: () => void;
  #listener: SupervisorListener;
  #image: Image | null = null;
  #crowd: Crowd;
  #runners: Runner[] = [];
  #stuck = new Set<Runner>();
  #strikes = new Strikes();
  #timer: NodeJS.Timeout | null = null;
  /** Numbers of scripts whose last run was short. */
  #quick = new Set<number>();
  #hardKills = 0;
  #reruns = 0;
  #startFailures = 0;

  /** `sharedMax`: the most threads that share the quick scripts' work. */
  constructor(sharedMax: number, listener: SupervisorListener) {
    this.#crowd = new Crowd(sharedMax);
    this.#listener = listener;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#isReady = resolve;
  }

  start(image: Image): void {
    this.#image = image;
    this.#keepEnough();
  }

  /** The thread for this job, or null when it has to wait. */
  place(job: Job): Runner | null {
    this.#watch();
    if (this.#strikes.has(job.key)) return this.#placeAlone();
    const usable = this.#runners.filter((each) => !each.reserved && !this.#stuck.has(each));
    const sharing = usable.slice(0, this.#crowd.threads);
    const crowd = sharing.map((each) => each.jobs.size);
    if (this.#crowd.grows(crowd, sharedMs())) this.#keepEnough();
    const quick = sharing.filter((each) => each.hasRoom);
    const apart = usable.slice(sharing.length).filter((each) => each.hasRoom);
    // A job that lost its thread to another is no culprit: it is kept away from the slow ones now.
    const isQuick = job.reruns > 0 || this.#quick.has(job.scriptNumber);
    if (isQuick) return leastLoaded(quick.length > 0 ? quick : apart);
    if (apart.length > 0) return leastLoaded(apart);
    // A thread for it is on its way, or there can be no more and it has to go among the quick ones.
    const comes =
      usable.length > this.#crowd.threads
        ? usable.some((each) => !each.isReady)
        : this.#runners.length < this.#mostThreads;
    return comes && !this.#startsFail ? null : (quick.at(-1) ?? null);
  }

  /** Notes how a script behaves: the quick ones share threads that nothing slow is let into. */
  finished(job: Job, result: SandboxResult): void {
    if (result.cpuMs >= QUICK_MS || result.outcome === "timed-out")
      this.#quick.delete(job.scriptNumber);
    else if (this.#quick.size < QUICK_KEPT_MAX) this.#quick.add(job.scriptNumber);
    else this.#quick.clear();
  }

  /** Threads in quiet times: those that share, and one apart. */
  get #threads(): number {
    return this.#crowd.threads + 1;
  }

  get #mostThreads(): number {
    return this.#crowd.max + 1 + EXTRA_MAX;
  }

  get #startsFail(): boolean {
    return this.#startFailures > START_FAILURES_MAX;
  }

  running(): number {
    return this.#runners.reduce((sum, each) => sum + each.jobs.size, 0);
  }

  stats() {
    const machines = this.#runners.map((each) => each.machines);
    return {
      threads: this.#runners.length,
      threadsReady: this.#runners.filter((each) => each.isReady).length,
      machinesBusy: machines.reduce((sum, each) => sum + each.busy, 0),
      machinesIdle: machines.reduce((sum, each) => sum + each.idle, 0),
      hardKills: this.#hardKills,
      reruns: this.#reruns,
      strikes: this.#strikes.size,
    };
  }

  async close(): Promise<void> {
    this.#image = null;
    if (this.#timer) clearInterval(this.#timer);
    const runners = this.#runners;
    this.#runners = [];
    await Promise.all(runners.map((each) => each.terminate()));
  }

  /** A script that once took its thread with it gets one for itself, so that nobody is near next time. */
  #placeAlone(): Runner | null {
    const idle = this.#runners.filter((each) => each.hasRoom && each.jobs.size === 0);
    const alone = this.#runners.filter((each) => each.reserved).length;
    const runner = idle.at(-1);
    // The last idle one is given away only if another can take its place.
    const isSpare = idle.length > 1 || this.#runners.length < this.#mostThreads;
    if (!runner || !isSpare || alone >= EXTRA_MAX - 1) return null;
    runner.reserved = true;
    this.#keepEnough();
    return runner;
  }

  /** Looks at the threads as long as there is anything under way. */
  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    this.#timer.ref();
  }

  /** Nothing is under way: the process may end, and looking does once no thread is one too many. */
  #calm(): void {
    this.#timer?.unref();
    if (this.#crowd.threads > 1) return;
    if (!this.#timer || this.#runners.length > this.#threads) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    if (this.running() === 0) this.#calm();
    this.#crowd.rest(sharedMs());
    for (const runner of [...this.#runners]) {
      const now = runner.now();
      const executing = runner.executing(now);
      if (executing && executing.sliceMs > STUCK_MS) this.#relieve(runner, executing.job);
      else if (this.#stuck.delete(runner)) this.#listener.changed();
      const culprit = executing?.job;
      const stop = culprit && this.#mustEnd(runner, culprit, executing.sliceMs, now);
      if (stop) {
        this.#endThread(runner, culprit, stop, stopError(stop, culprit.asked.limits));
        continue;
      }
      this.#endOverdue(runner, culprit, now);
      this.#rest(runner, now);
    }
    this.#keepEnough();
  }

  #mustEnd(
    runner: Runner,
    job: Job,
    sliceMs: number,
    now: number,
  ): "timed-out" | "cpu-limit" | "killed" | null {
    const { timeoutMs, cpuMs } = job.asked.limits;
    if (job.killAskedMs !== null && sharedSince(now, job.killAskedMs) > KILL_GRACE_MS)
      return "killed";
    if ((runner.ranMs(job, now) ?? 0) > timeoutMs + GRACE_MS) return "timed-out";
    // From outside only the wall is seen: twice the limit, since the thread may wait for a core.
    if (sliceMs > cpuMs * 2 + GRACE_MS) return "cpu-limit";
    return null;
  }

  /** Jobs past their end whose thread is busy with another's, or silent: answered from here. */
  #endOverdue(runner: Runner, executing: Job | undefined, now: number): void {
    const patience = executing ? 0 : SILENT_MS;
    for (const job of [...runner.jobs.values()]) {
      const ranMs = runner.ranMs(job, now);
      const killedFor = job.killAskedMs === null ? -1 : sharedSince(now, job.killAskedMs);
      const late = ranMs !== null && ranMs > job.asked.limits.timeoutMs + GRACE_MS + patience;
      const stop = killedFor > KILL_GRACE_MS + patience / 10 ? "killed" : late ? "timed-out" : null;
      if (!stop || job === executing || job.isOver) continue;
      runner.kill(job);
      job.isAbandoned = true;
      job.ranMs = ranMs ?? 0;
      this.#listener.end(job, stop, stopError(stop, job.asked.limits));
    }
  }

  /** Moves jobs that have not begun away from behind a long slice. */
  #relieve(runner: Runner, executing: Job | undefined): void {
    this.#stuck.add(runner);
    if (executing) this.#quick.delete(executing.scriptNumber);
    const moved = [...runner.jobs.values()].filter((job) => runner.takeBack(job));
    this.#keepEnough();
    if (moved.length > 0) this.#listener.requeue(moved);
  }

  #endThread(
    runner: Runner,
    culprit: Job | undefined,
    outcome: SandboxResult["outcome"],
    error: ScriptError | null,
  ): void {
    this.#hardKills++;
    if (culprit) this.#strikes.add(culprit.key);
    void runner.terminate();
    this.#lost(runner, culprit, outcome, error);
  }

  /** A thread is no more: its culprit ends, what nobody has seen begins anew, the rest is interrupted. */
  #lost(
    runner: Runner,
    culprit: Job | undefined,
    outcome: SandboxResult["outcome"],
    error: ScriptError | null,
  ): void {
    this.#runners = this.#runners.filter((each) => each !== runner);
    this.#stuck.delete(runner);
    const again: Job[] = [];
    const now = runner.now();
    for (const job of [...runner.jobs.values()]) {
      job.ranMs = runner.ranMs(job, now) ?? 0;
      const begun = !runner.takeBack(job);
      runner.forget(job);
      if (job.isOver) continue;
      if (job === culprit) this.#listener.end(job, outcome, error);
      else if (job.killAskedMs !== null) this.#listener.end(job, "killed", null);
      else if (begun && (job.touched || ++job.reruns > RERUNS_MAX)) {
        this.#listener.end(job, "interrupted", NEIGHBOUR);
      } else {
        if (begun) this.#reruns++;
        again.push(job);
      }
    }
    this.#keepEnough();
    this.#listener.requeue(again);
  }

  #crashed(runner: Runner, reason: string): void {
    if (!this.#runners.includes(runner)) return;
    if (!runner.isReady) this.#startFailures++;
    const culprit = runner.executing(runner.now())?.job;
    if (culprit) this.#strikes.add(culprit.key);
    const message = `the thread it ran in ended: ${reason.slice(0, 200)}`;
    this.#lost(runner, culprit, "interrupted", { name: "Interrupted", message });
  }

  /** A thread that a script had for itself is fit for all again; one too many goes after a while. */
  #rest(runner: Runner, now: number): void {
    if (runner.jobs.size > 0) {
      runner.idleSinceMs = null;
      return;
    }
    runner.reserved = false;
    runner.idleSinceMs ??= now;
    if (sharedSince(now, runner.idleSinceMs) < LINGER_MS || this.#stuck.has(runner)) return;
    const usable = this.#runners.filter((each) => each.isReady && !this.#stuck.has(each));
    if (usable.indexOf(runner) < this.#threads) return;
    this.#runners = this.#runners.filter((each) => each !== runner);
    void runner.terminate();
  }

  #keepEnough(): void {
    const image = this.#image;
    if (!image || this.#startsFail) return;
    const usable = (): number =>
      this.#runners.filter((each) => !each.reserved && !this.#stuck.has(each)).length;
    while (usable() < this.#threads && this.#runners.length < this.#mostThreads) {
      this.#runners.push(
        new Runner(image, {
          ready: () => {
            this.#startFailures = 0;
            if (this.#runners.every((each) => each.isReady)) this.#isReady();
            this.#listener.changed();
          },
          received: (from, items) => this.#listener.received(from, items),
          gone: (from, reason) => this.#crashed(from, reason),
        }),
      );
    }
  }
}

const NEIGHBOUR: ScriptError = {
  name: "Interrupted",
  message: "another script in the same thread had to be ended by force, and this one with it",
};

/** Of equals the first: a thread that is not needed is not kept warm. */
function leastLoaded(runners: Runner[]): Runner | null {
  let best: Runner | null = null;
  for (const each of runners) if (!best || each.jobs.size < best.jobs.size) best = each;
  return best;
}
