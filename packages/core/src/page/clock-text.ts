// Dates as teletext says them, in a zone. Pure.

import { offsetAt } from "../zone.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (number: number): string => String(number).padStart(2, "0");

const local = (at: number, zone: string): Date => new Date(at + offsetAt(zone, at));

/** `Sat 21 Nov` */
export function dayText(at: number, zone: string): string {
  const date = local(at, zone);
  return `${DAYS[date.getUTCDay()]} ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`;
}

/** `20:45/31`: the slash before the seconds is how the old headers had it. */
export function clockText(at: number, zone: string): string {
  const date = local(at, zone);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}/${two(date.getUTCSeconds())}`;
}

/** `20:45/31` today, `21 Nov 20:45` on another day. */
export function whenText(at: number, now: number, zone: string): string {
  if (dayText(at, zone) === dayText(now, zone)) return clockText(at, zone);
  return `${dayText(at, zone).slice(4)} ${clockText(at, zone).slice(0, 5)}`;
}
