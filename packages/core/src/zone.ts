// Time zones as stretches of constant offset, found by asking Intl and remembered. Cron schedules walk
// these stretches, so a local time that does not exist or comes twice is plain arithmetic on ranges.
// What to do about such a time is due.ts's decision.

import { assert } from "./error.ts";

/** Instants `fromAt <= t < untilAt` read `t + offsetMs` on the zone's clocks. Neighbours may share an offset. */
export type Stretch = { fromAt: number; untilAt: number; offsetMs: number };

export const DAY_MS = 86_400_000;
const BLOCK_MS = 366 * DAY_MS;
/** Callers may name any zone Intl knows (about 600, in any case); beyond this the memory starts anew. */
const ZONES_MAX = 700;
const BLOCKS_MAX = 5_000;

const formats = new Map<string, Intl.DateTimeFormat>();
const blocks = new Map<string, Stretch[]>();

/** The zone's name in its usual case, or null when Intl does not know it. */
export function knownZone(zone: string): string | null {
  try {
    const resolved = new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions()
      .timeZone;
    // Intl may answer with another name of the same zone (Asia/Calcutta): keep the asker's then.
    return resolved.toLowerCase() === zone.toLowerCase() ? resolved : zone;
  } catch {
    return null;
  }
}

/** What the zone's clocks are ahead of UTC at the instant, ms. */
export function offsetAt(zone: string, at: number): number {
  let format = formats.get(zone);
  if (!format) {
    if (formats.size >= ZONES_MAX) formats.clear();
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    formats.set(zone, format);
  }
  const text = format.format(at);
  const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  assert(found, `the offset of ${zone} can be read from ${text}`);
  const [, sign, hours, minutes, seconds] = found;
  if (!sign) return 0;
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
  return sign === "-" ? -ms : ms;
}

/** The stretches that touch `fromAt..untilAt`, in order and without a hole. */
export function stretches(zone: string, fromAt: number, untilAt: number): Stretch[] {
  const found: Stretch[] = [];
  for (let block = Math.floor(fromAt / BLOCK_MS); block * BLOCK_MS <= untilAt; block++) {
    for (const stretch of stretchesOfBlock(zone, block)) {
      if (stretch.untilAt > fromAt && stretch.fromAt <= untilAt) found.push(stretch);
    }
  }
  return found;
}

/** The instants that read `localMs` (wall clock written as if it were UTC): none in a gap, two in an overlap. */
export function instantsOf(zone: string, localMs: number): number[] {
  return stretches(zone, localMs - 2 * DAY_MS, localMs + 2 * DAY_MS)
    .filter(({ fromAt, untilAt, offsetMs }) => {
      return localMs - offsetMs >= fromAt && localMs - offsetMs < untilAt;
    })
    .map(({ offsetMs }) => localMs - offsetMs);
}

// Looks once a day: a zone that moved its clocks there and back within a day would be missed, and the
// time zone database knows none since 1970. Moves are then found to the millisecond by halving.
function stretchesOfBlock(zone: string, block: number): Stretch[] {
  const key = `${zone} ${block}`;
  const known = blocks.get(key);
  if (known) return known;
  const found: Stretch[] = [];
  const endAt = (block + 1) * BLOCK_MS;
  let fromAt = block * BLOCK_MS;
  let offsetMs = offsetAt(zone, fromAt);
  for (let at = fromAt; at < endAt; at += DAY_MS) {
    const dayEndAt = Math.min(at + DAY_MS, endAt - 1);
    const after = offsetAt(zone, dayEndAt);
    if (after === offsetMs) continue;
    const movedAt = moveBetween(zone, at, dayEndAt, offsetMs);
    found.push({ fromAt, untilAt: movedAt, offsetMs });
    fromAt = movedAt;
    offsetMs = after;
  }
  found.push({ fromAt, untilAt: endAt, offsetMs });
  if (blocks.size >= BLOCKS_MAX) blocks.clear();
  blocks.set(key, found);
  return found;
}

/** The first instant in (low, high] whose offset is not `offsetMs`. */
function moveBetween(zone: string, lowAt: number, highAt: number, offsetMs: number): number {
  let low = lowAt;
  let high = highAt;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === offsetMs) low = middle;
    else high = middle;
  }
  return high;
}
