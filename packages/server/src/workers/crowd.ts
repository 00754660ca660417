// How many threads share the quick scripts' work: one at rest, since a thread costs some 13 MiB, and one
// more for each crowd that those there cannot keep small, until there has been none for a while.

import { sharedSince } from "./message.ts";

/** So many jobs in every sharing thread are a crowd. */
const CROWD = 50;
const CALM_MS = 30_000;

export class Crowd {
  readonly max: number;
  #threads = 1;
  #seenMs = 0;

  constructor(max: number) {
    this.max = max;
  }

  get threads(): number {
    return this.#threads;
  }

  /** Whether the jobs in each sharing thread ask for one more, which then counts from now on. */
  grows(jobs: number[], now: number): boolean {
    if (jobs.length < this.#threads || jobs.some((count) => count < CROWD)) return false;
    this.#seenMs = now;
    if (this.#threads === this.max) return false;
    this.#threads++;
    return true;
  }

  /** Lets one go once it has been calm for so long. */
  rest(now: number): void {
    if (this.#threads === 1 || sharedSince(now, this.#seenMs) < CALM_MS) return;
    this.#threads--;
    this.#seenMs = now;
  }
}
