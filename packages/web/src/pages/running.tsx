// P110: what runs, waits or queues now, with a way to end each.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { killRun } from "../actions.ts";
import { pathOf } from "../address.ts";
import { call, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import { Progress } from "../mosaic.tsx";
import { Title, usePage } from "../shell.tsx";
import { lookOfRun } from "../side.tsx";
import { tiles } from "../tiles.ts";
import type { RunView } from "../view.ts";
import { runWord, spanWord } from "../words.ts";

export type OpenRun = RunView & { name: string; page: number | null };

/** Open runs, read again whenever a ticker says that its runs changed. */
export function useOpenRuns(): { runs: OpenRun[] | null; trouble: string | null } {
  const runs = useSignal<OpenRun[] | null>(null);
  const trouble = useSignal<string | null>(null);
  const changes = tiles.value.map(({ value }) => `${value.runNumber}.${value.running}`).join();
  useEffect(() => {
    call<{ items: OpenRun[] }>("/runs").then(
      ({ items }) => {
        runs.value = items;
        trouble.value = null;
      },
      (error) => {
        trouble.value = reasonOf(error);
      },
    );
  }, [changes]);
  return { runs: runs.value, trouble: trouble.value };
}

export function RunningPage() {
  const { runs, trouble } = useOpenRuns();
  usePage("P110 Running now - Ticker", [
    { colour: "r", label: "Killall 180", href: "/180" },
    { colour: "g", label: "Now & next", href: "/606" },
    { colour: "y", label: "Failures", href: "/120" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Running now">
        <span class="t-w">{runs?.length ?? ""}</span>
      </Title>
      {trouble && <p class="t-r">{trouble}</p>}
      <OpenRunList runs={runs ?? []} hasStop />
      {runs?.length === 0 && <p class="t-c">Nothing runs at this moment.</p>}
    </main>
  );
}

export function OpenRunList({ runs, hasStop }: { runs: OpenRun[]; hasStop: boolean }) {
  return (
    <ul class="open">
      {runs.map((run) => {
        const look = lookOfRun(run);
        const key = run.page === null ? run.name : String(run.page);
        return (
          <li key={run.id} class={look.kind}>
            <a href={pathOf({ page: "run", key, run: run.number })}>
              <span class="t-y">{run.page ?? "---"}</span> {run.name}{" "}
              <span class="t-c">{runWord(run.number)}</span>
            </a>
            <span class="st">
              <span aria-hidden="true">{look.glyph}</span> {look.word}
            </span>
            {run.progress !== null && (
              <Progress share={run.progress} label={`${run.name}, run ${run.number}`} />
            )}
            <span class="t-y">{sinceOf(run)}</span>
            {hasStop && (
              <button
                type="button"
                onClick={() => void killRun({ ...run, tickerId: run.tickerId }, run.number)}
              >
                Stop
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Its record may not say yet when it started; when it was due is near enough. */
function sinceOf(run: OpenRun): string {
  return run.state === "running" ? spanWord(now.value - (run.startedAt ?? run.dueAt)) : "";
}
