// What the API asks of the running service: the verbs that start, end and watch runs. Implemented by
// `makeEngine` from the scheduler, the runner and the feed; the API never touches those itself.

import type { SandboxEvent, SandboxResult } from "./platform.ts";
import type { Run } from "./run.ts";
import type { Entry } from "./store.ts";
import type { Limits, Script } from "./ticker.ts";
import type { Tile } from "./tile.ts";

export type TryEvent =
  | SandboxEvent
  /** A state write that would have been kept. `value` null: removed. */
  | { kind: "state"; at: number; key: string; value: string | null };

export type Engine = {
  /** A definition or state changed: look at due times again and tell the watchers. `removed`: out of sight. */
  changed(owner: string, tickerId: string, removed?: boolean): void;
  /** Run now. Answers the run, running or queued. Errors: not-found, held, conflict (overlap skip while running), limit. */
  runNow(owner: string, tickerId: string): Promise<Run>;
  /** Stop: no new run starts once this resolves; queued runs end as killed; a run under way goes on. */
  stop(owner: string, tickerId: string): Promise<Entry>;
  /** Kill one run; resolves when it is over (within a second). Errors: not-found; an ended run is answered as it is. */
  kill(owner: string, tickerId: string, number: number): Promise<Run>;
  /** Killall: nothing runs and nothing starts until release. Resolves when all are over. */
  killAll(owner: string, by: string, reason: string | null): Promise<{ killed: number }>;
  release(owner: string): Promise<void>;
  /** An outside process sets the ticker's text: a finished run of its own. */
  setOutput(owner: string, tickerId: string, text: string): Promise<Run>;
  /** Dry run of unsaved code: nothing is stored. `tickerId` lends its state and facts. */
  tryScript(
    owner: string,
    ask: { script: Script; limits: Limits; tickerId: string | null; signal: AbortSignal },
    onEvents: (events: TryEvent[]) => void,
  ): Promise<SandboxResult>;
  /** The tiles of these entries, in the same order. */
  tiles(entries: Entry[]): Promise<Tile[]>;
  /** The service's own numbers. */
  numbers(): EngineNumbers;
};

export type EngineNumbers = {
  /** Since the process started. */
  startedAt: number;
  runsStarted: number;
  runsFinished: Record<string, number>;
  skipped: number;
  missed: number;
  /** Lateness of the newest 1,000 scheduled runs, ms. */
  late: { p50: number; p95: number; p99: number; max: number } | null;
  running: number;
  sandboxRoom: number;
  watchers: number;
  /** Messages sent to watchers, and gaps they were told of. */
  deliveries: number;
  gaps: number;
};
