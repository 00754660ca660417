// How worker threads are started: no environment, no output of their own, bounded heaps. The guests'
// memory is not in these heaps; the engine's own maximum bounds that.

import type { WorkerOptions } from "node:worker_threads";

export const WORKER_URL = new URL("./worker.ts", import.meta.url);

export const WORKER_OPTIONS: WorkerOptions = {
  env: {},
  argv: [],
  execArgv: ["--disable-warning=ExperimentalWarning"],
  stdin: false,
  stdout: true,
  stderr: true,
  resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
};
