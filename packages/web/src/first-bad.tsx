// From a failed run back to where the trouble began: the first run that failed, and the last good one before it.

import { useSignal } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import { pathOf } from "./address.ts";
import { call, reasonOf } from "./api.ts";
import { tell } from "./notice.ts";
import type { Listed, RunView } from "./view.ts";
import { runWord } from "./words.ts";

type Place = { number: number; revision: number };
type Beginning = { bad: Place; good: Place | null };

const RUNS_A_PAGE = 100;

/** Reads back from a failed run until one succeeded, or none is kept. Runs that never ran say nothing. */
async function findBeginning(tickerId: string, from: Place): Promise<Beginning> {
  let bad = from;
  for (let before = from.number; ; ) {
    const ask = `before=${before}&limit=${RUNS_A_PAGE}`;
    const page = await call<Listed<RunView>>(`/tickers/${tickerId}/runs?${ask}`);
    for (const run of page.items) {
      if (run.outcome === "succeeded") return { bad, good: run };
      if (run.outcome && isFailure(run.outcome)) bad = run;
    }
    const oldest = page.items.at(-1);
    if (page.next === null || !oldest) return { bad, good: null };
    before = oldest.number;
  }
}

export function FirstBad({ view, ticker }: { view: RunView; ticker: string }) {
  const found = useSignal<Beginning | null>(null);
  const isBusy = useSignal(false);
  const find = async () => {
    isBusy.value = true;
    try {
      found.value = await findBeginning(view.tickerId, view);
    } catch (error) {
      tell(reasonOf(error), "fail");
    }
    isBusy.value = false;
  };
  if (!found.value)
    return (
      <p class="cmd">
        <button type="button" disabled={isBusy.value} onClick={() => void find()}>
          Find the first bad run
        </button>
      </p>
    );
  const { bad, good } = found.value;
  return (
    <div role="status">
      <dl class="cad">
        <div>
          <dt>first bad run</dt>
          <dd>
            <RunLink place={bad} ticker={ticker} />
          </dd>
        </div>
        <div>
          <dt>last good before</dt>
          <dd>{good ? <RunLink place={good} ticker={ticker} /> : "none is kept"}</dd>
        </div>
        {good && (
          <div>
            <dt>code between</dt>
            <dd>
              {good.revision === bad.revision ? "the same" : `v${good.revision} → v${bad.revision}`}
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}

function RunLink({ place, ticker }: { place: Place; ticker: string }) {
  return (
    <a class="t-y" href={pathOf({ page: "run", key: ticker, run: place.number })}>
      {runWord(place.number)} <span class="t-c">v{place.revision}</span>
    </a>
  );
}
