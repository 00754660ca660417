// Simulated time and chance: one queue of events in the order of their instants, a wall clock apart from the
// monotonic one, and rows of numbers that all come from one seed. Each part of a simulation draws from a row of
// its own, so that leaving a part out does not change what the others do.

import { seeded } from "./seeded.ts";

export type Dice = {
  /** 0 <= x < 1 */
  fraction(): number;
  /** Whole, 0 <= n < limit. */
  below(limit: number): number;
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
};

/** The row of numbers of this name. */
export function dice(seed: number, name: string): Dice {
  let hash = seed >>> 0;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  }
  const fraction = seeded(hash);
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => fraction() < probability,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
  };
}

type Entry = { at: number; serial: number; act: (() => void) | null };

export type Time = ReturnType<typeof makeTime>;

export function makeTime(startAt: number) {
  const heap: Entry[] = [];
  let serial = 0;
  let mono = 1_000;
  let offset = startAt - mono;

  const before = (a: Entry, b: Entry): boolean =>
    a.at < b.at || (a.at === b.at && a.serial < b.serial);

  function push(entry: Entry): void {
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[index] = heap[parent] as Entry;
      index = parent;
    }
    heap[index] = entry;
  }

  function pop(): Entry | undefined {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || top === last) return top;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && before(heap[right] as Entry, heap[child] as Entry)) child = right;
      if (!before(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
    return top;
  }

  return {
    wall: () => Math.floor(mono + offset),
    monotonic: () => mono,
    /** Acts `ms` from now; answers the way to cancel it. */
    after(ms: number, act: () => void): () => void {
      const entry: Entry = { at: mono + Math.max(0, ms), serial: serial++, act };
      push(entry);
      return () => {
        entry.act = null;
      };
    },
    /** The wall clock alone is set, as by NTP or after a suspend. */
    stepWall(ms: number): void {
      offset += ms;
    },
    /** The thread is held up: time passes and nothing acts. */
    stall(ms: number): void {
      mono += ms;
    },
    /** Takes the next event, and lets everything that waits for it go on. False: there is none. */
    async step(): Promise<boolean> {
      const entry = pop();
      if (entry === undefined) return false;
      if (entry.act === null) return true;
      mono = Math.max(mono, entry.at);
      entry.act();
      await new Promise<void>((resolve) => setImmediate(resolve));
      return true;
    },
  };
}
