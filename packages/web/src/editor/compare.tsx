// Two versions against each other: what a draft changes, and what to do when somebody else saved meanwhile.

import { diffLines } from "../diff.ts";

const CONTEXT = 3;

/** Changed lines with three around them. */
export function Diff({ before, after }: { before: string; after: string }) {
  const lines = diffLines(before, after);
  const near = (at: number) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ kind }) => kind !== "same");
  const shown = lines.map((line, at) => ({ ...line, at })).filter(({ at }) => near(at));
  if (shown.length === 0) return <p class="t-c">No difference.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys
    <section class="diff" aria-label="Differences" tabIndex={0}>
      {shown.map(({ kind, text, at }, i) => (
        <div key={at} class={kind}>
          {i > 0 && at !== (shown[i - 1]?.at ?? 0) + 1 ? "...\n" : ""}
          {kind === "add" ? "+ " : kind === "del" ? "- " : "  "}
          {text}
        </div>
      ))}
    </section>
  );
}

/** Nothing is overwritten unless its writer says so, seeing both. */
export function Conflict(props: {
  theirs: string;
  mine: string;
  revision: number;
  onTheirs: () => void;
  onMine: () => void;
  onBack: () => void;
}) {
  return (
    <section class="conflict" aria-label="Conflict">
      <h2>Somebody saved v{props.revision} while you were editing</h2>
      <p class="t-w">
        <span class="t-r">- theirs (saved)</span> <span class="t-g">+ yours (not saved)</span>
      </p>
      <Diff before={props.theirs} after={props.mine} />
      <div class="rowbtns">
        <button type="button" class="rowbtn" onClick={props.onBack}>
          Go on editing mine
        </button>
        <button type="button" class="rowbtn" onClick={props.onTheirs}>
          Take theirs
        </button>
        <button type="button" class="stop rowbtn" onClick={props.onMine}>
          Save mine as v{props.revision + 1}
        </button>
      </div>
    </section>
  );
}
