// A live log with its tools: follow or hold, timestamps, wrapping, font, find, copy. The rules of following
// are `follow.ts`, the rows `rows.tsx`; this file joins them to scrolling, keys and screen readers.

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { reasonOf } from "./api.ts";
import { findRows, NOTHING, parseLines } from "./find.ts";
import { afterScroll, type Hold, holdFor } from "./follow.ts";
import { bindKeys } from "./keys.ts";
import type { Log } from "./log.ts";
import { spoken, tell } from "./notice.ts";
import { Earlier, Foot, nextStamps, Tools } from "./output-tools.tsx";
import { go, hash } from "./router.ts";
import { BlockRows, type RowLooks } from "./rows.tsx";
import { isPlain, isWrapped, speaksLines, stamps } from "./settings.ts";
import { pages } from "./tiles.ts";
import type { Watch } from "./watch.ts";
import { plural } from "./words.ts";

const SUMMARY_EVERY_MS = 10_000;
/** A pause in typing before a long log is searched. */
const FIND_PAUSE_MS = 120;

type Props = { watch: Watch; ticker: string; isRun: boolean };

export function Output({ watch, ticker, isRun }: Props) {
  const { log } = watch;
  const version = watch.version.value;
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const hold = useSignal<Hold>(
    (isRun && parseLines(hash.value)) || readQuery().q ? { because: "asked", atLine: 0 } : null,
  );
  const text = useSignal(readQuery().q);
  const isOnly = useSignal(readQuery().isOnly);
  const place = useSignal(0);
  const before = useRef(NOTHING);
  const found = useMemo(() => findRows(log, text.value, before.current), [version, text.value]);
  before.current = found;
  const current = found.keys[Math.min(place.value, found.keys.length - 1)] ?? null;
  const lit = isRun ? parseLines(hash.value) : null;
  const looks = useMemo<RowLooks>(
    () => ({
      ticker,
      isRun,
      stamps: stamps.value,
      startOf: (run) => log.startOf(run),
      isPage: (page) => pages.peek().has(page),
      lit,
      fill: (key, hole) =>
        void watch.fill(key, hole).catch((error) => tell(reasonOf(error), "fail")),
    }),
    [ticker, isRun, stamps.value, pages.value, hash.value],
  );
  const follow = () => {
    hold.value = null;
    toBottom(box.current);
  };
  const stop = () => {
    hold.value = holdFor(hold.value, "asked", log.lineCount);
  };
  const step = (by: number) => {
    if (found.keys.length === 0) return;
    place.value =
      (Math.min(place.value, found.keys.length - 1) + by + found.keys.length) % found.keys.length;
  };

  useFollowing(box, hold, log, version);
  useRangeClicks(box, isRun);
  useSummary(log, version);
  useEffect(() => {
    if (current !== null)
      box.current?.querySelector(`[data-key="${current}"]`)?.scrollIntoView({ block: "center" });
  }, [current]);
  const litFrom = lit?.from;
  const hasLit = version > 0 && litFrom !== undefined && log.lineCount >= litFrom;
  useEffect(() => {
    if (hasLit) document.getElementById(`L${litFrom}`)?.scrollIntoView({ block: "center" });
  }, [hasLit, litFrom]);
  useEffect(
    () =>
      bindKeys({
        h: stop,
        f: follow,
        t: nextStamps,
        w: () => {
          isWrapped.value = !isWrapped.value;
        },
        "/": () => input.current?.focus(),
        n: () => step(1),
        N: () => step(-1),
      }),
    [version, found],
  );
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const find = (value: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      text.value = value;
      place.value = 0;
      keepQuery(value, isOnly.value);
    }, FIND_PAUSE_MS);
    if (value) hold.value = holdFor(hold.value, "find", log.lineCount);
  };
  const flipOnly = () => {
    isOnly.value = !isOnly.value;
    keepQuery(text.value, isOnly.value);
  };
  const look = [
    "log",
    isPlain.value && "plain",
    !isWrapped.value && "nowrap",
    isOnly.value && text.value && "only",
  ];
  return (
    <section class="logp" aria-label="Output">
      <Tools isFollowing={hold.value === null} onFollow={hold.value ? follow : stop} log={log}>
        <label class="find">
          <span aria-hidden="true">/</span>
          <input
            ref={input}
            type="search"
            placeholder={`find in ${plural(log.lineCount, "line")}`}
            aria-label="Find in output"
            defaultValue={text.peek()}
            onInput={(event) => find(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
              if (event.key === "Escape") {
                event.currentTarget.value = "";
                find("");
                event.currentTarget.blur();
              }
            }}
          />
          {text.value && (
            <span class="hits" role="status">
              {found.keys.length ? Math.min(place.value, found.keys.length - 1) + 1 : 0}/
              {found.keys.length}
            </span>
          )}
        </label>
        {text.value && (
          <button type="button" aria-pressed={isOnly.value} onClick={flipOnly}>
            Only these
          </button>
        )}
      </Tools>
      <div
        ref={box}
        class={look.filter(Boolean).join(" ")}
        role="log"
        aria-label="Output lines"
        aria-live={speaksLines.value ? "polite" : "off"}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys
        tabIndex={0}
      >
        {!isRun && <Earlier watch={watch} />}
        {log.blocks.map((block) => (
          <BlockRows
            key={block.key}
            block={block}
            version={block.version}
            looks={looks}
            hits={found.blocks.get(block.key)}
            current={current}
          />
        ))}
        {log.rowCount === 0 && (
          <p class="l note info">{isRun ? "Nothing here yet." : "No output yet."}</p>
        )}
      </div>
      <Foot hold={hold.value} log={log} follow={follow} stop={stop} />
    </section>
  );
}

/** What is looked for is in the address, so that it can be handed on: `?q=error&only=1`. */
function readQuery(): { q: string; isOnly: boolean } {
  const query = new URLSearchParams(location.search);
  return { q: query.get("q") ?? "", isOnly: query.get("only") === "1" };
}

function keepQuery(q: string, isOnly: boolean) {
  const query = new URLSearchParams({ ...(q && { q }), ...(q && isOnly && { only: "1" }) });
  history.replaceState(null, "", `${location.pathname}${q ? `?${query}` : ""}${location.hash}`);
}

function toBottom(element: HTMLElement | null) {
  if (element) element.scrollTop = element.scrollHeight;
}

/** Sticks to the newest line, or does not. */
function useFollowing(
  box: { current: HTMLDivElement | null },
  hold: { value: Hold },
  log: Log,
  version: number,
) {
  const lastTop = useRef(0);
  useLayoutEffect(() => {
    if (!hold.value) toBottom(box.current);
  }, [version, hold.value === null, stamps.value, isWrapped.value, isPlain.value]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const onScroll = () => {
      const fromBottomPx = element.scrollHeight - element.scrollTop - element.clientHeight;
      const isUp = element.scrollTop < lastTop.current;
      lastTop.current = element.scrollTop;
      hold.value = afterScroll(hold.value, { fromBottomPx, isUp }, log.lineCount);
    };
    const onSelect = () => {
      const selection = getSelection();
      if (selection && !selection.isCollapsed && element.contains(selection.anchorNode))
        hold.value = holdFor(hold.value, "selection", log.lineCount);
    };
    const observer = new ResizeObserver(() => {
      if (!hold.value) toBottom(element);
    });
    observer.observe(element);
    // Unfolding is reading: what was unfolded must not run away.
    const onUnfold = (event: Event) => {
      if ((event.target as HTMLDetailsElement).open)
        hold.value = holdFor(hold.value, "asked", log.lineCount);
    };
    element.addEventListener("toggle", onUnfold, true);
    element.addEventListener("scroll", onScroll, { passive: true });
    document.addEventListener("selectionchange", onSelect);
    return () => {
      observer.disconnect();
      element.removeEventListener("toggle", onUnfold, true);
      element.removeEventListener("scroll", onScroll);
      document.removeEventListener("selectionchange", onSelect);
    };
  }, []);
}

/** Tells screen readers at most every ten seconds what came, so that a flood stays bearable. */
function useSummary(log: Log, version: number) {
  const told = useRef({ at: 0, lines: log.lineCount });
  useEffect(() => {
    const fresh = log.lineCount - told.current.lines;
    if (fresh <= 0 || speaksLines.value) return;
    if (performance.now() - told.current.at < SUMMARY_EVERY_MS) return;
    told.current = { at: performance.now(), lines: log.lineCount };
    const last = log.blocks.at(-1)?.rows.at(-1)?.text ?? "";
    spoken.value = `${plural(fresh, "new line")}, last: ${last}`;
  }, [version]);
}

/** Shift and a click on a second line make a range. */
function useRangeClicks(box: { current: HTMLDivElement | null }, isRun: boolean) {
  useEffect(() => {
    const element = box.current;
    if (!element || !isRun) return;
    const onClick = (event: MouseEvent) => {
      const line = (event.target as Element).closest<HTMLElement>(".ts")?.dataset.line;
      const from = parseLines(hash.value)?.from;
      if (!line || !event.shiftKey || !from) return;
      event.preventDefault();
      go(`${location.pathname}#L${from}-L${line}`, true);
    };
    element.addEventListener("click", onClick);
    return () => element.removeEventListener("click", onClick);
  }, []);
}
