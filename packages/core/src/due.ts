// The arithmetic of schedules: the next due time after an instant, and how many lie in a range. Pure. It
// stands on cron.ts (local times a line names) and zone.ts (stretches of constant offset).
//
// Daylight saving. A cron line whose seconds, minutes and hours are plain numbers, lists or ranges names
// times of day. Where the clocks go forward such a time does not exist: gap `skip` leaves it out, `shift`
// runs once at the first instant after the gap, however many times fell into it. Where they go back it
// comes twice: overlap says which counts. A line with `*` or a step in one of those fields (`*/30 * * * *`,
// `0 */2 * * *`) is an interval: it follows real time, so it runs in both hours and has nothing to make up,
// whatever gap and overlap say. This is Vixie cron's rule. `every` knows no zone and nothing touches it.

import { type Budget, type CronLine, cronLine } from "./cron.ts";
import type { CronSchedule, Schedule } from "./schedule.ts";
import { DAY_MS, type Stretch, stretches } from "./zone.ts";

/** Shortest interval the server takes, ms. */
export const EVERY_MIN_MS = 50;
/** Longest interval: 365 days, ms. */
export const EVERY_MAX_MS = 31_536_000_000;

/** `count` due times, the last of them at `latestAt`; `exact` is false when there may be more. */
export type DueTimes =
  | { count: 0; latestAt: null; exact: true }
  | { count: number; latestAt: number; exact: boolean };
const NONE: DueTimes = { count: 0, latestAt: null, exact: true };

/** How far a search for a cron line's next due time looks before it jumps. */
const WINDOW_MS = 40 * DAY_MS;

/**
 * The first due time strictly after `after`, or null when there is none (cron: none before the year 3000).
 * `anchorAt` is the origin of the grid of `every` and its first due time. For `from: "finish"` call it
 * with the instant the run ended.
 */
export function nextDue(schedule: Schedule, after: number, anchorAt: number): number | null {
  if ("every" in schedule) {
    if (schedule.from === "finish") return Math.floor(after) + schedule.every;
    if (after < anchorAt) return anchorAt;
    return anchorAt + (Math.floor((after - anchorAt) / schedule.every) + 1) * schedule.every;
  }
  if ("at" in schedule) return schedule.at > after ? schedule.at : null;
  if ("cron" in schedule) return nextCronDue(schedule, Math.floor(after) + 1);
  return null;
}

/**
 * How many due times lie in `fromAt <= t <= untilAt`, and the latest of them (null when there are none).
 * Arithmetic: a year of every second costs no more than a day of it. Only cron lines that name days walk
 * days, at most `cap` of them; past that `exact` is false and `count` is at least what it says, while
 * `latestAt` still holds. For `from: "finish"` the one due time is `fromAt`, which the caller knows to be due.
 */
export function dueBetween(
  schedule: Schedule,
  fromAt: number,
  untilAt: number,
  anchorAt: number,
  cap: number,
): DueTimes {
  if (untilAt < fromAt || "hand" in schedule) return NONE;
  if ("at" in schedule) {
    const inside = schedule.at >= fromAt && schedule.at <= untilAt;
    return inside ? { count: 1, latestAt: schedule.at, exact: true } : NONE;
  }
  if ("cron" in schedule) return cronDueBetween(schedule, fromAt, untilAt, cap);
  if (schedule.from === "finish") return { count: 1, latestAt: fromAt, exact: true };
  const first = Math.max(0, Math.ceil((fromAt - anchorAt) / schedule.every));
  const last = Math.floor((untilAt - anchorAt) / schedule.every);
  if (last < first) return NONE;
  return { count: last - first + 1, latestAt: anchorAt + last * schedule.every, exact: true };
}

/**
 * Due times a day: for `every` the grid's rate (`from: "finish"`: the most there can be), for cron the
 * mean over four years of its days. Null for schedules that are no repetition.
 */
export function perDay(schedule: Schedule): number | null {
  if ("every" in schedule) return DAY_MS / schedule.every;
  if (!("cron" in schedule)) return null;
  const fromAt = Date.UTC(2024, 0, 1);
  const days = 4 * 365 + 1;
  return cronLine(schedule.cron).count(fromAt, fromAt + days * DAY_MS, { days }) / days;
}

/**
 * Instants during which a line's local times count, and the gaps that count as one instant. `gap`: the
 * local times that fell out just before `fromAt`; such a piece is that one instant.
 */
type Piece = Stretch & { gap: { from: number; until: number } | null };

function pieces(schedule: CronSchedule, line: CronLine, fromAt: number, untilAt: number): Piece[] {
  // Two days on either side: clocks have been moved by a whole day at most (Samoa, 2011).
  const around = stretches(schedule.zone, fromAt - 2 * DAY_MS, untilAt + 2 * DAY_MS);
  return around.flatMap((stretch, index) => {
    const before = around[index - 1];
    const found: Piece[] = [];
    if (
      before &&
      line.fixedTime &&
      schedule.gap === "shift" &&
      before.offsetMs < stretch.offsetMs
    ) {
      const from = stretch.fromAt + before.offsetMs;
      const until = stretch.fromAt + stretch.offsetMs;
      found.push({ ...stretch, untilAt: stretch.fromAt + 1, gap: { from, until } });
    }
    let kept = [stretch];
    if (line.fixedTime && schedule.overlap !== "both") {
      const rivals =
        schedule.overlap === "first"
          ? around.slice(Math.max(0, index - 3), index)
          : around.slice(index + 1, index + 4);
      for (const rival of rivals) kept = kept.flatMap((part) => without(part, rival));
    }
    found.push(...kept.map((part) => ({ ...part, gap: null })));
    return found.filter((piece) => piece.untilAt > fromAt && piece.fromAt <= untilAt);
  });
}

/** What is left of a stretch after the local times it shares with another are taken out. */
function without(stretch: Stretch, rival: Stretch): Stretch[] {
  const shift = rival.offsetMs - stretch.offsetMs;
  const from = Math.max(stretch.fromAt, rival.fromAt + shift);
  const until = Math.min(stretch.untilAt, rival.untilAt + shift);
  if (from >= until) return [stretch];
  return [
    { ...stretch, untilAt: from },
    { ...stretch, fromAt: until },
  ].filter((part) => part.fromAt < part.untilAt);
}

/** The first matching local time of a piece at or after the instant, as an instant of that piece. */
function firstIn(line: CronLine, piece: Piece, at: number): number | null {
  if (piece.gap) {
    const lost = line.next(piece.gap.from);
    return piece.fromAt >= at && lost !== null && lost < piece.gap.until ? piece.fromAt : null;
  }
  const local = line.next(Math.max(at, piece.fromAt) + piece.offsetMs);
  return local !== null && local - piece.offsetMs < piece.untilAt ? local - piece.offsetMs : null;
}

function nextCronDue(schedule: CronSchedule, at: number): number | null {
  const line = cronLine(schedule.cron);
  for (let fromAt = at; ; ) {
    const untilAt = fromAt + WINDOW_MS;
    for (const piece of pieces(schedule, line, fromAt, untilAt)) {
      const dueAt = firstIn(line, piece, fromAt);
      // Beyond the window a piece was not yet compared with what follows it.
      if (dueAt !== null && dueAt <= untilAt) return dueAt;
    }
    // No zone is a day away from UTC, so nothing is due sooner than a day before the next local match.
    const local = line.next(untilAt - DAY_MS);
    if (local === null) return null;
    fromAt = Math.max(untilAt, local - DAY_MS);
  }
}

function cronDueBetween(
  schedule: CronSchedule,
  fromAt: number,
  untilAt: number,
  cap: number,
): DueTimes {
  const line = cronLine(schedule.cron);
  const budget: Budget = { days: cap };
  let count = 0;
  let latestAt: number | null = null;
  for (const piece of pieces(schedule, line, fromAt, untilAt)) {
    const from = Math.max(fromAt, piece.fromAt);
    const until = Math.min(untilAt + 1, piece.untilAt);
    if (piece.gap) {
      // The instant after the gap may be a due time by itself: then the piece that follows counts it.
      const own = line.next(piece.fromAt + piece.offsetMs) === piece.fromAt + piece.offsetMs;
      if (firstIn(line, piece, from) === null || until <= from) continue;
      if (!own) count += 1;
      latestAt = piece.fromAt;
      continue;
    }
    count += line.count(from + piece.offsetMs, until + piece.offsetMs, budget);
    const local = line.previous(until + piece.offsetMs);
    if (local !== null && local - piece.offsetMs >= from) latestAt = local - piece.offsetMs;
  }
  if (latestAt === null) return NONE;
  return { count: Math.max(count, 1), latestAt, exact: budget.days >= 0 };
}
