// What a dry run prints, fetches and would keep.

import type { Outcome } from "@ticker/core/run";
import type { TargetedEvent } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { readLines } from "../ansi.ts";
import { BOTTOM_PX } from "../follow.ts";
import { sayOutcome } from "../log.ts";
import { Pieces } from "../pieces.tsx";
import type { TryLine, TryResult } from "../view.ts";
import { countWord, sizeWord, spanWord, timeWord, valueWord } from "../words.ts";

export type Trial = {
  isRunning: boolean;
  lines: TryLine[];
  result: TryResult | null;
  trouble: string | null;
};
export const NO_TRIAL: Trial = { isRunning: false, lines: [], result: null, trouble: null };

/** The trouble of a dry run that its viewer ended. */
export const STOPPED = "stopped";
/** Lines shown of a dry run; the newest are the ones that matter. */
const SHOWN = 300;

export function TryBox({ trial, onTry }: { trial: Trial; onTry: () => void }) {
  const { isRunning, lines, result, trouble } = trial;
  const shown = useMemo(() => newest(lines), [lines]);
  const box = useRef<HTMLDivElement>(null);
  const isReadingUp = useRef(false);
  useLayoutEffect(() => {
    if (lines.length === 0) isReadingUp.current = false;
    if (!isReadingUp.current) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [trial]);
  const noteScroll = ({ currentTarget: log }: TargetedEvent<HTMLElement>) => {
    isReadingUp.current = log.scrollHeight - log.scrollTop - log.clientHeight > BOTTOM_PX;
  };
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
      <div
        ref={box}
        class="log"
        role="log"
        aria-label="Dry run output"
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys
        tabIndex={0}
        onScroll={noteScroll}
      >
        {shown.left > 0 && <p class="t-c">{countWord(shown.left)} earlier lines not shown</p>}
        {shown.rows.map(({ line, room }, i) => (
          <TryRow key={i} line={line} room={room} />
        ))}
        {trouble && trouble !== STOPPED && <p class="t-r">✗ {trouble}</p>}
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

/** The newest lines that are shown, how many each of them may take, and how many lines are left out. */
function newest(lines: TryLine[]) {
  const rows: { line: TryLine; room: number }[] = [];
  let room = SHOWN;
  let left = 0;
  for (const line of lines.toReversed()) {
    const height = line.kind === "output" ? line.text.split("\n").length : 1;
    left += Math.max(0, height - room);
    if (room > 0) rows.unshift({ line, room });
    room = Math.max(0, room - height);
  }
  return { rows, left };
}

function verdict(result: TryResult | null, trouble: string | null): string {
  if (trouble) return trouble === STOPPED ? "■ stopped" : "✗ refused";
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

function TryRow({ line, room }: { line: TryLine; room: number }) {
  if (line.kind === "result" || line.kind === "progress") return null;
  return (
    <div class={line.kind === "output" && line.stream === "err" ? "l err" : "l"}>
      <span class="ts">{timeWord(line.at, true)}</span>
      <span class="tx">{sayLine(line, room)}</span>
    </div>
  );
}

function sayLine(line: Exclude<TryLine, TryResult>, room: number) {
  switch (line.kind) {
    case "output":
      return readLines(line.text)
        .slice(-room)
        .map(({ pieces }, i) => (
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
