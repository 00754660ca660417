// All runs of a ticker, newest first, live at the top and older ones on demand.

import { useSignal } from "@preact/signals";
import { pathOf } from "../address.ts";
import { call, reasonOf } from "../api.ts";
import { tell } from "../notice.ts";
import { Title, usePage } from "../shell.tsx";
import { RunItem } from "../side.tsx";
import { findTile, hasTiles, keyOf } from "../tiles.ts";
import type { Listed, RunView } from "../view.ts";
import type { RunRow } from "../watch.ts";
import { countWord } from "../words.ts";
import { MissingPage } from "./missing.tsx";
import { useWatch } from "./ticker.tsx";

const OLDER_A_TIME = 100;

export function RunsPage({ address }: { address: string }) {
  const tile = findTile(address)?.value;
  if (!tile) {
    if (hasTiles.value) return <MissingPage path={`/${address}/runs`} />;
    return <main id="main" class="plainpage" />;
  }
  return <Known id={tile.tickerId} name={tile.name} address={keyOf(tile)} total={tile.runNumber} />;
}

function Known(props: { id: string; name: string; address: string; total: number }) {
  const watch = useWatch(props.id, null, 1);
  const older = useSignal<RunRow[]>([]);
  const isEnd = useSignal(false);
  const onlyFailed = useSignal(false);
  const first = pathOf({ page: "ticker", key: props.address });
  usePage(`Runs of ${props.name} - Ticker`, [
    { colour: "r", label: "Last failed", href: `${first}/last-failed` },
    { colour: "g", label: "Newest run", href: `${first}/latest` },
    { colour: "y", label: onlyFailed.value ? "All runs" : "Only failed", act: () => flip() },
    { colour: "c", label: "Live", href: first },
  ]);
  const flip = () => {
    onlyFailed.value = !onlyFailed.value;
    older.value = [];
    isEnd.value = false;
    if (onlyFailed.value) void load();
  };
  const live = onlyFailed.value ? [] : watch.runs.value;
  const oldest = older.value.at(-1)?.number ?? live.at(-1)?.number;
  const rows = [
    ...live,
    ...older.value.filter((row) => !live.some((one) => one.number === row.number)),
  ];
  const load = async () => {
    const before = onlyFailed.value && older.value.length === 0 ? undefined : oldest;
    const ask = `limit=${OLDER_A_TIME}${before ? `&before=${before}` : ""}${onlyFailed.value ? "&failed=1" : ""}`;
    try {
      const page = await call<Listed<RunView>>(`/tickers/${props.id}/runs?${ask}`);
      older.value = [...older.value, ...page.items.map((run) => ({ ...run, progress: null }))];
      isEnd.value = page.next === null;
    } catch (error) {
      tell(reasonOf(error), "fail");
    }
  };
  return (
    <main id="main" class="plainpage">
      <Title
        crumbs={[
          ["100 Index", "/"],
          [`${props.address} ${props.name}`, first],
        ]}
        name={onlyFailed.value ? "Failed runs" : "All runs"}
      >
        <span class="t-w">{countWord(props.total)} so far</span>
      </Title>
      <ol class="runs long">
        {rows.map((row) => (
          <RunItem key={row.number} row={row} ticker={props.address} isLong />
        ))}
      </ol>
      {rows.length === 0 && (
        <p class="t-c">{onlyFailed.value ? "No failed runs are kept." : "No runs yet."}</p>
      )}
      {!isEnd.value && rows.length > 0 && (oldest ?? 1) > 1 && (
        <button type="button" class="aslink t-c" onClick={() => void load()}>
          ▼ older runs
        </button>
      )}
    </main>
  );
}
