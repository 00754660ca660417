// A ticker: a script with a schedule and a policy, owned by an account. This file owns the definition
// (what its owner wrote); `status.ts` owns what happens to it (state, next due time, runs under way).

import type { Schedule } from "./schedule.ts";

export type Language = "javascript" | "typescript";

export type Script = { language: Language; source: string };

/**
 * What happens when a due time comes while an earlier run is still going.
 * `skip` records the due time as skipped; `queue` keeps up to `queueMax` runs waiting in order.
 * (`kill` and `allow` join this union with their own issue.)
 */
export type Overlap = { mode: "skip" } | { mode: "queue"; queueMax: number };

/** Due times that passed while nothing could run: none, the newest, or all not older than windowMs. */
export type CatchUp = { mode: "none" } | { mode: "latest" } | { mode: "all"; windowMs: number };

/** Which ends of an attempt are tried again. */
export type RetryOn = "failed" | "timed-out" | "interrupted";

export type Retry = {
  /** Tries after the first; 0 means never again. At most 20. */
  attempts: number;
  /** First pause in ms; doubled for each further one, up to backoffMaxMs, and spread by +-20 %. */
  backoffMs: number;
  backoffMaxMs: number;
  on: RetryOn[];
};

export type Policy = {
  overlap: Overlap;
  catchUp: CatchUp;
  retry: Retry;
  /** Failures in a row after which the ticker stops itself; 0 = never. */
  stopAfterFailures: number;
};

export type Limits = {
  /** Wall time of one attempt, ms. */
  timeoutMs: number;
  /** CPU time of one attempt, ms. */
  cpuMs: number;
  memoryBytes: number;
  /** Output kept per run; the head and the tail, half each, with a mark between. */
  outputBytes: number;
  /** Calls out of the sandbox (fetch, sleep) per attempt. */
  hostCalls: number;
};

/** Two budgets, so successes never push failures out. */
export type Retention = { runs: number; failures: number };

export type Ticker = {
  /** `t_` and 16 characters; sorts by creation. */
  id: string;
  /** Account id. Part of every query. */
  owner: string;
  /** 200-599, the ticker's for life; null beyond four hundred of them. */
  page: number | null;
  /** 1-64 characters, unique per owner among those not deleted; `[a-z0-9]` first, then `[a-z0-9._-]`. */
  name: string;
  script: Script;
  schedule: Schedule;
  policy: Policy;
  limits: Limits;
  retention: Retention;
  tags: string[];
  /** Rises by one at each edit; the ETag, and the version shown as v8. */
  revision: number;
  createdAt: number;
  updatedAt: number;
  /** In the bin since; null when not. */
  deletedAt: number | null;
  /** Hash of the create request made with an Idempotency-Key, to tell a repeat from a misuse. */
  requestHash: string | null;
};

export const POLICY_DEFAULT: Policy = {
  overlap: { mode: "skip" },
  catchUp: { mode: "none" },
  retry: {
    attempts: 0,
    backoffMs: 1000,
    backoffMaxMs: 60_000,
    on: ["failed", "timed-out", "interrupted"],
  },
  stopAfterFailures: 0,
};

export const LIMITS_DEFAULT: Limits = {
  timeoutMs: 10_000,
  cpuMs: 5_000,
  memoryBytes: 32 * 1024 * 1024,
  outputBytes: 64 * 1024,
  hostCalls: 1_000,
};

export const RETENTION_DEFAULT: Retention = { runs: 100, failures: 50 };

/** A due time later than this is not run but recorded as missed (unless catch-up says otherwise). */
export const LATE_MAX_MS = 60_000;
