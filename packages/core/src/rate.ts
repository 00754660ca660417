// Token buckets: how often somebody may do something. In process and in memory; the clock that
// never steps back fills them. What is limited, and by which key, is decided by those who ask.

import { VisibleError } from "./error.ts";
import type { Clock } from "./platform.ts";

export type Rate = {
  /** Takes `cost` from the bucket of `key`. Answers 0, or the ms until that much would be there. */
  take(key: string, cost?: number): number;
};

/** Beyond this many keys the full buckets are forgotten: a full bucket is the same as none. */
const KEYS_MAX = 10_000;

/** `burst` at once, then `perSecond`. */
export function makeRate(clock: Clock, burst: number, perSecond: number): Rate {
  const buckets = new Map<string, { level: number; at: number }>();
  const levelNow = (bucket: { level: number; at: number }, now: number) =>
    Math.min(burst, bucket.level + ((now - bucket.at) / 1000) * perSecond);

  function forget(now: number) {
    for (const [key, bucket] of buckets) if (levelNow(bucket, now) >= burst) buckets.delete(key);
    // An attacker with that many addresses gets the oldest buckets filled, not our memory; half of
    // them at once, so that the next ones cost nothing.
    if (buckets.size <= KEYS_MAX / 2) return;
    let surplus = buckets.size - KEYS_MAX / 2;
    for (const key of buckets.keys()) if (surplus-- > 0) buckets.delete(key);
  }

  return {
    take(key, cost = 1) {
      const now = clock.monotonic();
      const bucket = buckets.get(key) ?? { level: burst, at: now };
      const level = levelNow(bucket, now);
      if (level < cost) return Math.ceil(((cost - level) / perSecond) * 1000);
      buckets.set(key, { level: level - cost, at: now });
      if (buckets.size > KEYS_MAX) forget(now);
      return 0;
    },
  };
}

/** Takes from the bucket, or throws the 429 that says when to come back. */
export function spend(rate: Rate, key: string, doing: string, cost = 1): void {
  const waitMs = rate.take(key, cost);
  if (waitMs > 0) {
    throw new VisibleError(
      "limit",
      `Too many ${doing}: try again in ${Math.ceil(waitMs / 1000)} s.`,
      { retryAfterMs: waitMs },
    );
  }
}
