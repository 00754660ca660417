// Page 100: every ticker in one line of the teletext index, with what it printed last.

import type { Tile } from "../tile.ts";
import { ROWS_MAX, type Row, span, spread, textSpans } from "./cells.ts";
import { headerRow, numberText, stateOf } from "./ticker-page.ts";

const LISTED_MAX = ROWS_MAX - 5;

/** `more`: there are further tickers than these. `held`: killall is in force. */
export function indexPage(facts: {
  tiles: Tile[];
  more: boolean;
  held: boolean;
  now: number;
  zone: string;
}): Row[] {
  const { tiles, now, zone } = facts;
  const running = tiles.filter((tile) => tile.running > 0).length;
  const failing = tiles.filter((tile) => stateOf(tile).colour === "red").length;
  const listed = tiles.slice(0, LISTED_MAX);
  const rest = tiles.length - listed.length;
  return [
    headerRow("100", now, zone),
    [span(" TICKER: the index".padEnd(40), "yellow", "blue")],
    [
      span(`${tiles.length}${facts.more ? "+" : ""} tickers`, "white"),
      span(`  ▶ ${running} running`, "green"),
      span(`  ✗ ${failing} failing`, failing > 0 ? "red" : "cyan"),
    ],
    facts.held ? [span(" KILLALL IN FORCE: nothing starts ".padEnd(40), "white", "red")] : [],
    ...(listed.length === 0 ? [[span("No tickers yet.", "cyan")]] : listed.map(tileRow)),
    ...(rest > 0 || facts.more
      ? [[span(`and ${rest}${facts.more ? " or more" : ""} others`, "cyan")]]
      : []),
  ];
}

function tileRow(tile: Tile): Row {
  const { mark, word, colour } = stateOf(tile);
  const newest = tile.lines.at(-1)?.text ?? "";
  const said = tile.metric ? [span(numberText(tile.metric.value), "yellow")] : textSpans(newest);
  const shown = word === "OK" ? said : [span(word.toLowerCase(), colour)];
  return spread(
    [
      span(`${tile.page ?? "---"} `, "yellow"),
      span(`${mark} `, colour),
      span(tile.name.slice(0, 18).padEnd(19)),
      ...shown,
    ],
    [],
  );
}
