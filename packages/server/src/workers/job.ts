// One job on its way through the sandbox: what was asked, where it is now, and its one answer.

import type { SandboxEvent, SandboxJob, SandboxResult } from "@ticker/core/platform";
import type { Runner } from "./runner.ts";
import type { Numbered } from "./scripts.ts";

export class Job {
  readonly number: number;
  readonly asked: SandboxJob;
  readonly facts: string;
  runner: Runner | null = null;
  slot = -1;
  /** Somebody outside has seen something of it: it cannot be run again unnoticed. */
  touched = false;
  /** How often it was begun anew because its thread went away. */
  reruns = 0;
  killAskedMs: number | null = null;
  /** Waits for a thread of its own. */
  alone = false;
  /** Key of its source. */
  key = "";
  script: Numbered | null = null;
  /** Fetches under way. */
  readonly fetches = new Map<number, AbortController>();
  isOver = false;
  /** Answered from outside while its thread still has it; its place is free when the thread says so. */
  isAbandoned = false;
  /** How long it had run when its thread was ended. */
  ranMs = 0;
  #onEvents: (events: SandboxEvent[]) => void;
  #resolve: (result: SandboxResult) => void;

  constructor(
    number: number,
    asked: SandboxJob,
    onEvents: (events: SandboxEvent[]) => void,
    resolve: (result: SandboxResult) => void,
  ) {
    this.number = number;
    this.asked = asked;
    const { run, ticker, dueAt, last, lastFailure, service } = asked.facts;
    this.facts = JSON.stringify({ run: { ...run, dueAt, last, lastFailure, service }, ticker });
    this.#onEvents = onEvents;
    this.#resolve = resolve;
  }

  /** Zero while its script is not compiled. */
  get scriptNumber(): number {
    return this.script?.number ?? 0;
  }

  tell(events: SandboxEvent[]): void {
    if (this.isOver || events.length === 0) return;
    this.touched = true;
    try {
      this.#onEvents(events);
    } catch (error) {
      // Ours to repair, and loud; but the other jobs in the same message must not go down with it.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Its one answer; later ones count for nothing. */
  end(result: SandboxResult): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const fetch of this.fetches.values()) fetch.abort();
    this.fetches.clear();
    this.#resolve(result);
  }
}
