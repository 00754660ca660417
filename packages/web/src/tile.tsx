// One ticker on the index: its state as a coloured bar, its number with a trend or its newest lines, and
// when it runs next.

import type { Signal } from "@preact/signals";
import type { Tile } from "@ticker/core/tile";
import { setState } from "./actions.ts";
import { pathOf } from "./address.ts";
import { readLines } from "./ansi.ts";
import { now } from "./clock.ts";
import { Progress, type Tone, Trend } from "./mosaic.tsx";
import { Pieces } from "./pieces.tsx";
import { held, staleSince } from "./service.ts";
import { keyOf, type Look, lookOf, shareOf } from "./tiles.ts";
import { changeWord, countWord, dueWord, spanWord, valueWord, whenWord } from "./words.ts";

const TREND_TONES: Tone[] = ["g", "c", "m"];

export function TileCard({ tile: { value: tile } }: { tile: Signal<Tile> }) {
  const look = lookOf(tile, held.value !== null, now.value);
  const path = pathOf({ page: "ticker", key: keyOf(tile) });
  return (
    <article class={`tile ${look.kind}`}>
      <h2>
        <a href={path}>
          <span class="n">{tile.page ?? "---"}</span> {tile.name}
        </a>
        <span class="st">
          <span aria-hidden="true">{look.glyph}</span> {look.word}
        </span>
      </h2>
      <div class="tb">{bodyOf(tile, look)}</div>
      <div class="tf">
        <span class="sched">{tile.when}</span>
        <Progress
          share={shareOf(tile, now.value)}
          label={tile.progress && tile.running ? `${tile.name}, run progress` : undefined}
        />
        <span class="nx">{footOf(tile, look)}</span>
      </div>
    </article>
  );
}

function bodyOf(tile: Tile, look: Look) {
  if (look.kind === "stop" && tile.lines.length === 0) return <StoppedBody tile={tile} />;
  if ("at" in tile.schedule && tile.nextDueAt !== null && tile.lines.length === 0)
    return <OnceBody tile={tile} dueAt={tile.nextDueAt} />;
  if (tile.metric && tile.metric.trend.length > 1 && look.kind !== "fail")
    return <NumberBody tile={tile} metric={tile.metric} />;
  return <Lines tile={tile} />;
}

function NumberBody({ tile, metric }: { tile: Tile; metric: NonNullable<Tile["metric"]> }) {
  const change = changeWord(metric.trend);
  const tone = TREND_TONES[(tile.page ?? 0) % TREND_TONES.length] ?? "g";
  return (
    <div class="num">
      <div class="bigv">
        <span class="dh">{valueWord(metric.value)}</span>
        <span class="u">{metric.name}</span>
        {change && <span class={change.isDown ? "ch t-r" : "ch t-g"}>{change.text}</span>}
      </div>
      <Trend
        values={metric.trend}
        rows={3}
        tone={tone}
        label={`Trend of ${metric.name}, last ${metric.trend.length} values, now ${valueWord(metric.value)}`}
      />
    </div>
  );
}

function OnceBody({ tile, dueAt }: { tile: Tile; dueAt: number }) {
  return (
    <>
      <div class="bigv one">
        <span class="dh">{dueWord(dueAt, now.value).text}</span>
      </div>
      <div class="out">
        <div>runs once, {whenWord(dueAt, now.value)}</div>
        {tile.state === "started" && <div class="t-c">then it is done</div>}
      </div>
    </>
  );
}

function StoppedBody({ tile }: { tile: Tile }) {
  const who = { tickerId: tile.tickerId, name: tile.name, page: tile.page };
  return (
    <div class="out">
      <div>
        Stopped{tile.lastFinishedAt ? `, ran ${whenWord(tile.lastFinishedAt, now.value)}` : ""}
      </div>
      <div>
        <button type="button" class="aslink t-y" onClick={() => void setState(who, "started")}>
          Start it
        </button>
      </div>
    </div>
  );
}

/** The newest lines; those of the same event share the room. */
function Lines({ tile }: { tile: Tile }) {
  const lines = tile.lines.flatMap(({ text }) => readLines(text));
  const shown = lines.slice(tile.error ? -4 : -5);
  return (
    <div class="out">
      {shown.map(({ pieces }, i) => (
        <div key={i}>
          <Pieces pieces={pieces} />
        </div>
      ))}
      {shown.length === 0 && <div class="t-c">{emptyWord(tile)}</div>}
      {tile.error && <div class="t-r">{tile.error}</div>}
    </div>
  );
}

function emptyWord(tile: Tile): string {
  if (tile.runNumber === 0) return "hand" in tile.schedule ? "waits for a hand" : "has not run yet";
  return "nothing printed";
}

function footOf(tile: Tile, look: Look): string {
  if (look.kind === "hold") return "on hold";
  if (look.kind === "run" && tile.startedAt !== null)
    return spanWord(Math.max(0, now.value - tile.startedAt));
  if (tile.state === "stopped") return look.word.toLowerCase();
  if ("hand" in tile.schedule) return tile.runNumber ? `run ${countWord(tile.runNumber)}` : "";
  // Its body counts down, and its schedule says when.
  if ("at" in tile.schedule) return "";
  // A countdown that starts over each second says nothing; the number of runs does.
  if ("every" in tile.schedule && tile.schedule.every < 2_000)
    return `run ${countWord(tile.runNumber)}`;
  if (tile.nextDueAt === null) return "";
  const due = dueWord(tile.nextDueAt, staleSince.value ?? now.value);
  return /\d/.test(due.text) && !due.isLate ? `next ${due.text}` : due.text;
}
