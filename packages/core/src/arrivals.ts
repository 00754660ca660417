// Runs on their way: recorded as running, and not with the runner yet. Whoever must be sure that nothing starts
// any more waits for them.

export type Arrivals = {
  /** `way` ends when its run is with the runner. Answers it. */
  add<T>(way: Promise<T>): Promise<T>;
  /** Resolves when all that were added before have arrived. */
  settled(): Promise<void>;
};

export function makeArrivals(): Arrivals {
  const ways = new Set<Promise<unknown>>();
  return {
    add(way) {
      ways.add(way);
      const gone = (): boolean => ways.delete(way);
      way.then(gone, gone);
      return way;
    },
    async settled() {
      await Promise.allSettled(ways);
    },
  };
}
