// P185: what was deleted in the last thirty days, and the way back.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { restore } from "../actions.ts";
import { callAll, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import { Title, usePage } from "../shell.tsx";
import type { TickerView } from "../view.ts";
import { spanWord, whenWord } from "../words.ts";

const KEPT_MS = 30 * 86_400_000;

export function BinPage() {
  const found = useSignal<TickerView[] | null>(null);
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    callAll<TickerView>("/tickers?deleted=1").then(
      (items) => {
        found.value = items.filter((view) => view.deletedAt !== null);
      },
      (error) => {
        trouble.value = reasonOf(error);
      },
    );
  }, []);
  usePage("P185 Bin - Ticker", [
    { colour: "r", label: "New ticker", href: "/101" },
    { colour: "g", label: "Running", href: "/110" },
    { colour: "y", label: "A-Z 199", href: "/199" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Bin">
        <span class="t-c">
          deleted tickers are kept for 30 days, with their number and their runs
        </span>
      </Title>
      {trouble.value && <p class="t-r">{trouble.value}</p>}
      <ul class="open">
        {found.value?.map((view) => (
          <li key={view.id}>
            <span>
              <span class="t-y">{view.page ?? "---"}</span> {view.name}
            </span>
            <span class="t-c">
              deleted {whenWord(view.deletedAt ?? 0, now.value)}, gone in{" "}
              {spanWord((view.deletedAt ?? 0) + KEPT_MS - now.value)}
            </span>
            <button
              type="button"
              onClick={() => void restore({ tickerId: view.id, name: view.name, page: view.page })}
            >
              Restore
            </button>
          </li>
        ))}
      </ul>
      {found.value?.length === 0 && <p class="t-c">The bin is empty.</p>}
    </main>
  );
}
