// P606 Now & next: what runs, and what is due, soonest first.

import { pathOf } from "../address.ts";
import { now } from "../clock.ts";
import { Instant, Title, usePage } from "../shell.tsx";
import { keyOf, nextUp, tiles } from "../tiles.ts";
import { clockWord, dateWord, dueWord, spanWord, whenWord } from "../words.ts";
import { OpenRunList, useOpenRuns } from "./running.tsx";

const SHOWN = 100;
const DAY_MS = 86_400_000;

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
          const at = tile.nextDueAt ?? 0;
          const isToday = dateWord(at) === dateWord(now.value);
          const word = dueWord(at, now.value);
          return (
            <li key={tile.tickerId}>
              <Instant at={at}>
                <span class="t-y">{isToday ? clockWord(at) : dateWord(at).slice(4)}</span>
              </Instant>
              <span class={word.isLate ? "t-r" : "t-w"}>
                {at - now.value < DAY_MS ? word.text : spanWord(at - now.value)}
              </span>
              <a href={pathOf({ page: "ticker", key: keyOf(tile) })}>
                <span class="t-y">{tile.page ?? "---"}</span> {tile.name}
              </a>
              <span class="t-c wide">{tile.when}</span>
              <span class="t-c wide">{whenWord(at, now.value)}</span>
            </li>
          );
        })}
      </ol>
      {due.length === 0 && <p class="t-c">Nothing is due: every ticker is stopped or by hand.</p>}
    </main>
  );
}
