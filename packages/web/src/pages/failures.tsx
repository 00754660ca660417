// P120: tickers whose newest run failed, with what it said, grouped when they say the same.

import { signal, useSignal } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import type { Tile } from "@ticker/core/tile";
import { useEffect } from "preact/hooks";
import { runNow } from "../actions.ts";
import { pathOf } from "../address.ts";
import { call } from "../api.ts";
import { now } from "../clock.ts";
import { sayOutcome } from "../log.ts";
import { Title, usePage } from "../shell.tsx";
import { keyOf, tiles } from "../tiles.ts";
import type { RunView } from "../view.ts";
import { plural, whenWord } from "../words.ts";

/** The newest failed run of each ticker, as last read. */
const newest = signal<ReadonlyMap<string, RunView>>(new Map());

export function FailuresPage() {
  const failing = tiles.value
    .map(({ value }) => value)
    .filter((tile) => tile.lastOutcome !== null && isFailure(tile.lastOutcome));
  const isReading = useSignal(false);
  const changes = failing.map((tile) => `${tile.tickerId}.${tile.lastFinishedAt}`).join();
  useEffect(() => {
    isReading.value = true;
    void readNewest(failing).then(() => {
      isReading.value = false;
    });
  }, [changes]);
  usePage("P120 Failures - Ticker", [
    { colour: "r", label: "Killall 180", href: "/180" },
    {
      colour: "g",
      label: "Run all again",
      act: () => failing.forEach((tile) => void runNow(tile)),
    },
    { colour: "y", label: "Running", href: "/110" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Failures">
        <span class="t-w">{plural(failing.length, "ticker")} failing</span>
      </Title>
      {failing.length === 0 && <p class="t-g">✓ No failures: every newest run went well.</p>}
      {groups(failing).map(([message, members]) => (
        <section key={message} class="group">
          <h2>
            <span>✗ {message}</span>
            <span class="hv">{members.length > 1 ? plural(members.length, "ticker") : ""}</span>
          </h2>
          <ul class="open">
            {members.map((tile) => (
              <Failing key={tile.tickerId} tile={tile} />
            ))}
          </ul>
        </section>
      ))}
    </main>
  );
}

function Failing({ tile }: { tile: Tile }) {
  const run = newest.value.get(tile.tickerId);
  const key = keyOf(tile);
  return (
    <li class="fail">
      <a href={pathOf({ page: "run", key, run: run?.number ?? "last-failed" })}>
        <span class="t-y">{tile.page ?? "---"}</span> {tile.name}
      </a>
      <span class="t-c">
        {plural(tile.failuresInRow, "failure")} in a row
        {tile.lastFinishedAt ? `, last ${whenWord(tile.lastFinishedAt, now.value)}` : ""}
      </span>
      <button type="button" onClick={() => void runNow(tile)}>
        Run now
      </button>
    </li>
  );
}

/** Tickers by what their newest failure said; numbers in it do not make a difference. */
function groups(failing: Tile[]): [string, Tile[]][] {
  const found = new Map<string, { message: string; members: Tile[] }>();
  for (const tile of failing) {
    const run = newest.value.get(tile.tickerId);
    const message = run?.outcome ? sayOutcome(run.outcome, run.error) : (tile.lastOutcome ?? "");
    const key = message.replace(/\d+/g, "#");
    const group = found.get(key) ?? { message, members: [] };
    group.members.push(tile);
    found.set(key, group);
  }
  return [...found.values()].map(({ message, members }) => [message, members]);
}

async function readNewest(failing: Tile[]) {
  const read = async (tile: Tile): Promise<[string, RunView] | null> => {
    try {
      const run = await call<RunView>(`/tickers/${tile.tickerId}/runs/last-failed?limit=1`);
      return [tile.tickerId, run];
    } catch {
      // Not kept any more: the tile alone says that it failed.
      return null;
    }
  };
  const found = await Promise.all(failing.map(read));
  newest.value = new Map(found.filter((entry) => entry !== null));
}
