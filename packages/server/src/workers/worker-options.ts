// How worker threads are started: no environment, no output of their own, bounded heaps. The guests'
// memory is not in these heaps; the engine's own maximum bounds that.

import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import type { WorkerOptions } from "node:worker_threads";

export const WORKER_URL = new URL("./worker.ts", import.meta.url);

/** Empty when no cache is in use. */
export function cacheEnv(): Record<string, string> {
  const folder = getCompileCacheDir();
  // The folder in use is one of its own for this version of Node, inside the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

export const WORKER_OPTIONS: WorkerOptions = {
  // Nothing of the operator's environment; only where compiled code is kept, so that no thread has to
  // load the TypeScript stripper (10 MiB each) for itself.
  env: cacheEnv(),
  argv: [],
  execArgv: ["--disable-warning=ExperimentalWarning"],
  stdin: false,
  stdout: true,
  stderr: true,
  resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 },
};
