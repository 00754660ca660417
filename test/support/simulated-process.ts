// One process of the simulated service: the real engine, feed, alarm and clock over a simulated world. When it
// dies nothing of it acts any more; what it had committed is in the store.

import { makeEngine, type Service } from "@ticker/core/engine";
import { type Feed, makeFeed } from "@ticker/core/feed";
import type { Clock, Platform, SandboxJob, SandboxResult } from "@ticker/core/platform";
import { nodeClock } from "../../packages/server/src/clock.ts";
import { timerAlarm } from "../../packages/server/src/timers.ts";
import type { Ledger } from "./simulated-ledger.ts";
import { simulatedSandbox } from "./simulated-sandbox.ts";
import { type Fate, meteredStore, type Place } from "./simulated-store.ts";
import { dice, type Time } from "./simulated-time.ts";

export const OWNER = "home";

export type ProcessWorld = {
  seed: number;
  time: Time;
  ledger: Ledger;
  place: Place;
  places: number;
  /** How late a timer of the process fires, ms. */
  timerLateMs(): number;
  fate(verb: string): Fate;
  crash(where: string): void;
  log(line: () => string): void;
  began(job: SandboxJob): void;
  ended(job: SandboxJob, result: SandboxResult): void;
};

export type SimulatedProcess = {
  name: string;
  platform: Platform;
  engine: Service;
  feed: Feed;
  clock: Clock;
  alive(): boolean;
  /** Resolves when it has taken over what was left; rejects when it could not. */
  ready: Promise<number>;
  /** Nothing of it acts from here on. */
  die(): void;
  /** Ends in order, as the server does. */
  stop(graceMs: number): Promise<void>;
  underway(): SandboxJob[];
  numbers: { errors: number };
  stopping: boolean;
};

export function startProcess(world: ProcessWorld, serial: number): SimulatedProcess {
  const { time, ledger, place } = world;
  const name = `p${serial}`;
  let alive = true;
  const after = (ms: number, act: () => void) =>
    time.after(Math.max(0, ms), () => {
      if (alive) act();
    });
  // A timer of Node's waits a millisecond at least, and may be a little early or late.
  const timer = (ms: number, wake: () => void) =>
    after(Math.max(1, ms) + world.timerLateMs(), wake);
  const source = { wall: time.wall, monotonic: time.monotonic };
  const clock: Clock = { ...nodeClock(source), after: timer };
  const numbers = { errors: 0 };
  const log = {
    info: () => {},
    error(message: string, facts?: object) {
      numbers.errors++;
      world.log(() => `${name} logs: ${message} ${JSON.stringify(facts ?? {})}`);
    },
  };
  const store = meteredStore(place.open(after), ledger, {
    alive: () => alive,
    after,
    now: clock.now,
    fate: world.fate,
    crash: world.crash,
    log: (line) => world.log(() => `${name} ${line()}`),
  });
  const sandbox = simulatedSandbox(
    { seed: world.seed, clock: nodeClock(source) as Clock, after },
    world.places,
    { began: (job) => alive && world.began(job), ended: (job, r) => alive && world.ended(job, r) },
  );
  const feed = makeFeed({ clock, store, log }, name);
  const chance = dice(world.seed, `random ${name}`);
  let engine: Service | null = null;
  const platform: Platform = {
    clock,
    random: {
      bytes: (count) => Uint8Array.from({ length: count }, () => chance.below(256)),
      fraction: chance.fraction,
    },
    store,
    alarm: timerAlarm(clock, () => engine?.wake()),
    sandbox,
    broadcast: feed,
    vault: { seal: async (text) => text, open: async (text) => text },
    log,
    memoryBytes: () => 1,
  };
  engine = makeEngine(platform, feed, name);
  const running = engine;

  async function begin(): Promise<number> {
    const fresh = { id: OWNER, name: OWNER, createdAt: clock.now(), hold: null };
    const account = await store.openAccount(fresh);
    const interrupted = await running.start([account]);
    running.wake();
    return interrupted;
  }

  return {
    ...{ name, platform, feed, clock, numbers },
    engine: running,
    stopping: false,
    alive: () => alive,
    ready: begin(),
    die() {
      alive = false;
    },
    async stop(graceMs) {
      await running.drain(graceMs);
      sandbox.close();
      await place.close();
      alive = false;
    },
    underway: sandbox.underway,
  };
}
