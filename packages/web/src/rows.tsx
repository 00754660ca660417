// The rows of a log, drawn in blocks of a hundred that the browser may leave undrawn while out of sight. Rows
// are plain functions, not components, and a block is drawn again only when something of it changed: a log
// has up to twenty thousand rows and may grow by hundreds a second.

import { Component } from "preact";
import { useState } from "preact/hooks";
import { pathOf } from "./address.ts";
import { colourJson, readJson, unfoldJson } from "./json.ts";
import type { Block, Hole, LineRow, NoteRow, Row } from "./log.ts";
import { drawPieces } from "./pieces.tsx";
import type { Stamps } from "./settings.ts";
import { runWord, spanWord, timeWord } from "./words.ts";

/** What all rows share; a new object draws them all again. */
export type RowLooks = {
  /** Where lines lead: the ticker's address. */
  ticker: string;
  /** Of one run: links stay on the page, and runs need no mark. */
  isRun: boolean;
  stamps: Stamps;
  startOf: (run: number) => number;
  isPage: (page: number) => boolean;
  lit: { from: number; to: number } | null;
  fill: (key: number, hole: Hole) => void;
};

/** JSON longer than this, in characters, is folded. */
const FOLDED_FROM = 80;

type BlockProps = {
  block: Block;
  version: number;
  looks: RowLooks;
  /** Rows that were found, and the one looked at. */
  hits: ReadonlySet<number> | undefined;
  current: number | null;
};

export class BlockRows extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps) {
    const { block, version, looks, hits, current } = this.props;
    if (next.block !== block || next.version !== version || next.looks !== looks) return true;
    if (next.hits !== hits) return true;
    const wasHere = current !== null && hits?.has(current);
    const isHere = next.current !== null && next.hits?.has(next.current);
    return next.current !== current && Boolean(wasHere || isHere);
  }

  override render({ block, looks, hits, current }: BlockProps) {
    return (
      <div class="block" style={{ "--rows": String(block.rows.length) }}>
        {block.rows.map((row, i) => {
          const isHit = hits?.has(row.key) ?? false;
          const mark = isHit ? (current === row.key ? " hit now" : " hit") : "";
          const stamp = looks.stamps === "off" ? "" : stampOf(row, block.rows[i - 1], looks);
          return row.kind === "note"
            ? noteView(row, stamp, mark, looks)
            : lineView(row, stamp, mark, looks);
        })}
      </div>
    );
  }
}

function noteView(row: NoteRow & { key: number }, stamp: string, mark: string, looks: RowLooks) {
  return (
    <div key={row.key} class={`l note ${row.tone}${mark}`} data-key={row.key}>
      {stamp && <span class="ts">{stamp}</span>}
      <span class="tx">
        {row.text}
        {row.hole && (
          <button type="button" onClick={() => row.hole && looks.fill(row.key, row.hole)}>
            load
          </button>
        )}
      </span>
    </div>
  );
}

function lineView(row: LineRow & { key: number }, stamp: string, mark: string, looks: RowLooks) {
  const { lit, isRun } = looks;
  const isLit = isRun && lit && row.line >= lit.from && row.line <= lit.to;
  const home = isRun ? "" : pathOf({ page: "run", key: looks.ticker, run: row.run });
  return (
    <div
      key={row.key}
      class={`l${row.isError ? " err" : ""}${isLit ? " lit" : ""}${mark}`}
      data-key={row.key}
      id={isRun ? `L${row.line}` : undefined}
    >
      {stamp && (
        // Not a stop for Tab: twenty thousand of them would bury all that comes after the log.
        <a class="ts" href={`${home}#L${row.line}`} data-line={row.line} tabIndex={-1}>
          {stamp}
        </a>
      )}
      <span class="tx">{textView(row, looks)}</span>
      {!isRun && row.line === 1 && (
        <a class="rn" href={home}>
          <span class="unseen">Run </span>
          {runWord(row.run)}
        </a>
      )}
    </div>
  );
}

/** Printed JSON in colours, folded to one line where it is long; anything else as it was printed. */
function textView(row: LineRow, looks: RowLooks) {
  if (row.text === "") return " ";
  const [only, ...others] = row.pieces;
  const isPlain = only?.tone === "" && only.href === null && others.length === 0;
  const tokens = isPlain ? readJson(row.text) : null;
  if (!tokens) return drawPieces(row.pieces, looks.isPage);
  if (row.text.length <= FOLDED_FROM) return drawPieces(colourJson(tokens), looks.isPage);
  return <Folded tokens={tokens} isPage={looks.isPage} />;
}

function Folded({ tokens, isPage }: { tokens: string[]; isPage: RowLooks["isPage"] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="json" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{drawPieces(colourJson(tokens), isPage)}</summary>
      {isOpen && drawPieces(colourJson(unfoldJson(tokens)), isPage)}
    </details>
  );
}

function stampOf(row: Row, before: Row | undefined, looks: RowLooks): string {
  if (looks.stamps === "clock") return timeWord(row.at, true);
  if (looks.stamps === "delta") return `+${spanWord(before ? row.at - before.at : 0)}`;
  return row.run === null ? "" : `+${spanWord(row.at - looks.startOf(row.run))}`;
}
