// The seam: everything core needs from the world, as one plain object passed first. An adapter is a
// factory named technology + port (`sqliteStore(path): Store`). The store is the truth; every other
// message may be lost, late or repeated, and the sweep plus the event numbers repair everything.

import type { EventBatch } from "./event.ts";
import type { Outcome, ScriptError } from "./run.ts";
import type { Store } from "./store.ts";
import type { Limits, Script } from "./ticker.ts";

export type Platform = {
  clock: Clock;
  random: Random;
  store: Store;
  alarm: Alarm;
  sandbox: Sandbox;
  broadcast: Broadcast;
  vault: Vault;
  log: Log;
  /** Memory this process holds, bytes. */
  memoryBytes(): number;
};

/** What the feed needs: it reads, and never writes. */
export type FeedPlatform = Pick<Platform, "clock" | "store" | "log">;

export type Clock = {
  /** Epoch ms, whole. May step in either direction; use it to persist and to compare with due times. */
  now(): number;
  /** Ms with fraction since some instant; never steps back. Use it to measure. */
  monotonic(): number;
  /** Calls `wake` once after at least `ms`; returns the way to cancel it. */
  after(ms: number, wake: () => void): () => void;
};

export type Random = {
  /** Cryptographically strong bytes. */
  bytes(count: number): Uint8Array;
  /** 0 <= x < 1, for jitter only. */
  fraction(): number;
};

/** Wakes the scheduler. One alarm at a time: setting it replaces the last; null clears it. May fire early or twice. */
export type Alarm = { set(at: number | null): void };

/** Tells whoever watches. May be lost or repeated: the store and the numbers repair it. Never throws. */
export type Broadcast = {
  publish(owner: string, batch: EventBatch): void;
  /** Credentials of this account are gone: connections made with one are to be let go. */
  revoked(owner: string): void;
};

/** Encrypts what must not be readable in a copied database. `open` throws on text it did not seal. */
export type Vault = { seal(text: string): Promise<string>; open(sealed: string): Promise<string> };

/** For the operator. Called at the entrances only; never with output, secrets or source. */
export type Log = {
  info(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
};

/** What a script may know of its run. */
export type RunFacts = {
  ticker: { id: string; name: string; page: number | null };
  run: { number: number; attempt: number; trigger: string };
  dueAt: number;
  /** The newest outcome and last line before this run; null at the first. */
  last: {
    outcome: Outcome;
    at: number;
    line: string | null;
    metrics: Record<string, number>;
  } | null;
  /** The newest failed run's error; null if none is remembered. */
  lastFailure: { at: number; outcome: Outcome; message: string } | null;
  service: ServiceFacts;
};

/** The service as a script may see it: numbers of the whole process, nobody's in particular. */
export type ServiceFacts = {
  startedAt: number;
  /** Runs finished since then. */
  runs: number;
  running: number;
  /** p95 of the newest 1,000 scheduled runs. */
  lateP95Ms: number;
  memoryBytes: number;
};

export type SandboxJob = {
  /** Unique among jobs under way in this process. */
  id: string;
  script: Script;
  limits: Limits;
  facts: RunFacts;
  /** The ticker's kept state: JSON texts by key. */
  state: Record<string, string>;
  /** Only the secrets the script names. */
  secrets: Record<string, string>;
};

/**
 * What leaves the sandbox while the script runs, in order. `at` is epoch ms inside the worker.
 * `output.text` is whole lines without the last newline: one call's, or of calls in the same millisecond.
 * Already bounded: no text over 16 KB (cut with a mark), no metric name over 64 characters, numbers
 * finite, fraction 0..1. A flood of progress or metrics keeps only the newest values.
 */
export type SandboxEvent =
  | { kind: "output"; at: number; text: string; stream: "out" | "err" }
  | { kind: "progress"; at: number; fraction: number; message: string | null }
  | { kind: "metric"; at: number; name: string; value: number }
  /** A guarded fetch ended: shown by Try it. `note` is `200`, or why it was refused. */
  | { kind: "fetch"; at: number; method: string; url: string; note: string; durationMs: number };

export type SandboxResult = {
  outcome: Extract<
    Outcome,
    | "succeeded"
    | "failed"
    | "timed-out"
    | "cpu-limit"
    | "out-of-memory"
    | "output-limit"
    | "host-call-limit"
    | "killed"
    | "interrupted"
  >;
  error: ScriptError | null;
  /** When the script's first instruction ran and when it ended, epoch ms. startedAt null: never began. */
  startedAt: number | null;
  finishedAt: number;
  cpuMs: number;
  /** State writes in order of key: JSON text, or null for a removed key. Empty unless it succeeded. */
  stateWrites: Record<string, string | null>;
  /** Output bytes printed in all, counted before any cut. */
  outputBytes: number;
};

/**
 * Runs scripts, each in a VM nobody used before. `run` never throws and its promise never rejects.
 * `onEvents` is called with one or more events in order, never after the promise resolved. The sandbox
 * stops a flood itself (outcome `output-limit` past 16 x limits.outputBytes); keeping head and tail of
 * what is merely over the limit is the runner's work. `kill` ends the job within 500 ms, wherever it is.
 */
export type Sandbox = {
  run(job: SandboxJob, onEvents: (events: SandboxEvent[]) => void): Promise<SandboxResult>;
  kill(jobId: string): void;
  /** When its first instruction ran, epoch ms; null while it waits for its turn, or when it is over. */
  begunAt(jobId: string): number | null;
  /** Would it compile? Null when it would. */
  check(script: Script): Promise<ScriptError | null>;
  /** Free places now: how many more jobs would start without waiting for one to end. */
  room(): number;
};
