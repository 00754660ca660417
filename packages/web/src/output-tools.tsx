// What stands around a log: its tools above, earlier runs before its first line, and below it whether it
// follows or is held.

import { useSignal } from "@preact/signals";
import { reasonOf } from "./api.ts";
import type { Hold } from "./follow.ts";
import { countLines, type Log } from "./log.ts";
import { tell } from "./notice.ts";
import { isPlain, isWrapped, type Stamps, stamps } from "./settings.ts";
import { Key } from "./shell.tsx";
import type { Watch } from "./watch.ts";
import { plural } from "./words.ts";

const STAMPS: Stamps[] = ["clock", "start", "delta", "off"];
const EARLIER_RUNS = 10;

/** The next way to write times: by the clock, since the start, since the line before, not at all. */
export function nextStamps() {
  stamps.value = STAMPS[(STAMPS.indexOf(stamps.value) + 1) % STAMPS.length] ?? "clock";
}

/** Buttons in a row; what looks for text stands between them. */
export function Tools(props: {
  isFollowing: boolean;
  onFollow: () => void;
  log: Log;
  children: preact.ComponentChildren;
}) {
  const stamp = stamps.value;
  return (
    <div class="ltool" role="toolbar" aria-label="Output">
      <button type="button" aria-pressed={props.isFollowing} onClick={props.onFollow}>
        Follow
        <Key name="F" />
      </button>
      <button type="button" aria-pressed={stamp !== "off"} onClick={nextStamps}>
        {stamp === "start" ? "Since start" : stamp === "delta" ? "Delta" : "Time"}
        <Key name="T" />
      </button>
      <Toggle name="Wrap" letter="W" setting={isWrapped} />
      <Toggle name="Plain" letter="" setting={isPlain} />
      {props.children}
      <button type="button" class="cp" onClick={() => void copyLog(props.log)}>
        Copy
      </button>
    </div>
  );
}

function Toggle(props: { name: string; letter: string; setting: { value: boolean } }) {
  const { name, letter, setting } = props;
  return (
    <button
      type="button"
      aria-pressed={setting.value}
      onClick={() => {
        setting.value = !setting.value;
      }}
    >
      {name}
      {letter && <Key name={letter} />}
    </button>
  );
}

/** The selection if there is one, else everything; never the timestamps. */
async function copyLog(log: Log) {
  const selected = getSelection()?.toString() ?? "";
  const all = log.blocks.flatMap(({ rows }) => rows.map(({ text }) => text));
  try {
    await navigator.clipboard.writeText(selected || all.join("\n"));
    tell(selected ? "The selection is copied" : `${plural(all.length, "line")} copied`);
  } catch {
    tell("The browser did not allow copying", "fail");
  }
}

/** Loads runs from before the first that is here. */
export function Earlier({ watch }: { watch: Watch }) {
  const isLoading = useSignal(false);
  const first = watch.log.firstRun ?? 0;
  if (first <= 1) return null;
  const load = async () => {
    isLoading.value = true;
    try {
      await watch.readEarlier(EARLIER_RUNS);
    } catch (error) {
      tell(reasonOf(error), "fail");
    }
    isLoading.value = false;
  };
  return (
    <button type="button" class="older" disabled={isLoading.value} onClick={() => void load()}>
      ▲ {plural(first - 1, "earlier run")}
    </button>
  );
}

/** Whether the log follows, or what came since it was held. */
export function Foot(props: { hold: Hold; log: Log; follow: () => void; stop: () => void }) {
  const { hold, log } = props;
  if (hold) {
    const fresh = Math.max(0, log.lineCount - hold.atLine);
    const news = hold.atLine > 0 ? ` +${plural(fresh, "line")}` : "";
    return (
      <div class="lfoot">
        <button type="button" class="held" onClick={props.follow}>
          <b>HELD{news}</b>
          <span>F to follow</span>
        </button>
      </div>
    );
  }
  return (
    <div class="lfoot">
      <span class="t-g">▼ following</span>
      <span>{countLines(log)}</span>
      <span class="sp" />
      <button type="button" onClick={props.stop}>
        Hold
        <Key name="H" />
      </button>
    </div>
  );
}
