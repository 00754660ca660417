// The rows of a log, drawn in blocks of a hundred that the browser may leave undrawn while out of sight.

import { Component } from "preact";
import { pathOf } from "./address.ts";
import type { Block, Hole, Row } from "./log.ts";
import { Pieces } from "./pieces.tsx";
import type { Stamps } from "./settings.ts";
import { runWord, spanWord, timeWord } from "./words.ts";

export type RowLooks = {
  /** Where lines lead: the ticker's address. */
  ticker: string;
  /** Of one run: links stay on the page, and runs need no mark. */
  isRun: boolean;
  stamps: Stamps;
  startAt: number;
  found: ReadonlySet<number>;
  current: number | null;
  lit: { from: number; to: number } | null;
  fill: (key: number, hole: Hole) => void;
};

type BlockProps = { block: Block; version: number; looks: RowLooks };

/** Drawn again only when its own rows or the looks of all have changed. */
export class BlockRows extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps) {
    const { block, version, looks } = this.props;
    return next.block !== block || next.version !== version || next.looks !== looks;
  }

  override render({ block, looks }: BlockProps) {
    return (
      <div class="block" style={{ "--rows": String(block.rows.length) }}>
        {block.rows.map((row, i) => (
          <RowView key={row.key} row={row} before={block.rows[i - 1]} looks={looks} />
        ))}
      </div>
    );
  }
}

function RowView({ row, before, looks }: { row: Row; before: Row | undefined; looks: RowLooks }) {
  const isFound = looks.found.has(row.key);
  const mark = isFound ? (looks.current === row.key ? " hit now" : " hit") : "";
  const stamp = looks.stamps === "off" ? "" : stampOf(row, before, looks);
  if (row.kind === "note")
    return (
      <div class={`l note ${row.tone}${mark}`} data-key={row.key}>
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
  const isLit = looks.isRun && looks.lit && row.line >= looks.lit.from && row.line <= looks.lit.to;
  const home = looks.isRun ? "" : pathOf({ page: "run", key: looks.ticker, run: row.run });
  const isFirst = !looks.isRun && row.line === 1;
  return (
    <div
      class={`l${row.isError ? " err" : ""}${isLit ? " lit" : ""}${mark}`}
      data-key={row.key}
      id={looks.isRun ? `L${row.line}` : undefined}
    >
      {stamp && (
        <a class="ts" href={`${home}#L${row.line}`} data-line={row.line}>
          {stamp}
        </a>
      )}
      <span class="tx">
        <Pieces pieces={row.pieces} />
        {row.text === "" && " "}
      </span>
      {isFirst && (
        <a class="rn" href={home}>
          <span class="unseen">Run </span>
          {runWord(row.run)}
        </a>
      )}
    </div>
  );
}

function stampOf(row: Row, before: Row | undefined, looks: RowLooks): string {
  if (looks.stamps === "clock") return timeWord(row.at, true);
  if (looks.stamps === "start") return `+${spanWord(row.at - looks.startAt)}`;
  return `+${spanWord(before ? row.at - before.at : 0)}`;
}
