// What a dry run prints, fetches and would keep.

import type { Outcome } from "@ticker/core/run";
import { readLines } from "../ansi.ts";
import { sayOutcome } from "../log.ts";
import { Pieces } from "../pieces.tsx";
import type { TryLine, TryResult } from "../view.ts";
import { sizeWord, spanWord, timeWord, valueWord } from "../words.ts";

export type Trial = {
  isRunning: boolean;
  lines: TryLine[];
  result: TryResult | null;
  trouble: string | null;
};
export const NO_TRIAL: Trial = { isRunning: false, lines: [], result: null, trouble: null };

/** Lines shown of a dry run; the newest are the ones that matter. */
const SHOWN = 300;

export function TryBox({ trial, onTry }: { trial: Trial; onTry: () => void }) {
  const { isRunning, lines, result, trouble } = trial;
  const hasFailed = trouble !== null || (result !== null && result.outcome !== "succeeded");
  return (
    <section class={hasFailed ? "try fail" : "try"} id="try" aria-label="Try it">
      <h2>
        <span>Try it</span>
        <span>
          dry run<span class="wide">, nothing is saved</span>
        </span>
        <span class="hv" role="status">
          {isRunning ? "▶ running" : verdict(result, trouble)}
        </span>
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys */}
      <div class="log" role="log" aria-label="Dry run output" aria-live="off" tabIndex={0}>
        {lines.length > SHOWN && <p class="t-c">{lines.length - SHOWN} earlier lines not shown</p>}
        {lines.slice(-SHOWN).map((line, i) => (
          <TryRow key={i} line={line} />
        ))}
        {trouble && <p class="t-r">✗ {trouble}</p>}
        {result && <ResultRow result={result} />}
        {!isRunning && !result && !trouble && lines.length === 0 && (
          <p class="t-c">
            <button type="button" class="aslink" onClick={onTry}>
              Run it once without saving
            </button>{" "}
            (Ctrl+Enter)
          </p>
        )}
      </div>
    </section>
  );
}

function verdict(result: TryResult | null, trouble: string | null): string {
  if (trouble) return "✗ refused";
  if (!result) return "";
  const took = spanWord(result.finishedAt - (result.startedAt ?? result.finishedAt));
  return result.outcome === "succeeded" ? `✓ ${took}` : `✗ ${result.outcome} ${took}`;
}

function ResultRow({ result }: { result: TryResult }) {
  const failed = result.outcome !== "succeeded";
  return (
    <p class={failed ? "t-r" : "t-g"}>
      {failed ? `✗ ${sayOutcome(result.outcome as Outcome, result.error)}` : "✓ succeeded"}
      <span class="t-c">
        , {spanWord(result.cpuMs)} of CPU, {sizeWord(result.outputBytes)} printed
      </span>
    </p>
  );
}

function TryRow({ line }: { line: TryLine }) {
  if (line.kind === "result" || line.kind === "progress") return null;
  return (
    <div class={line.kind === "output" && line.stream === "err" ? "l err" : "l"}>
      <span class="ts">{timeWord(line.at, true)}</span>
      <span class="tx">{sayLine(line)}</span>
    </div>
  );
}

function sayLine(line: Exclude<TryLine, TryResult>) {
  switch (line.kind) {
    case "output":
      return readLines(line.text).map(({ pieces }, i) => (
        <div key={i}>
          <Pieces pieces={pieces} />
        </div>
      ));
    case "fetch":
      return (
        <>
          fetch {line.method} {line.url}{" "}
          <span class={/^[23]\d\d$/.test(line.note) ? "t-g" : "t-r"}>{line.note}</span>{" "}
          <span class="t-c">{spanWord(line.durationMs)}</span>
        </>
      );
    case "state":
      return (
        <span class="t-m">
          {line.value === null
            ? `would remove state ${line.key}`
            : `would set state ${line.key} = ${line.value}`}
        </span>
      );
    case "metric":
      return (
        <span class="t-c">
          metric {line.name} = {valueWord(line.value)}
        </span>
      );
    default:
      return null;
  }
}
