// How many short runs a second the sandbox does: against the bare engine on one thread, and through the
// worker threads while this thread has work of its own. Ratios within one run; absolute numbers vary.

import { readFile } from "node:fs/promises";
import type { SandboxJob } from "../packages/core/src/platform.ts";
import { Running } from "../packages/core/src/sandbox/execution.ts";
import { buildImage, engineUrl } from "../packages/core/src/sandbox/image.ts";
import { Machines } from "../packages/core/src/sandbox/machines.ts";
import { EVAL_GLOBAL } from "../packages/core/src/sandbox/vm.ts";
import { LIMITS_DEFAULT } from "../packages/core/src/ticker.ts";
import { nodeClock } from "../packages/server/src/clock.ts";
import { workerSandbox } from "../packages/server/src/workers/sandbox.ts";

const SOURCE = 'const n = 1 + 1;\nprint("hello", n);\n';
const AT_ONCE = 150;
/** This thread's own work beside the pool, ms of every ten. */
const OWN_WORK_MS = 3;

export type SandboxFigures = {
  /** Runs a second: script evaluated again and again in one machine, nothing isolated. */
  bare: number;
  /** Each in a machine as good as new, on one thread. */
  isolated: number;
  /** Through the worker threads, with events and results delivered here. */
  pooled: number;
  /** The same while this thread works 30 % of the time. */
  pooledBusy: number;
  /** CPU ms of this thread a pooled run. */
  mainMsPerRun: number;
  rssBytes: number;
};

const world = {
  clock: nodeClock(),
  random: {
    bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    fraction: () => Math.random(),
  },
  cpu: () => process.cpuUsage().user / 1000,
};

function rate(count: number, work: () => void): number {
  const began = performance.now();
  for (let i = 0; i < count; i++) work();
  return Math.round((count * 1000) / (performance.now() - began));
}

async function onThisThread(count: number): Promise<{ bare: number; isolated: number }> {
  const engine = new Uint8Array(await readFile(engineUrl()));
  const machines = new Machines(await buildImage(engine, 64 * 1024 * 1024, world), world);
  const code = new TextEncoder().encode(`{${SOURCE}}`);
  const vm = machines.take(
    { call: () => vm.undefined(), interrupt: () => false, rejection() {} },
    2 ** 25,
  );
  const bare = rate(count, () => {
    const sourceAt = vm.put(code);
    const fileAt = vm.put(new TextEncoder().encode("main.js"));
    vm.exports.qjs_free_value(vm.exports.qjs_eval(sourceAt, code.length, fileAt, EVAL_GLOBAL));
    vm.exports.wasm_free(sourceAt);
    vm.exports.wasm_free(fileAt);
  });
  const execution = {
    program: {
      file: "main.js",
      source: SOURCE,
      code: new TextEncoder().encode(SOURCE),
      exports: false,
    },
    limits: LIMITS_DEFAULT,
    facts: "{}",
    state: {},
    secrets: {},
  };
  let succeeded = 0;
  const isolated = rate(count, () => {
    new Running(execution, world, machines, {
      emit() {},
      fetch() {},
      cancelFetch() {},
      killAsked: () => false,
      slice() {},
      ended: (result) => {
        if (result.outcome === "succeeded") succeeded++;
      },
    }).start();
  });
  if (succeeded !== count) throw new Error(`only ${succeeded} of ${count} runs succeeded`);
  return { bare, isolated };
}

let lastJob = 0;
function job(): SandboxJob {
  return {
    id: `bench-${++lastJob}`,
    script: { language: "javascript", source: SOURCE },
    limits: LIMITS_DEFAULT,
    facts: {
      ticker: { id: "t_bench", name: "bench", page: 200 },
      run: { number: lastJob, attempt: 1, trigger: "schedule" },
      dueAt: 0,
      last: null,
      lastFailure: null,
      service: { startedAt: 0, runs: 0, running: 0, lateP95Ms: 0, memoryBytes: 0 },
    },
    state: { count: "1" },
    secrets: {},
  };
}

async function throughThreads(count: number, ownWorkMs: number) {
  const sandbox = workerSandbox();
  await sandbox.ready();
  await sandbox.run(job(), () => {});
  const other = setInterval(() => {
    const until = performance.now() + ownWorkMs;
    while (performance.now() < until);
  }, 10);
  let left = count;
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const result = await sandbox.run(job(), () => {});
      if (result.outcome !== "succeeded") throw new Error(`a run ended ${result.outcome}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const ms = performance.now() - began;
  const used = process.threadCpuUsage(cpu);
  clearInterval(other);
  const rssBytes = process.memoryUsage().rss;
  await sandbox.close();
  return {
    perSecond: Math.round((count * 1000) / ms),
    mainMs: (used.user + used.system) / 1000 / count,
    rssBytes,
  };
}

/** Takes about ten seconds. */
export async function benchSandbox(count = 20_000): Promise<SandboxFigures> {
  await onThisThread(count / 10);
  const { bare, isolated } = await onThisThread(count);
  const quiet = await throughThreads(count, 0);
  const busy = await throughThreads(count, OWN_WORK_MS);
  const figures: SandboxFigures = {
    bare,
    isolated,
    pooled: quiet.perSecond,
    pooledBusy: busy.perSecond,
    mainMsPerRun: Math.round(quiet.mainMs * 10_000) / 10_000,
    rssBytes: busy.rssBytes,
  };
  const times = (value: number): string => `${(value / isolated).toFixed(2)} x isolated`;
  process.stdout.write(
    [
      `bare engine, one machine:    ${bare} runs/s (${times(bare)})`,
      `isolated, one thread:        ${isolated} runs/s`,
      `through the threads:         ${quiet.perSecond} runs/s (${times(quiet.perSecond)})`,
      `the same, main thread busy:  ${busy.perSecond} runs/s (${times(busy.perSecond)})`,
      `main thread a pooled run:    ${figures.mainMsPerRun} ms of CPU`,
      `memory of the process:       ${Math.round(busy.rssBytes / 1024 / 1024)} MB\n`,
    ].join("\n"),
  );
  return figures;
}

if (import.meta.main) await benchSandbox();
