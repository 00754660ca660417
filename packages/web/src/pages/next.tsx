// P606 Now & next: what runs, and what is due, soonest first.

import { pathOf } from "../address.ts";
import { now } from "../clock.ts";
import { Instant, Title, usePage } from "../shell.tsx";
import { keyOf, nextUp, tiles } from "../tiles.ts";
import { clockWord, dueWord, whenWord } from "../words.ts";
import { OpenRunList, useOpenRuns } from "./running.tsx";

const SHOWN = 100;

export function NextPage() {
  const { runs } = useOpenRuns();
  const due = nextUp(
    tiles.value.map(({ value }) => value),
    SHOWN,
  );
  usePage("P606 Now & next - Ticker", [
    { colour: "r", label: "New ticker", href: "/101" },
    { colour: "g", label: "Running", href: "/110" },
    { colour: "y", label: "Failures", href: "/120" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Now & next" />
      <h2 class="bar-g">NOW</h2>
      <OpenRunList runs={runs ?? []} hasStop={false} />
      {runs?.length === 0 && <p class="t-c">Nothing runs at this moment.</p>}
      <h2 class="bar-c">NEXT</h2>
      <ol class="nextlist">
        {due.map((tile) => {
          const word = dueWord(tile.nextDueAt ?? 0, now.value);
          return (
            <li key={tile.tickerId}>
              <Instant at={tile.nextDueAt ?? 0}>
                <span class="t-y">{clockWord(tile.nextDueAt ?? 0)}</span>
              </Instant>
              <span class={word.isLate ? "t-r" : "t-w"}>{word.text}</span>
              <a href={pathOf({ page: "ticker", key: keyOf(tile) })}>
                <span class="t-y">{tile.page ?? "---"}</span> {tile.name}
              </a>
              <span class="t-c wide">{tile.when}</span>
              <span class="t-c wide">{whenWord(tile.nextDueAt ?? 0, now.value)}</span>
            </li>
          );
        })}
      </ol>
      {due.length === 0 && <p class="t-c">Nothing is due: every ticker is stopped or by hand.</p>}
    </main>
  );
}
