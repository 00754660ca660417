// P180: what killall would stop, two seconds of holding (or typing KILL) to do it, and release.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { killAll, release } from "../actions.ts";
import { now } from "../clock.ts";
import { held } from "../service.ts";
import { Title, usePage } from "../shell.tsx";
import { tiles } from "../tiles.ts";
import { plural, whenWord } from "../words.ts";
import { OpenRunList, useOpenRuns } from "./running.tsx";

const HOLD_MS = 2_000;

export function KillallPage() {
  usePage("P180 Killall - Ticker", [
    held.value
      ? { colour: "g", label: "Release", act: () => void release() }
      : { colour: "g", label: "Running", href: "/110" },
    { colour: "y", label: "Failures", href: "/120" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Killall">
        <span class={held.value ? "chip fail" : "chip ok"}>
          {held.value ? "⏸ IN FORCE" : "✓ NOT IN FORCE"}
        </span>
      </Title>
      {held.value ? <InForce /> : <Ask />}
    </main>
  );
}

function InForce() {
  const hold = held.value;
  if (!hold) return null;
  return (
    <>
      <p>
        Nothing runs and nothing starts. Since {whenWord(hold.at, now.value)}, by {hold.by}
        {hold.reason ? `: ${hold.reason}` : "."}
      </p>
      <p>Due times that pass are recorded as skipped. Nothing is made up for after the release.</p>
      <p>
        <button type="button" class="big go" onClick={() => void release()}>
          ▶ RELEASE
        </button>
      </p>
    </>
  );
}

function Ask() {
  const { runs } = useOpenRuns();
  const started = tiles.value.filter(({ value }) => value.state === "started").length;
  const reason = useSignal("");
  const word = useSignal("");
  return (
    <>
      <p>
        Ends every run within a second, and nothing starts again until release. It will end{" "}
        <b class="t-y">{plural(runs?.length ?? 0, "run")}</b> and hold{" "}
        <b class="t-y">{plural(started, "started ticker")}</b>.
      </p>
      <OpenRunList runs={runs ?? []} hasStop={false} />
      <div class="fld">
        <label for="why">Reason</label>
        <span class="inp">
          <input
            id="why"
            size={32}
            maxLength={200}
            value={reason.value}
            placeholder="for the others, may be empty"
            onInput={(event) => {
              reason.value = event.currentTarget.value;
            }}
          />
        </span>
      </div>
      <HoldButton onHeld={() => void killAll(reason.value)} />
      <form
        class="fld"
        onSubmit={(event) => {
          event.preventDefault();
          if (word.value === "KILL") void killAll(reason.value);
        }}
      >
        <label for="kill">Or type KILL</label>
        <span class="inp">
          <input
            id="kill"
            size={6}
            autocomplete="off"
            value={word.value}
            onInput={(event) => {
              word.value = event.currentTarget.value.toUpperCase();
            }}
          />
        </span>
        <button type="submit" class="stop" disabled={word.value !== "KILL"}>
          Kill all
        </button>
      </form>
    </>
  );
}

/** Does it after two seconds of holding with pointer, Space or Enter; letting go earlier does nothing. */
function HoldButton({ onHeld }: { onHeld: () => void }) {
  const since = useSignal<number | null>(null);
  const share = useSignal(0);
  useEffect(() => {
    if (since.value === null) return;
    const timer = setInterval(() => {
      share.value = Math.min(1, (performance.now() - (since.value ?? 0)) / HOLD_MS);
      if (share.value < 1) return;
      since.value = null;
      onHeld();
    }, 50);
    return () => clearInterval(timer);
  }, [since.value]);
  const press = () => {
    since.value ??= performance.now();
  };
  const letGo = () => {
    since.value = null;
    share.value = 0;
  };
  return (
    <p>
      <button
        type="button"
        class="big holding"
        style={{ "--p": `${Math.round(share.value * 100)}%` }}
        onPointerDown={press}
        onPointerUp={letGo}
        onPointerLeave={letGo}
        onBlur={letGo}
        onKeyDown={(event) => {
          if (event.key !== " " && event.key !== "Enter") return;
          event.preventDefault();
          press();
        }}
        onKeyUp={letGo}
      >
        ■ HOLD FOR 2 SECONDS TO KILL ALL
      </button>
    </p>
  );
}
