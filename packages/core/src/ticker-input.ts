// From what somebody asks for to a definition that may be stored: names, bounds, defaults and the
// merge of an edit. Pure. The schedule has its own file; whether the script compiles is asked in
// tickers.ts.

import type { Issue } from "./error.ts";
import { VisibleError } from "./error.ts";
import {
  LIMITS_DEFAULT,
  type Limits,
  POLICY_DEFAULT,
  type Policy,
  RETENTION_DEFAULT,
  type Retention,
  type Script,
} from "./ticker.ts";

/** Null, as in any merge patch, asks for the default. */
type Patch<T> = { [K in keyof T]?: T[K] | null | undefined };

/** What a ticker is made from. `schedule` is read by `parseSchedule`. */
export type TickerInput = {
  name: string;
  script: Script;
  schedule: unknown;
  policy?: Patch<Policy> | null | undefined;
  limits?: Patch<Limits> | null | undefined;
  retention?: Patch<Retention> | null | undefined;
  tags?: string[] | null | undefined;
  page?: number | null | undefined;
  state?: "started" | "stopped" | undefined;
};

/** Any subset of it. A page number cannot be changed: it may only be repeated. */
export type TickerPatch = { [K in keyof TickerInput]?: TickerInput[K] | undefined };

export const PAGE_FIRST = 200;
export const PAGE_LAST = 599;
export const SOURCE_BYTES_MAX = 200 * 1024;
export const TAGS_MAX = 16;
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const TAG_PATTERN = /^[a-z0-9][a-z0-9._-]{0,31}$/;
export const ID_PATTERN = /^t_[0-9a-z]{16}$/;

/** Least and most of every number a definition holds; `limits.timeoutMs` and so on. */
export const BOUNDS = {
  timeoutMs: [10, 3_600_000],
  cpuMs: [10, 600_000],
  memoryBytes: [1024 * 1024, 128 * 1024 * 1024],
  outputBytes: [1024, 1024 * 1024],
  hostCalls: [0, 100_000],
  runs: [1, 10_000],
  failures: [0, 10_000],
  queueMax: [1, 100],
  windowMs: [1, 7 * 24 * 3600 * 1000],
  attempts: [0, 20],
  backoffMs: [0, 3_600_000],
  stopAfterFailures: [0, 10_000],
} as const satisfies Record<string, readonly [number, number]>;

/** Names that would be read as something else in an address, and why. */
export function nameIssue(name: string): string | null {
  if (!NAME_PATTERN.test(name)) {
    return "must be 1-64 of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit";
  }
  if (/^[1-8][0-9][0-9]$/.test(name)) return "must not look like a page number";
  if (ID_PATTERN.test(name)) return "must not look like a ticker's id";
  if (/\.(txt|ansi|svg|json)$/.test(name)) {
    return "must not end in .txt, .ansi, .svg or .json: those ask for the page in that format";
  }
  return null;
}

export type Settings = {
  policy: Policy;
  limits: Limits;
  retention: Retention;
  tags: string[];
};

export const SETTINGS_DEFAULT: Settings = {
  policy: POLICY_DEFAULT,
  limits: LIMITS_DEFAULT,
  retention: RETENTION_DEFAULT,
  tags: [],
};

/** Objects merge one level; tags are replaced. */
export function mergeSettings(before: Settings, patch: TickerPatch): Settings {
  return {
    policy: mergeOne(before.policy, patch.policy, POLICY_DEFAULT),
    limits: mergeOne(before.limits, patch.limits, LIMITS_DEFAULT),
    retention: mergeOne(before.retention, patch.retention, RETENTION_DEFAULT),
    tags: patch.tags === undefined ? before.tags : [...new Set(patch.tags ?? [])],
  };
}

/** Throws one error that names every fault. `source` is measured in UTF-8. */
export function checkInput(patch: TickerPatch): void {
  const issues: Issue[] = [];
  if (patch.name !== undefined) {
    const fault = nameIssue(patch.name);
    if (fault) issues.push({ path: "name", message: fault });
  }
  if (patch.script) {
    const bytes = new TextEncoder().encode(patch.script.source).length;
    if (bytes > SOURCE_BYTES_MAX) {
      issues.push({
        path: "script.source",
        message: `is ${bytes} bytes long; at most ${SOURCE_BYTES_MAX} are kept`,
      });
    }
  }
  if (issues.length > 0) throw refusal("The ticker cannot be saved as it is", issues);
}

/** The error that names these faults. */
export function refusal(what: string, issues: Issue[]): VisibleError {
  const words = issues.map(({ path, message }) => (path ? `${path} ${message}` : message));
  return new VisibleError("invalid", `${what}: ${words.join("; ")}.`, { issues });
}

function mergeOne<T extends object>(before: T, patch: Patch<T> | null | undefined, usual: T): T {
  if (patch === undefined) return before;
  if (patch === null) return usual;
  const merged = { ...before };
  for (const key of Object.keys(usual) as (keyof T)[]) {
    const value = patch[key];
    if (value === null) merged[key] = usual[key];
    else if (value !== undefined) merged[key] = value as T[keyof T];
  }
  return merged;
}
