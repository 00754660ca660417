// What a limit's breach is called and says: one place for the soft limits in here and for whoever
// enforces the same limits from outside, so that a run reads alike whichever of them ended it.

import type { SandboxResult } from "../platform.ts";
import type { ScriptError } from "../run.ts";
import type { Limits } from "../ticker.ts";

export type Stop = Exclude<SandboxResult["outcome"], "succeeded" | "failed" | "interrupted">;

/** A flood of output is ended at so many times the limit on what is kept. */
export const FLOOD_FACTOR = 16;

/** The error of a run that was stopped; null when it was killed, which is nobody's error. */
export function stopError(stop: Stop, limits: Limits): ScriptError | null {
  switch (stop) {
    case "timed-out":
      return { name: "Timeout", message: `it ran longer than its ${limits.timeoutMs} ms` };
    case "cpu-limit":
      return { name: "CpuLimit", message: `it used more than its ${limits.cpuMs} ms of CPU time` };
    case "out-of-memory":
      return { name: "OutOfMemory", message: memoryMessage(limits) };
    case "output-limit":
      return {
        name: "OutputLimit",
        message: `it printed over ${FLOOD_FACTOR} times its limit of ${limits.outputBytes} bytes`,
      };
    case "host-call-limit":
      return { name: "HostCallLimit", message: `it made more than its ${limits.hostCalls} calls` };
    case "killed":
      return null;
  }
}

export const memoryMessage = (limits: Limits): string =>
  `it needed more than its ${Math.floor(limits.memoryBytes / 1024 / 1024)} MB of memory`;

/** No limit was broken: it waits, and nothing under way could ever end that. */
export const STUCK: ScriptError = {
  name: "Stuck",
  message: "it waits for something that can never happen: nothing under way could end its await",
};

/** Of more rejections than are kept, one was never handled; which one, nobody knows any more. */
export const UNHANDLED: ScriptError = {
  name: "UnhandledRejection",
  message: "a promise was rejected and nothing in the script handled that",
};
