// Cron lines on a bare wall clock: which local times a line names, with no zone in it. Croner reads the
// line and finds the days; times of day are sets. Local times are epoch ms written as if they were UTC.
// Zones and daylight saving are due.ts's.

import { Cron, CronPattern } from "croner";
import { DAY_MS } from "./zone.ts";

const MODE = { mode: "5-or-6-parts" } as const;
/** A read line holds some 80 KB (croner keeps a table of years); reading one costs about 50 us. */
const LINES_MAX = 128;
const NICKNAMES: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Days still allowed to be counted one by one. */
export type Budget = { days: number };

export type CronLine = {
  /**
   * Seconds, minutes and hours are all plain numbers, lists or ranges: a time of day, as in Vixie cron.
   * With a `*` or a step in any of them the line is an interval and follows real time instead.
   */
  fixedTime: boolean;
  /** Due times in one matching day. */
  perDay: number;
  seconds: number[];
  minutes: number[];
  hours: number[];
  /** The first matching local time at or after `local`; null when there is none before the year 3000. */
  next(local: number): number | null;
  /** The last matching local time before `local`; null when there is none. */
  previous(local: number): number | null;
  /** How many match in `from <= t < until`. Days are walked unless every day matches; stops at the budget. */
  count(from: number, until: number, budget: Budget): number;
};

/** `@hourly` and its like written out, blanks single, `?` as the `*` it means. Other text is only trimmed. */
export function plainCron(line: string): string {
  const trimmed = line.trim().replace(/\s+/g, " ");
  return NICKNAMES[trimmed.toLowerCase()] ?? trimmed.replace(/(?<![^ ])\?(?![^ ])/g, "*");
}

const lines = new Map<string, CronLine>();

/** Reads a line of 5 or 6 fields (seconds first). Throws croner's error when it is not one. */
export function cronLine(line: string): CronLine {
  const known = lines.get(line);
  if (known) return known;
  const read = readLine(plainCron(line));
  const [oldest] = lines.keys();
  if (lines.size >= LINES_MAX && oldest !== undefined) lines.delete(oldest);
  lines.set(line, read);
  return read;
}

function readLine(line: string): CronLine {
  const pattern = new CronPattern(line, undefined, { ...MODE, fixedTimeRule: "no-wildcard" });
  const seconds = chosen(pattern.second);
  const minutes = chosen(pattern.minute);
  const hours = chosen(pattern.hour);
  const dayFields = line.split(" ").slice(-3);
  const days = dayFields.every((field) => field === "*")
    ? everyDay
    : someDays(new Cron(`0 0 0 ${dayFields.join(" ")}`, { ...MODE, utcOffset: 0 }));
  const perDay = hours.length * minutes.length * seconds.length;
  const first = timeOfDay(hours[0], minutes[0], seconds[0]);
  const last = timeOfDay(hours.at(-1), minutes.at(-1), seconds.at(-1));

  /** How many times of day lie before this one (ms into the day). */
  const before = (ms: number): number => {
    const second = Math.ceil(ms / 1000);
    const hour = Math.floor(second / 3600);
    const minute = Math.floor(second / 60) % 60;
    let count = below(hours, hour) * minutes.length * seconds.length;
    if (!hours.includes(hour)) return count;
    count += below(minutes, minute) * seconds.length;
    return minutes.includes(minute) ? count + below(seconds, second % 60) : count;
  };
  /** The time of day with that many before it, ms. */
  const nth = (index: number): number => {
    const perHour = minutes.length * seconds.length;
    return timeOfDay(
      hours[Math.floor(index / perHour)],
      minutes[Math.floor((index % perHour) / seconds.length)],
      seconds[index % seconds.length],
    );
  };

  return {
    fixedTime: pattern.isFixedTime,
    perDay,
    seconds,
    minutes,
    hours,
    next(local) {
      const today = dayOf(local);
      const day = days.from(today);
      if (day === null || day > today) return day === null ? null : day + first;
      const earlier = before(local - today);
      if (earlier < perDay) return today + nth(earlier);
      const later = days.from(today + DAY_MS);
      return later === null ? null : later + first;
    },
    previous(local) {
      const today = dayOf(local);
      const earlier = days.from(today) === today ? before(local - today) : 0;
      if (earlier > 0) return today + nth(earlier - 1);
      const day = days.before(today);
      return day === null ? null : day + last;
    },
    count(from, until, budget) {
      if (until <= from) return 0;
      const upTo = (local: number) => before(local - dayOf(local));
      if (days === everyDay) {
        return ((dayOf(until) - dayOf(from)) / DAY_MS) * perDay + upTo(until) - upTo(from);
      }
      let count = 0;
      let day = days.from(dayOf(from));
      while (day !== null && day < until && budget.days-- > 0) {
        count += until >= day + DAY_MS ? perDay : upTo(until);
        if (from > day) count -= upTo(from);
        day = days.from(day + DAY_MS);
      }
      return count;
    },
  };
}

/** `from`: the first matching day at or after one; `before`: the last before it. Days are local midnights. */
type Days = { from(day: number): number | null; before(day: number): number | null };

const everyDay: Days = { from: (day) => day, before: (day) => day - DAY_MS };

function someDays(cron: Cron): Days {
  // Most questions are about the same stretch again and again, and croner needs 16 us for an answer, or
  // 120 ms to find that a day (30 February) never comes.
  let asked = Number.POSITIVE_INFINITY;
  let answer: number | null = null;
  return {
    from(day) {
      if (day < asked || (answer !== null && day > answer)) {
        answer = cron.nextRun(new Date(day - 1000))?.getTime() ?? null;
        asked = day;
      }
      return answer;
    },
    before: (day) => cron.previousRuns(1, new Date(day))[0]?.getTime() ?? null,
  };
}

function chosen(flags: number[]): number[] {
  return flags.flatMap((flag, value) => (flag ? [value] : []));
}

function below(values: number[], limit: number): number {
  return values.filter((value) => value < limit).length;
}

function timeOfDay(hour = 0, minute = 0, second = 0): number {
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

function dayOf(local: number): number {
  return Math.floor(local / DAY_MS) * DAY_MS;
}
