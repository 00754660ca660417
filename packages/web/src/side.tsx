// The boxes beside a ticker's output: next run, numbers, cadence, runs, and how to get it elsewhere.

import { useSignal } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import type { Tile } from "@ticker/core/tile";
import { pathOf } from "./address.ts";
import { now } from "./clock.ts";
import { REASONS, sayOutcome } from "./log.ts";
import { Bars, type Mark, Trend } from "./mosaic.tsx";
import { tell } from "./notice.ts";
import { held, staleSince } from "./service.ts";
import { Instant } from "./shell.tsx";
import { durationOf, type Point, type RunRow, type Watch } from "./watch.ts";
import {
  countWord,
  dateWord,
  dueWord,
  lateWord,
  momentWord,
  plural,
  runWord,
  spanWord,
  timeWord,
  valueWord,
} from "./words.ts";

/** When it runs next, counted down in the server's time. */
export function NextBox({ tile }: { tile: Tile }) {
  return (
    <section>
      <h2>Next run</h2>
      {held.value || tile.nextDueAt === null ? (
        <p class="nextr">
          <span class="dh t-m">{waitsFor(tile)}</span>
        </p>
      ) : (
        <Countdown tile={tile} dueAt={tile.nextDueAt} />
      )}
    </section>
  );
}

function waitsFor(tile: Tile): string {
  if (held.value) return "on hold";
  if (tile.state === "stopped") return tile.stopReason === "done" ? "done" : "stopped";
  return "hand" in tile.schedule ? "by hand" : "after this";
}

/** A countdown that starts over before it is read says nothing. */
const isTicking = (tile: Tile) => "every" in tile.schedule && tile.schedule.every < 2_000;

function Countdown({ tile, dueAt }: { tile: Tile; dueAt: number }) {
  const due = dueWord(dueAt, staleSince.value ?? now.value);
  const tone = due.isLate ? "t-r" : staleSince.value === null ? "t-y" : "t-w";
  return (
    <p class="nextr">
      <span class={`dh ${tone}`}>{isTicking(tile) && !due.isLate ? "ticking" : due.text}</span>
      <span class="t-w">
        <Instant at={dueAt}>
          {dateWord(dueAt)} {timeWord(dueAt)}
        </Instant>
        <br />
        <span class="t-c">{tile.when}</span>
      </span>
    </p>
  );
}

/** The numbers it printed, as a chart with an axis. */
export function NumbersBox({ watch, tile }: { watch: Watch; tile: Tile }) {
  const chosen = useSignal<string | null>(null);
  const names = [...watch.numbers.value.keys()];
  const name =
    chosen.value ?? (names.includes(tile.metric?.name ?? "") ? tile.metric?.name : names[0]);
  const points = watch.numbers.value.get(name ?? "") ?? [];
  if (!name || points.length < 2) return null;
  return (
    <section>
      <h2>
        <span class="cut">{name}</span>{" "}
        <span class="hv">{valueWord(points.at(-1)?.value ?? 0)}</span>
      </h2>
      <Chart name={name} points={points} />
      {names.length > 1 && (
        <p class="pick">
          {names.map((other) => (
            <button
              key={other}
              type="button"
              aria-pressed={other === name}
              onClick={() => {
                chosen.value = other;
              }}
            >
              {other}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}

function Chart({ name, points }: { name: string; points: Point[] }) {
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const middle = points[Math.floor(points.length / 2)];
  const label = `Line chart of ${name}, ${values.length} values from ${valueWord(low)} to ${valueWord(high)}, now ${valueWord(values.at(-1) ?? 0)}`;
  return (
    <>
      <div class="chart">
        <Trend values={values} rows={5} tone="g" label={label} />
        <div class="ax">
          <span>{valueWord(high)}</span>
          <span>{valueWord((high + low) / 2)}</span>
          <span>{valueWord(low)}</span>
        </div>
      </div>
      <p class="axx">
        <span>{timeWord(points[0]?.at ?? 0)}</span>
        <span>{timeWord(middle?.at ?? 0)}</span>
        <span>now</span>
      </p>
    </>
  );
}

/** What was asked for, and what came of it. */
export function CadenceBox({ tile, watch }: { tile: Tile; watch: Watch }) {
  const because = (outcome: string) => {
    const row = watch.runs.value.find((run) => run.outcome === outcome);
    return row?.reason ? (REASONS[row.reason] ?? row.reason) : "";
  };
  return (
    <section>
      <h2>
        Cadence <span class="hv">{tile.when}</span>
      </h2>
      <dl class="cad">
        <div>
          <dt>late p50 / p95 / max</dt>
          <dd>
            {tile.late
              ? `${lateWord(tile.late.p50)} / ${lateWord(tile.late.p95)} / ${lateWord(tile.late.max)}`
              : "no runs yet"}
          </dd>
        </div>
        <Unrun name="skipped" count={tile.skipped} because={because("skipped")} />
        <Unrun name="missed" count={tile.missed} because={because("missed")} />
      </dl>
    </section>
  );
}

function Unrun({ name, count, because }: { name: string; count: number; because: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={count ? "t-y" : ""}>
        {countWord(count)}
        {count > 0 && because && <span class="t-c why">{because}</span>}
      </dd>
    </div>
  );
}

const RUNS_LISTED = 8;
const BARS_SHOWN = 36;

/** The newest runs, with a bar each for how long they took. */
export function RunsBox({ watch, ticker }: { watch: Watch; ticker: string }) {
  const rows = watch.runs.value;
  const ran = rows
    .filter((row) => row.startedAt !== null)
    .slice(0, BARS_SHOWN)
    .reverse();
  const over = ran.filter((row) => row.outcome !== null);
  const good = over.filter((row) => row.outcome === "succeeded").length;
  const lengths = ran.map((row) => Math.max(1, durationOf(row, now.value) ?? 1));
  const tones = new Map<number, Mark>();
  ran.forEach((row, i) => {
    if (row.outcome === null) tones.set(i, { tone: "y" });
    else if (isFailure(row.outcome)) tones.set(i, { tone: "r" });
  });
  return (
    <section>
      <h2>
        Runs{" "}
        {over.length > 0 && (
          <span class="hv">{Number(((good / over.length) * 100).toFixed(1))}% ok</span>
        )}
      </h2>
      {ran.length > 1 && (
        <div class="dur">
          <Bars
            values={lengths}
            max={highBar(lengths)}
            rows={3}
            tone="g"
            tones={tones}
            isSpaced
            label={`Duration of the last ${plural(ran.length, "run")}, ${over.length - good} did not succeed`}
          />
        </div>
      )}
      <ol class="runs">
        {rows.slice(0, RUNS_LISTED).map((row) => (
          <RunItem key={row.number} row={row} ticker={ticker} />
        ))}
      </ol>
      {rows.length === 0 && <p class="t-c">No runs yet.</p>}
    </section>
  );
}

/** One run that took very long must not flatten all others: bars end at four times the median. */
function highBar(lengths: number[]): number {
  const median = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 1;
  return Math.max(1, Math.min(Math.max(...lengths), median * 4));
}

/** Its glyph and class, in the colours of the whole console. */
export function lookOfRun(row: { outcome: RunRow["outcome"]; state: RunRow["state"] }): {
  kind: string;
  glyph: string;
  word: string;
} {
  if (row.outcome === null) {
    if (row.state === "running") return { kind: "run", glyph: "▶", word: "RUNNING" };
    return { kind: "wait", glyph: "○", word: row.state.toUpperCase() };
  }
  if (row.outcome === "succeeded") return { kind: "ok", glyph: "✓", word: "OK" };
  if (row.outcome === "skipped" || row.outcome === "missed")
    return { kind: "un", glyph: "–", word: row.outcome.toUpperCase() };
  if (row.outcome === "killed") return { kind: "un", glyph: "■", word: "KILLED" };
  return { kind: "fail", glyph: "✗", word: row.outcome.toUpperCase() };
}

/** One run as a line of a list. */
export function RunItem(props: { row: RunRow; ticker: string; isLong?: boolean }) {
  const { row, ticker } = props;
  const look = lookOfRun(row);
  const took = durationOf(row, now.value);
  return (
    <li class={look.kind}>
      <a href={pathOf({ page: "run", key: ticker, run: row.number })}>
        <span class="rn">{runWord(row.number)}</span>
        <span class="ic">
          <span aria-hidden="true">{look.glyph}</span>
          <span class="unseen">{look.word.toLowerCase()}</span>
        </span>
        <span class="rt">{momentWord(row.dueAt, now.value)}</span>
        <span class="rd">{took === null ? "" : spanWord(took)}</span>
        <span class="rx">{props.isLong ? longRemarkOf(row) : remarkOf(row)}</span>
      </a>
    </li>
  );
}

function remarkOf(row: RunRow): string {
  if (row.outcome === "skipped" || row.outcome === "missed") return `${row.outcome} ${row.count}`;
  if (row.outcome === null && row.progress) return `${Math.round(row.progress.fraction * 100)}%`;
  if (row.outcome === null || row.outcome === "succeeded") return "";
  return row.outcome;
}

function longRemarkOf(row: RunRow): string {
  if (row.outcome === null || row.outcome === "succeeded") return remarkOf(row);
  if (row.reason) return `${remarkOf(row)}: ${REASONS[row.reason] ?? row.reason}`;
  return sayOutcome(row.outcome, row.error);
}

/** The same page for a terminal. */
export function ShareBox({ path }: { path: string }) {
  const command = `curl -H "authorization: Bearer $TOKEN" ${location.origin}${path}`;
  const copy = () =>
    navigator.clipboard.writeText(command).then(
      () => tell("The command is copied; tokens are on P192"),
      () => tell("The browser did not allow copying", "fail"),
    );
  return (
    <section>
      <h2>
        Elsewhere <span class="hv">text, ANSI, JSON, SVG</span>
      </h2>
      <p class="cmd">
        <span class="t-c">$</span> <span class="txt">curl {location.host + path}</span>{" "}
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
      </p>
    </section>
  );
}
