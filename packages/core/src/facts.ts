// What a script is given beside its source: the facts of its run, its ticker's kept state, and the secrets
// it names. Shared by real runs and dry runs.

import { secretsNamed } from "./mask.ts";
import type { Platform, RunFacts, ServiceFacts } from "./platform.ts";
import { isFailure, type Run } from "./run.ts";
import type { Ticker } from "./ticker.ts";

type Memory = Pick<RunFacts, "last" | "lastFailure">;
export type Given = {
  facts: RunFacts;
  state: Record<string, string>;
  secrets: Record<string, string>;
};

const MEMORIES_MAX = 20_000;
/** Records looked at to find the last one that really ran. */
const RUNS_READ = 20;

export type Facts = {
  /** Everything for an attempt of `run`; for a dry run, a run that is not stored and maybe no saved ticker. */
  gather(
    ticker: Ticker,
    run: Pick<Run, "number" | "attempt" | "trigger" | "dueAt">,
  ): Promise<Given>;
  /** A run ended: the next one of its ticker will know. */
  remember(run: Run): void;
};

export function makeFacts(platform: Platform, service: () => ServiceFacts): Facts {
  const { store } = platform;
  const memories = new Map<string, Memory>();

  async function memoryOf(ticker: Ticker): Promise<Memory> {
    const known = memories.get(ticker.id);
    if (known) return known;
    const [ran, failed] = await Promise.all([
      store.listRuns(ticker.owner, ticker.id, { before: null, limit: RUNS_READ, failed: false }),
      store.listRuns(ticker.owner, ticker.id, { before: null, limit: 1, failed: true }),
    ]);
    const memory: Memory = { last: null, lastFailure: null };
    for (const run of [...failed, ...ran.reverse()]) note(memory, run);
    if (memories.size >= MEMORIES_MAX) memories.clear();
    memories.set(ticker.id, memory);
    return memory;
  }

  async function secretsOf(owner: string, source: string): Promise<Record<string, string>> {
    const names = secretsNamed(source);
    if (names.length === 0) return {};
    const sealed = await store.readSecrets(owner, names);
    const opened = sealed.map(async (s) => [s.name, await platform.vault.open(s.sealed)] as const);
    return Object.fromEntries(await Promise.all(opened));
  }

  return {
    async gather(ticker, run) {
      const [state, secrets, memory] = await Promise.all([
        store.readState(ticker.id),
        secretsOf(ticker.owner, ticker.script.source),
        memoryOf(ticker),
      ]);
      const { id, name, page } = ticker;
      const { number, attempt, trigger, dueAt } = run;
      return {
        facts: {
          ticker: { id, name, page },
          run: { number, attempt, trigger },
          dueAt,
          last: memory.last,
          lastFailure: memory.lastFailure,
          service: service(),
        },
        state,
        secrets,
      };
    },
    remember(run) {
      const memory = memories.get(run.tickerId);
      if (memory) note(memory, run);
    },
  };
}

function note(memory: Memory, run: Run): void {
  if (run.startedAt === null || run.outcome === null || run.finishedAt === null) return;
  const { outcome, finishedAt: at } = run;
  if (memory.last === null || memory.last.at <= at) {
    memory.last = { outcome, at, line: run.lastLine, metrics: run.metrics };
  }
  if (isFailure(outcome) && (memory.lastFailure === null || memory.lastFailure.at <= at)) {
    memory.lastFailure = { outcome, at, message: run.error?.message ?? outcome };
  }
}
