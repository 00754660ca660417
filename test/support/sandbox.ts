// Runs one script in a sandbox and gathers what came of it.

import type {
  Sandbox,
  SandboxEvent,
  SandboxJob,
  SandboxResult,
} from "../../packages/core/src/platform.ts";
import { LIMITS_DEFAULT } from "../../packages/core/src/ticker.ts";

export type Ran = SandboxResult & {
  id: string;
  events: SandboxEvent[];
  /** Everything printed, in lines. */
  text: string;
};

let lastJob = 0;

/** A job for a script, with facts of a first run and nothing kept. */
export function jobFor(source: string, more: Partial<SandboxJob> = {}): SandboxJob {
  return {
    id: `job-${++lastJob}`,
    script: { language: "javascript", source },
    limits: LIMITS_DEFAULT,
    facts: {
      ticker: { id: "t_0123456789abcdef", name: "price", page: 203 },
      run: { number: 1, attempt: 1, trigger: "hand" },
      dueAt: 1_700_000_000_000,
      last: null,
      lastFailure: null,
      service: { startedAt: 0, runs: 0, running: 0, lateP95Ms: 0, memoryBytes: 0 },
    },
    state: {},
    secrets: {},
    ...more,
  };
}

export async function ranIn(
  sandbox: Sandbox,
  source: string,
  more: Partial<SandboxJob> = {},
): Promise<Ran> {
  const job = jobFor(source, more);
  const events: SandboxEvent[] = [];
  const result = await sandbox.run(job, (told) => events.push(...told));
  const lines = events.flatMap((event) => (event.kind === "output" ? [event.text] : []));
  return { ...result, id: job.id, events, text: lines.join("\n") };
}
