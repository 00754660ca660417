// A sandbox without scripts: how long a job takes, what it says and how it ends is drawn from the seed, by run
// and attempt. It keeps the contract of the real one: places, turns, time limits, kills within half a second.

import type {
  Clock,
  Sandbox,
  SandboxEvent,
  SandboxJob,
  SandboxResult,
} from "@ticker/core/platform";
import { type Dice, dice } from "./simulated-time.ts";

type Job = {
  asked: SandboxJob;
  behaviour: Behaviour;
  onEvents: (events: SandboxEvent[]) => void;
  resolve: (result: SandboxResult) => void;
  startedAt: number | null;
  bytes: number;
  ending: boolean;
};

type Behaviour = {
  durationMs: number;
  outcome: SandboxResult["outcome"];
  /** Bursts of events: after how many ms, and how many. */
  says: { afterMs: number; count: number }[];
  killMs: number;
};

export type SandboxWatch = {
  began(job: SandboxJob): void;
  ended(job: SandboxJob, result: SandboxResult): void;
};

/** `places`: jobs that run at once; `room` counts twice as many, so some wait for their turn. */
export function simulatedSandbox(
  world: { seed: number; clock: Clock; after(ms: number, act: () => void): void },
  places: number,
  watch: SandboxWatch,
): Sandbox & { close(): void; underway(): SandboxJob[] } {
  const { clock } = world;
  const jobs = new Map<string, Job>();
  const waiting: Job[] = [];
  let running = 0;

  function end(job: Job, outcome: SandboxResult["outcome"]): void {
    if (jobs.get(job.asked.id) !== job) return;
    const { asked, startedAt, bytes } = job;
    jobs.delete(asked.id);
    const at = waiting.indexOf(job);
    if (at >= 0) waiting.splice(at, 1);
    else running--;
    const succeeded = outcome === "succeeded";
    const count = String(Number(asked.state.count ?? "0") + 1);
    const result: SandboxResult = {
      outcome,
      error: succeeded || outcome === "killed" ? null : { name: "Error", message: outcome },
      startedAt,
      finishedAt: clock.now(),
      cpuMs: 1,
      stateWrites: succeeded ? { count } : {},
      outputBytes: bytes,
    };
    watch.ended(asked, result);
    job.resolve(result);
    turn();
  }

  function turn(): void {
    while (running < places) {
      const job = waiting.shift();
      if (job === undefined) return;
      running++;
      begin(job);
    }
  }

  function begin(job: Job): void {
    const { behaviour, asked } = job;
    job.startedAt = clock.now();
    const { timeoutMs } = asked.limits;
    for (const { afterMs, count } of behaviour.says) {
      if (afterMs < behaviour.durationMs) world.after(afterMs, () => say(job, count));
    }
    if (behaviour.durationMs < timeoutMs)
      world.after(behaviour.durationMs, () => end(job, behaviour.outcome));
    else world.after(timeoutMs, () => end(job, "timed-out"));
  }

  function say(job: Job, count: number): void {
    if (jobs.get(job.asked.id) !== job) return;
    const events: SandboxEvent[] = [];
    for (let n = 0; n < count; n++) {
      const at = clock.now();
      const text = n % 5 === 3 ? `${n}% done` : `line ${n} of ${job.asked.id}`;
      if (n % 7 === 5) events.push({ kind: "metric", at, name: "n", value: n });
      else events.push({ kind: "output", at, text, stream: n % 11 === 4 ? "err" : "out" });
      job.bytes += text.length;
    }
    job.onEvents(events);
  }

  return {
    run(asked, onEvents) {
      const { number, attempt } = asked.facts.run;
      const behaviour = behaviourOf(
        dice(world.seed, `job ${number}.${attempt} ${asked.facts.ticker.name}`),
      );
      watch.began(asked);
      return new Promise((resolve) => {
        const job: Job = {
          asked,
          behaviour,
          onEvents,
          resolve,
          startedAt: null,
          bytes: 0,
          ending: false,
        };
        jobs.set(asked.id, job);
        waiting.push(job);
        turn();
      });
    },
    kill(id) {
      const job = jobs.get(id);
      if (job === undefined || job.ending) return;
      job.ending = true;
      world.after(job.behaviour.killMs, () => end(job, "killed"));
    },
    begunAt: (id) => jobs.get(id)?.startedAt ?? null,
    check: () => Promise.resolve(null),
    room: () => places * 2 - jobs.size,
    underway: () => [...jobs.values()].map(({ asked }) => asked),
    close() {
      for (const job of [...jobs.values()]) end(job, "interrupted");
    },
  };
}

const FAILURES = ["failed", "failed", "cpu-limit", "out-of-memory", "output-limit", "interrupted"];

function behaviourOf(chance: Dice): Behaviour {
  const kind = chance.fraction();
  const durationMs =
    kind < 0.6
      ? chance.below(20)
      : kind < 0.85
        ? chance.between(20, 600)
        : kind < 0.97
          ? chance.between(600, 6_000)
          : Number.POSITIVE_INFINITY;
  const bursts = chance.chance(0.3) ? 0 : chance.between(1, durationMs > 100 ? 8 : 2);
  const flood = chance.chance(0.03);
  const spread = Math.min(durationMs, 3_000);
  return {
    durationMs,
    outcome: (chance.chance(0.78)
      ? "succeeded"
      : chance.pick(FAILURES)) as SandboxResult["outcome"],
    says: Array.from({ length: bursts }, () => ({
      afterMs: chance.below(spread + 1),
      count: flood ? chance.between(100, 900) : chance.between(1, 4),
    })),
    killMs: chance.below(400),
  };
}
