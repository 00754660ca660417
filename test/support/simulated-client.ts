// People at work on the simulated service: they make tickers of every kind, change, start, stop, bin and restore
// them, run and kill by hand, hold everything and release it. What was acknowledged to them must hold.

import type { Service } from "@ticker/core/engine";
import type { TickerInput, TickerPatch } from "@ticker/core/ticker-input";
import {
  createTicker,
  deleteTicker,
  editTicker,
  restoreTicker,
  startTicker,
} from "@ticker/core/tickers";
import { OWNER, type SimulatedProcess } from "./simulated-process.ts";
import type { Dice } from "./simulated-time.ts";

const EVERY = [50, 100, 250, 333, 1_000, 2_500, 7_000, 60_000, 3_600_000];
const CRON = [
  { cron: "* * * * * *" },
  { cron: "*/5 * * * * *" },
  { cron: "*/2 * * * *" },
  { cron: "15,45 * * * * *" },
  { cron: "0 0,30 1-3 * * *" },
  { cron: "30 2 * * *" },
  { cron: "0 0 * * *" },
];
/** Zones, and an instant shortly before their clocks change. */
export const CHANGES = [
  { zone: "Europe/Berlin", at: Date.UTC(2026, 2, 29, 1) },
  { zone: "Europe/Berlin", at: Date.UTC(2026, 9, 25, 1) },
  { zone: "America/New_York", at: Date.UTC(2026, 2, 8, 7) },
  { zone: "Australia/Lord_Howe", at: Date.UTC(2026, 3, 4, 15) },
  { zone: "Africa/Cairo", at: Date.UTC(2026, 3, 23, 22) },
  { zone: "UTC", at: Date.UTC(2027, 0, 1) },
];

export function randomSchedule(chance: Dice, now: number, zone: string): object {
  const kind = chance.fraction();
  if (kind < 0.5) return { every: chance.pick(EVERY), from: "start" };
  if (kind < 0.68) return { every: chance.pick(EVERY.slice(0, 7)), from: "finish" };
  if (kind < 0.88) {
    const zones = [zone, zone, ...CHANGES.map((change) => change.zone)];
    return {
      ...chance.pick(CRON),
      zone: chance.pick(zones),
      gap: chance.pick(["skip", "shift"]),
      overlap: chance.pick(["first", "last", "both"]),
    };
  }
  if (kind < 0.94) return { at: now + chance.between(1, 60_000) };
  return { hand: true };
}

export function randomPolicy(chance: Dice): NonNullable<TickerInput["policy"]> {
  const overlap = chance.chance(0.5)
    ? { mode: "skip" as const }
    : { mode: "queue" as const, queueMax: chance.pick([1, 2, 5, 30]) };
  const catchUp = chance.pick([
    { mode: "none" as const },
    { mode: "latest" as const },
    { mode: "all" as const, windowMs: chance.pick([1_000, 20_000, 600_000]) },
  ]);
  const retry = {
    attempts: chance.pick([0, 0, 1, 3, 20]),
    backoffMs: chance.pick([0, 10, 300, 2_000]),
    backoffMaxMs: chance.pick([10, 5_000, 60_000]),
    on: (["failed", "timed-out", "interrupted"] as const).filter(() => chance.chance(0.7)),
  };
  return { overlap, catchUp, retry, stopAfterFailures: chance.pick([0, 0, 0, 3, 8]) };
}

function randomInput(chance: Dice, name: string, now: number, zone: string): TickerInput {
  return {
    name,
    script: { language: "javascript", source: "" },
    schedule: randomSchedule(chance, now, zone),
    policy: randomPolicy(chance),
    limits: {
      timeoutMs: chance.pick([100, 1_000, 10_000]),
      outputBytes: chance.pick([1_024, 65_536]),
    },
    retention: { runs: 10_000, failures: 10_000 },
    state: chance.chance(0.9) ? "started" : "stopped",
  };
}

export type ClientWorld = {
  process(): SimulatedProcess;
  zone: string;
  tickersMax: number;
  /** Ids of tickers made so far, acknowledged or not. */
  tickers(): string[];
  acknowledged(fact: Acknowledged): void;
  log(line: () => string): void;
  leftOut(feature: string): boolean;
};

export type Acknowledged =
  | { kind: "created"; tickerId: string }
  | { kind: "stopped"; tickerId: string }
  | { kind: "held" }
  | { kind: "releasing" };

const DEEDS = [
  ...["create", "create", "edit", "edit", "edit", "stop", "start", "start", "start"],
  ...["bin", "restore", "restore", "hand", "hand", "hand", "hand", "kill", "kill", "kill"],
  ...["killall", "release", "release", "told", "try"],
] as const;
export type Deed = (typeof DEEDS)[number];

export function makeClient(world: ClientWorld, chance: Dice) {
  let named = 0;
  let held = false;
  let releases = 0;

  /** Does one thing at random; what is refused is refused, and what fails has failed. */
  async function act(): Promise<void> {
    const picked = chance.pick(DEEDS);
    // There is nothing to do before there are a few.
    const deed = world.tickers().length < Math.min(3, world.tickersMax) ? "create" : picked;
    const roll = { ticker: chance.fraction(), more: chance.fraction() };
    if (world.leftOut(deed)) return;
    const process = world.process();
    const known = world.tickers();
    const id = known[Math.floor(roll.ticker * known.length)];
    world.log(() => `client: ${deed} ${id ?? ""}`);
    try {
      if (deed === "create") await create(process);
      else if (deed === "killall") await killAll(process);
      else if (deed === "release") await release(process);
      else if (id !== undefined) await onTicker(process, deed, id, roll.more);
      world.log(() => `client: ${deed} ${id ?? ""} is done`);
    } catch (error) {
      const { name, message } = error as Error;
      world.log(() => `client: ${deed} is refused: ${name} ${message.slice(0, 100)}`);
      if (name !== "VisibleError" && name !== "TransientError") throw error;
    }
  }

  async function create(process: SimulatedProcess): Promise<void> {
    if (world.tickers().length >= world.tickersMax) return;
    const { platform, engine, clock } = process;
    const input = randomInput(chance, `t${named++}`, clock.now(), world.zone);
    const made = await createTicker(platform, OWNER, input, { key: null, zone: world.zone });
    const tickerId = made.entry.ticker.id;
    engine.changed(OWNER, tickerId);
    world.acknowledged({ kind: "created", tickerId });
  }

  async function killAll({ engine }: SimulatedProcess): Promise<void> {
    held = true;
    const before = releases;
    await engine.killAll(OWNER, "somebody", null);
    // Somebody else may have released it meanwhile.
    if (before === releases) world.acknowledged({ kind: "held" });
  }

  async function release({ engine }: SimulatedProcess): Promise<void> {
    if (!held) return;
    held = false;
    releases++;
    world.acknowledged({ kind: "releasing" });
    await engine.release(OWNER);
  }

  async function onTicker(process: SimulatedProcess, deed: Deed, id: string, more: number) {
    const { platform, engine } = process;
    switch (deed) {
      case "edit":
        await edit(process, id);
        return;
      case "stop":
        await engine.stop(OWNER, id);
        engine.changed(OWNER, id);
        world.acknowledged({ kind: "stopped", tickerId: id });
        return;
      case "start":
        await startTicker(platform, OWNER, id);
        engine.changed(OWNER, id);
        return;
      case "bin":
        await engine.stop(OWNER, id);
        await deleteTicker(platform, OWNER, id);
        engine.changed(OWNER, id, true);
        return;
      case "restore":
        await restoreTicker(platform, OWNER, id);
        engine.changed(OWNER, id);
        return;
      case "hand":
        await engine.runNow(OWNER, id);
        return;
      case "told":
        await engine.setOutput(OWNER, id, "told from outside");
        return;
      case "kill":
        await killNewest(process, engine, id, more);
        return;
      case "try":
        await dryRun(process, id);
        return;
      default:
    }
  }

  async function killNewest(
    { platform }: SimulatedProcess,
    engine: Service,
    id: string,
    more: number,
  ) {
    const runs = await platform.store.listRuns(OWNER, id, {
      before: null,
      limit: 5,
      failed: false,
    });
    const run = runs[Math.floor(more * runs.length)];
    if (run !== undefined) await engine.kill(OWNER, id, run.number);
  }

  async function edit({ platform, engine, clock }: SimulatedProcess, id: string): Promise<void> {
    const what = chance.fraction();
    const patch: TickerPatch =
      what < 0.5
        ? { schedule: randomSchedule(chance, clock.now(), world.zone) }
        : { policy: randomPolicy(chance) };
    patch.script = { language: "javascript", source: `// edit ${chance.fraction()}` };
    // What failed may have been done: whoever hears that sends it again.
    await editTicker(platform, OWNER, id, patch, { revision: null, zone: world.zone }).finally(() =>
      engine.changed(OWNER, id),
    );
  }

  async function dryRun({ engine }: SimulatedProcess, tickerId: string): Promise<void> {
    const given = new AbortController();
    const ask = {
      script: { language: "javascript" as const, source: "" },
      limits: {
        timeoutMs: 500,
        cpuMs: 100,
        memoryBytes: 1 << 20,
        outputBytes: 1_024,
        hostCalls: 1,
      },
      ...{ tickerId, signal: given.signal },
    };
    await engine.tryScript(OWNER, ask, () => {});
  }

  return {
    act,
    /** Whatever is held is let go. */
    async release(): Promise<void> {
      releases++;
      world.acknowledged({ kind: "releasing" });
      await world.process().engine.release(OWNER);
    },
    async stopAll(): Promise<void> {
      for (const id of world.tickers()) {
        await world
          .process()
          .engine.stop(OWNER, id)
          .catch((error: Error) => {
            if (error.name !== "VisibleError") throw error; // It is in the bin.
          });
      }
    },
  };
}
