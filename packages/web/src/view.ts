// What the REST API answers, as the console reads it. Instants are epoch ms.

import type { Event } from "@ticker/core/event";
import type { Run, ScriptError } from "@ticker/core/run";
import type { Schedule } from "@ticker/core/schedule";
import type { Limits, Policy, Retention, Script } from "@ticker/core/ticker";
import type { Tile } from "@ticker/core/tile";

export type TickerView = {
  id: string;
  page: number | null;
  name: string;
  script: Script;
  schedule: Schedule;
  when: string;
  policy: Policy;
  limits: Limits;
  retention: Retention;
  tags: string[];
  revision: number;
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
  status: { state: "started" | "stopped"; nextDueAt: number | null; runNumber: number };
  tile: Tile;
};
export type RunView = Omit<Run, "owner" | "lease">;
export type RunPage = RunView & { events: Event[]; nextSeq: number | null };
export type Listed<T> = { items: T[]; next: string | null };
export type Tally = {
  minuteAt: number;
  succeeded: number;
  failed: number;
  skipped: number;
  missed: number;
};
export type StatusView = {
  version: string;
  now: number;
  account: { id: string; name: string };
  minutes: Tally[];
};
export type Preview = {
  schedule: Schedule;
  words: string;
  zone: string;
  next: { at: number; local: string; note: string | null }[];
  perDay: number | null;
};
export type TryLine =
  | Event
  | { kind: "output"; at: number; text: string; stream: "out" | "err" }
  | { kind: "progress"; at: number; fraction: number; message: string | null }
  | { kind: "metric"; at: number; name: string; value: number }
  | { kind: "fetch"; at: number; method: string; url: string; note: string; durationMs: number }
  | { kind: "state"; at: number; key: string; value: string | null }
  | TryResult;
export type TryResult = {
  kind: "result";
  outcome: string;
  error: ScriptError | null;
  startedAt: number | null;
  finishedAt: number;
  cpuMs: number;
  outputBytes: number;
  stateWrites: Record<string, string | null>;
};
export type TokenView = {
  id: string;
  name: string;
  scopes: string[];
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
};
/** RFC 9457, with what the API adds. */
export type ProblemBody = {
  title: string;
  status: number;
  detail?: string;
  code?: string;
  issues?: { path: string; message: string }[];
  retryAfterMs?: number;
  current?: TickerView;
};
