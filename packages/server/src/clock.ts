// The process's clock. It follows the wall clock forward at once (a laptop that slept) and never goes back:
// while it is ahead of the wall clock it runs a little slow until the two agree, so interval tickers keep
// ticking through a step back, and no due time is met twice.

import type { Clock } from "@ticker/core/platform";

/** Differences up to this are the noise of two clocks read one after the other, ms. */
const NOISE_MS = 2;
/** How much slower it runs while it is ahead. */
const SLEW = 0.05;

export type ClockSource = { wall(): number; monotonic(): number };

const NODE: ClockSource = { wall: () => Date.now(), monotonic: () => performance.now() };

/** A Clock over Node's; `source` is what it reads. */
export function nodeClock(source: ClockSource = NODE): Clock {
  let readMono = source.monotonic();
  let time = source.wall();
  let latest = 0;
  return {
    now() {
      const mono = source.monotonic();
      const wall = source.wall();
      const passedMs = mono - readMono;
      readMono = mono;
      time += passedMs;
      if (wall - time > NOISE_MS) time = wall;
      else if (time - wall > NOISE_MS) time -= Math.min(time - wall, passedMs * SLEW);
      latest = Math.max(latest, Math.floor(time));
      return latest;
    },
    monotonic: () => source.monotonic(),
    after(ms, wake) {
      const timer = setTimeout(wake, Math.max(0, ms));
      return () => clearTimeout(timer);
    },
  };
}
