// What a viewer can do to tickers and runs. The console changes at once; a refusal takes the change back
// where everybody can see it, and says why.

import type { Tile } from "@ticker/core/tile";
import { call, reasonOf } from "./api.ts";
import { serverNow } from "./clock.ts";
import { tell } from "./notice.ts";
import { go } from "./router.ts";
import { hearTiles, keyOf, tileOf } from "./tiles.ts";
import type { RunView, TickerView } from "./view.ts";

type Named = { tickerId: string; name: string; page: number | null };

/** Changes the tile now and does it; a refusal puts the old one back. Answers undefined when refused. */
async function attempt<T>(
  who: Named,
  change: Partial<Tile>,
  what: string,
  act: () => Promise<T>,
): Promise<T | undefined> {
  const tile = tileOf(who.tickerId);
  const before = tile?.value;
  if (tile && before) tile.value = { ...before, ...change };
  const guess = tile?.value;
  try {
    return await act();
  } catch (error) {
    // Only if the stream has not brought a newer truth in the meantime.
    if (tile && before && tile.value === guess) tile.value = before;
    tell(`${what} was refused, taken back: ${reasonOf(error)}`, "fail");
    return undefined;
  }
}

/** Runs it once, now. Answers the run. */
export async function runNow(who: Named): Promise<RunView | undefined> {
  const change = {
    running: (tileOf(who.tickerId)?.value.running ?? 0) + 1,
    startedAt: serverNow(),
  };
  return attempt(who, change, `Running ${who.name}`, () =>
    call<RunView>(`/tickers/${who.tickerId}/run`, { method: "POST" }),
  );
}

/** Starts or stops its schedule. */
export async function setState(who: Named, state: "started" | "stopped") {
  const verb = state === "started" ? "start" : "stop";
  const change: Partial<Tile> = { state, stopReason: state === "stopped" ? "asked" : null };
  if (state === "stopped") change.nextDueAt = null;
  const done = await attempt(who, change, `To ${verb} ${who.name}`, () =>
    call<TickerView>(`/tickers/${who.tickerId}/${verb}`, { method: "POST" }),
  );
  if (done) hearTiles([done.tile]);
}

/** Ends one run. */
export async function killRun(who: Named, run: number): Promise<RunView | undefined> {
  const done = await attempt(who, {}, `Ending run ${run} of ${who.name}`, () =>
    call<RunView>(`/tickers/${who.tickerId}/runs/${run}/kill`, { method: "POST" }),
  );
  if (done) tell(`Run ${run} of ${who.name} is over: ${done.outcome ?? "asked to end"}`);
  return done;
}

/** Moves it to the bin, with ten seconds to change one's mind. */
export async function remove(who: Named) {
  try {
    await call(`/tickers/${who.tickerId}`, { method: "DELETE" });
  } catch (error) {
    tell(`${who.name} stays: ${reasonOf(error)}`, "fail");
    return;
  }
  hearTiles([], [who.tickerId]);
  go("/");
  tell(`${who.name} is in the bin (P185) for 30 days`, "info", () => void restore(who));
}

/** Takes it out of the bin, stopped. */
export async function restore(who: Named) {
  try {
    const view = await call<TickerView>(`/tickers/${who.tickerId}/restore`, { method: "POST" });
    hearTiles([view.tile]);
    tell(`${who.name} is back, stopped`);
    go(`/${keyOf(view)}`);
  } catch (error) {
    tell(`${who.name} could not be restored: ${reasonOf(error)}`, "fail");
  }
}

/** Nothing runs and nothing starts until release. */
export async function killAll(reason: string) {
  try {
    const body = reason ? { reason } : {};
    const { killed } = await call<{ killed: number }>("/killall", { method: "POST", body });
    tell(`Killall is in force; ${killed} runs were ended`, "info");
  } catch (error) {
    tell(`Killall was refused: ${reasonOf(error)}`, "fail");
  }
}

/** Lets everything start again. */
export async function release() {
  try {
    await call("/release", { method: "POST" });
    tell("Released: what is due will run");
  } catch (error) {
    tell(`Release was refused: ${reasonOf(error)}`, "fail");
  }
}
