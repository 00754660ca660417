// What runs without a due time: the dry run of unsaved code, which stores nothing, and the text an outside
// process sets, which is stored as a finished run of its own.

import type { TryEvent } from "./engine.ts";
import { VisibleError } from "./error.ts";
import type { Happening } from "./event.ts";
import type { Facts } from "./facts.ts";
import { type Mask, makeMask, maskError } from "./mask.ts";
import { makeOutput } from "./output.ts";
import type { Platform, SandboxEvent, SandboxResult } from "./platform.ts";
import { runId } from "./run.ts";
import { sense } from "./sense.ts";
import {
  LIMITS_DEFAULT,
  type Limits,
  POLICY_DEFAULT,
  RETENTION_DEFAULT,
  type Script,
  type Ticker,
} from "./ticker.ts";

/** Dry runs at once per account. */
const TRIALS_MAX = 4;

export type TryAsk = {
  script: Script;
  limits: Limits;
  tickerId: string | null;
  signal: AbortSignal;
};

/** Code that was never saved has an id that no ticker can have, and so no state and no past. */
const NOBODY: Ticker = {
  id: "t_unsaved",
  owner: "",
  page: null,
  name: "unsaved",
  script: { language: "javascript", source: "" },
  schedule: { hand: true },
  policy: POLICY_DEFAULT,
  limits: LIMITS_DEFAULT,
  retention: RETENTION_DEFAULT,
  tags: [],
  revision: 0,
  createdAt: 0,
  updatedAt: 0,
  deletedAt: null,
  requestHash: null,
};

export function makeTrial(platform: Platform, facts: Facts) {
  const { store, clock } = platform;
  const underway = new Map<string, number>();
  let serial = 0;

  /** The ticker that lends its state and facts, or one that is nobody's. */
  async function tickerFor(owner: string, ask: TryAsk): Promise<[Ticker, number]> {
    const { script, limits, tickerId } = ask;
    if (tickerId === null) return [{ ...NOBODY, owner, script, limits }, 1];
    const entry = await store.readTicker(owner, { id: tickerId });
    if (entry === null) throw new VisibleError("not-found", `there is no ticker ${tickerId}`);
    return [{ ...entry.ticker, script, limits }, entry.status.runNumber + 1];
  }

  /** Errors: not-found, limit. */
  async function run(
    owner: string,
    ask: TryAsk,
    onEvents: (events: TryEvent[]) => void,
  ): Promise<SandboxResult> {
    const count = underway.get(owner) ?? 0;
    if (count >= TRIALS_MAX) {
      throw new VisibleError("limit", `${TRIALS_MAX} dry runs are under way; wait for one to end`, {
        retryAfterMs: 1_000,
      });
    }
    underway.set(owner, count + 1);
    try {
      const [ticker, number] = await tickerFor(owner, ask);
      const dueAt = clock.now();
      const run = { number, attempt: 1, trigger: "hand", dueAt } as const;
      const given = await facts.gather(ticker, run);
      const mask = makeMask(Object.values(given.secrets));
      const id = `try.${++serial}`;
      const end = (): void => platform.sandbox.kill(id);
      ask.signal.addEventListener("abort", end, { once: true });
      const job = { id, script: ask.script, limits: ask.limits, ...given };
      const result = await platform.sandbox.run(job, (events) => onEvents(shown(events, mask)));
      ask.signal.removeEventListener("abort", end);
      const writes: TryEvent[] = Object.entries(result.stateWrites).map(([key, value]) => ({
        kind: "state",
        at: result.finishedAt,
        key: mask(key),
        value: value === null ? null : mask(value),
      }));
      if (writes.length > 0) onEvents(writes);
      return { ...result, error: result.error && maskError(result.error, mask) };
    } finally {
      underway.set(owner, (underway.get(owner) ?? 1) - 1);
    }
  }

  /** Stores `text` as the output of a finished run. Null: no such ticker. */
  function record(ticker: Ticker, text: string) {
    const at = clock.now();
    const output = makeOutput(ticker.limits.outputBytes, (t) => t);
    output.add([{ kind: "output", at, text, stream: "out" }]);
    const happenings: Happening[] = [
      { kind: "started", at, attempt: 1, lateMs: 0 },
      ...output.take(),
      ...output.close(at),
      { kind: "finished", at, outcome: "succeeded", error: null, durationMs: 0 },
    ];
    return store.recordRun({
      id: runId(ticker.id, at, "outside"),
      owner: ticker.owner,
      tickerId: ticker.id,
      at,
      happenings,
      lastLine: output.lastLine(),
      metrics: output.metrics,
      progress: output.progress(),
      outputBytes: new TextEncoder().encode(text).length,
      droppedBytes: output.droppedBytes(),
    });
  }

  return { run, record };
}

/** Masked, and with what plain lines mean beside their text. */
function shown(events: SandboxEvent[], mask: Mask): TryEvent[] {
  return events.flatMap((event): TryEvent[] => {
    switch (event.kind) {
      case "output": {
        const text = mask(event.text);
        const meant = event.stream === "err" ? [] : text.split("\n").flatMap(sense);
        return [{ ...event, text }, ...meant.map((s) => ({ ...s, at: event.at }))];
      }
      case "progress":
        return [{ ...event, message: event.message === null ? null : mask(event.message) }];
      case "fetch":
        return [{ ...event, url: mask(event.url), note: mask(event.note) }];
      default:
        return [event];
    }
  });
}
