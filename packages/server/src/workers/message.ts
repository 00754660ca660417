// What the main thread and a worker say to each other: batches both ways, since a message costs more than
// a short run, and a few shared words for what cannot wait until the other side reads its messages.

import type { SandboxEvent, SandboxResult } from "@ticker/core/platform";
import type { ScriptError } from "@ticker/core/run";
import type { GuardedRequest, GuardedResponse } from "@ticker/core/sandbox/guarded-fetch";
import type { Image } from "@ticker/core/sandbox/image";
import type { Limits } from "@ticker/core/ticker";

export type WorkerData =
  | { role: "runner"; image: Image; words: SharedArrayBuffer }
  | { role: "compiler"; image: Image }
  | { role: "image"; memoryBytesMax: number };

/** A script as workers keep it; sent once to each, then spoken of by its number. */
export type SentScript = { file: string; source: string; code: string; exports: boolean };

export type ToRunner =
  | { kind: "script"; script: number; text: SentScript }
  /** Forget all scripts: the cache is full. */
  | { kind: "forget" }
  | {
      kind: "run";
      job: number;
      slot: number;
      script: number;
      limits: Limits;
      facts: string;
      state: Record<string, string>;
      secrets: Record<string, string>;
    }
  | { kind: "kill"; job: number }
  | { kind: "answer"; job: number; call: number; response: GuardedResponse | string };

export type FromRunner =
  | { kind: "events"; job: number; events: SandboxEvent[]; result: SandboxResult | null }
  | { kind: "fetch"; job: number; call: number; request: GuardedRequest }
  | { kind: "cancel"; job: number; call: number };

export type ToCompiler = { language: string; source: string };

/** `code` is the JavaScript that runs; `spoiled`: the thread must be replaced, its stripper broke. */
export type FromCompiler = {
  code: string;
  error: ScriptError | null;
  spoiled: boolean;
};

/** The shared words: a head for the thread, then a few words for each slot. */
export const WORD = {
  /** Slot whose script executes at this instant, plus one; 0 when none does. */
  executing: 0,
  /** When that slice began, in `sharedMs`. */
  sliceBeganMs: 1,
  machinesBusy: 2,
  machinesIdle: 3,
} as const;
const HEAD = 8;
const PER_SLOT = 4;

/** The job's number while it waits, minus its number once begun, 0 when free or taken back. */
export const jobWord = (slot: number): number => HEAD + slot * PER_SLOT;
/** 1 once its end is asked for. */
export const killWord = (slot: number): number => HEAD + slot * PER_SLOT + 1;
/** When it began, in `sharedMs`. */
export const beganWord = (slot: number): number => HEAD + slot * PER_SLOT + 2;

export const wordBytes = (slots: number): number => (HEAD + slots * PER_SLOT) * 4;

/** Ms of a clock all threads of this process share and nobody can set, folded into 31 bits. */
export function sharedMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return (seconds * 1000 + Math.floor(nanoseconds / 1_000_000)) % 2 ** 31;
}

/** Ms from one reading to another, across the fold; a little below 0 when the other side read later. */
export const sharedSince = (now: number, then: number): number => ((now - then) << 1) >> 1;
