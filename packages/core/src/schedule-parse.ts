// Reads schedules that people and programs send, checks them, and gives back the one normal form. Every
// fault names the field, the value and what is allowed. Callers pass the clock and the zone.

import { CronPattern } from "croner";
import { cronLine, plainCron } from "./cron.ts";
import { EVERY_MAX_MS, EVERY_MIN_MS, nextDue } from "./due.ts";
import { type Issue, VisibleError } from "./error.ts";
import type { CronSchedule, Schedule } from "./schedule.ts";
import { MONTHS } from "./schedule-text.ts";
import { DAY_MS, instantsOf, knownZone, offsetAt } from "./zone.ts";

const CRON_LENGTH_MAX = 128;
const TEXT_LENGTH_MAX = 200;
/** The last instant of the year 9999, epoch ms. */
const AT_MAX = 253_402_300_799_999;

const KINDS = {
  every: ["every", "from"],
  cron: ["cron", "zone", "gap", "overlap"],
  at: ["at"],
  hand: ["hand"],
} as const;
type Kind = keyof typeof KINDS;

const FIELDS: [name: string, allowed: string][] = [
  ["second", "0-59"],
  ["minute", "0-59"],
  ["hour", "0-23"],
  ["day of month", "1-31, L, LW or a day with W"],
  ["month", "1-12 or JAN-DEC"],
  ["day of week", "0-7 (0 and 7 are Sunday), SUN-SAT, with #1-#5 or L"],
];

/**
 * Checks a schedule as the API takes it and fills in what was left out: `from` "start", `gap` "shift",
 * `overlap` "first", `zone` the default. `at` may be epoch ms or ISO 8601 text (without an offset it is
 * local to `zoneDefault`) and must be later than `now`. Throws VisibleError "invalid" with every issue.
 */
export function parseSchedule(input: unknown, now: number, zoneDefault: string): Schedule {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    refuse("schedule", `schedule must be an object such as {"every": 1000}; got ${shown(input)}`);
  }
  const given = input as Record<string, unknown>;
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => Object.hasOwn(given, kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const got =
      kinds.length > 1 ? kinds.join(" and ") : shown(Object.keys(given).join(", ") || undefined);
    refuse("schedule", `schedule must have exactly one of every, cron, at or hand; got ${got}`);
  }
  const issues = Object.keys(given)
    .filter((field) => !(KINDS[kind] as readonly string[]).includes(field))
    .map((field) => ({
      path: `schedule.${field}`,
      message: `schedule.${field} is no field of a schedule with ${kind}; allowed: ${KINDS[kind].join(", ")}`,
    }));
  const schedule = readers[kind](given, issues, now, zoneDefault);
  if (issues.length > 0) fail(issues);
  return schedule;
}

const readers: Record<Kind, Reader> = {
  every: readEvery,
  cron: readCron,
  at: readAt,
  hand: readHand,
};
type Reader = (
  given: Record<string, unknown>,
  issues: Issue[],
  now: number,
  zoneDefault: string,
) => Schedule;

function readEvery(given: Record<string, unknown>, issues: Issue[]): Schedule {
  const every = given.every as number;
  const whole = Number.isInteger(every) && every >= EVERY_MIN_MS && every <= EVERY_MAX_MS;
  if (!whole)
    issues.push({ path: "schedule.every", message: everyMessage("schedule.every", every) });
  return { every, from: choice(given, "from", ["start", "finish"], issues) };
}

function readCron(
  given: Record<string, unknown>,
  issues: Issue[],
  now: number,
  zoneDefault: string,
): Schedule {
  const zone = readZone(given.zone ?? zoneDefault, issues);
  const gap = choice(given, "gap", ["shift", "skip"], issues);
  const overlap = choice(given, "overlap", ["first", "last", "both"], issues);
  const text = given.cron;
  if (typeof text !== "string" || text.length > CRON_LENGTH_MAX) {
    const message = `schedule.cron must be text of at most ${CRON_LENGTH_MAX} characters, five or six fields; got ${shown(text)}`;
    issues.push({ path: "schedule.cron", message });
    return { cron: "", zone, gap, overlap };
  }
  const schedule: CronSchedule = { cron: plainCron(text), zone, gap, overlap };
  const fault = cronFault(schedule.cron);
  if (fault) issues.push({ path: "schedule.cron", message: `schedule.cron ${fault}` });
  else if (issues.length === 0 && nextDue(schedule, now, now) === null) {
    const message = `schedule.cron must name a time that comes; ${shown(text)} has none before the year 3000`;
    issues.push({ path: "schedule.cron", message });
  }
  return schedule;
}

function readAt(
  given: Record<string, unknown>,
  issues: Issue[],
  now: number,
  zoneDefault: string,
): Schedule {
  const path = "schedule.at";
  const value = given.at;
  const at = typeof value === "string" ? isoInstant(value, zoneDefault, path) : value;
  if (typeof at !== "number" || !Number.isInteger(at) || at > AT_MAX) {
    const message = `${path} must be whole epoch ms up to ${AT_MAX} or ISO 8601 text such as "2027-01-31T09:00:00Z"; got ${shown(value)}`;
    issues.push({ path, message });
    return { at: 0 };
  }
  const fault = pastFault(at, now);
  if (fault) issues.push({ path, message: `${path} ${fault}` });
  return { at };
}

function readHand(given: Record<string, unknown>, issues: Issue[]): Schedule {
  if (given.hand !== true) {
    issues.push({
      path: "schedule.hand",
      message: `schedule.hand must be true; got ${shown(given.hand)}`,
    });
  }
  return { hand: true };
}

function readZone(value: unknown, issues: Issue[]): string {
  const zone = typeof value === "string" && value.length <= 64 ? knownZone(value) : null;
  if (zone !== null) return zone;
  const message = `schedule.zone must be an IANA time zone such as "Europe/Oslo" or "UTC"; got ${shown(value)}`;
  issues.push({ path: "schedule.zone", message });
  return "UTC";
}

/** One of the allowed words; the first when the field was left out. */
function choice<Word extends string>(
  given: Record<string, unknown>,
  field: string,
  words: readonly [Word, ...Word[]],
  issues: Issue[],
): Word {
  const value = given[field];
  if (value === undefined) return words[0];
  const word = words.find((allowed) => allowed === value);
  if (word !== undefined) return word;
  const message = `schedule.${field} must be ${words.join(" or ")}; got ${shown(value)}`;
  issues.push({ path: `schedule.${field}`, message });
  return words[0];
}

/** What is wrong with a cron line, to follow its name; null when nothing is. */
function cronFault(line: string): string | null {
  if (line.includes("@")) {
    return `knows @hourly, @daily, @weekly, @monthly, @yearly; got ${shown(line)}`;
  }
  const fields = line.split(" ");
  if (fields.length !== 5 && fields.length !== 6) {
    return `must have five fields (minute hour day month weekday), or six with seconds first; got ${fields.length}: ${shown(line)}`;
  }
  const named = FIELDS.slice(-fields.length);
  for (const [index, field] of fields.entries()) {
    // Each field alone among stars: then the reader's refusal is about this field.
    const alone = fields.map((_, at) => (at === index ? field : "*")).join(" ");
    const [name = "", allowed = ""] = named[index] ?? [];
    if (!reads(() => new CronPattern(alone, undefined, { mode: "5-or-6-parts" }))) {
      return `has a field (${name}) that cannot be read: it takes ${allowed}, lists (1,2), ranges (1-5) and steps (*/5, 10-30/5); got ${shown(field)}`;
    }
  }
  return reads(() => cronLine(line)) ? null : `cannot be read; got ${shown(line)}`;
}

function reads(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads what a person types: `10s`, `250ms`, `1500` (ms), `2h30m`, `every 5 minutes`, `10s after each run`,
 * a cron line of 5 or 6 fields or `@daily`, an ISO instant, `at 18:30`, `today 18:30`, `tomorrow 9:00`,
 * `1 Jan 2027 00:00`, `hand`. Times of day and cron lines are in `zone`. Throws VisibleError "invalid"
 * with the path `text`.
 */
export function parseScheduleText(text: string, now: number, zone: string): Schedule {
  const path = "text";
  if (text.length > TEXT_LENGTH_MAX) {
    refuse(path, `text must have at most ${TEXT_LENGTH_MAX} characters; got ${text.length}`);
  }
  const known = knownZone(zone);
  if (known === null) refuse("zone", `zone must be an IANA time zone; got ${shown(zone)}`);
  const said = text.trim().replace(/\s+/g, " ");
  if (/^(by )?hand$/i.test(said)) return { hand: true };
  const line = said.replace(/^cron /i, "");
  if (/^@|^\S+( \S+){4,5}$/.test(line) && (/^[@*\d]/.test(line) || line !== said)) {
    if (!/\d{4}|after each run/.test(line)) return fromCron(line, now, known);
  }
  const every = /^(?:every )?(.+?)( after each run)?$/i.exec(said);
  const ms = every?.[1] === undefined ? null : durationMs(every[1]);
  if (ms !== null) {
    const inRange = Number.isInteger(ms) && ms >= EVERY_MIN_MS && ms <= EVERY_MAX_MS;
    if (!inRange) refuse(path, everyMessage("the interval", ms));
    return { every: ms, from: every?.[2] ? "finish" : "start" };
  }
  const at = momentOf(said.replace(/^(at|once|on) /i, ""), now, known);
  if (at === null) {
    refuse(
      path,
      `this is no schedule: ${shown(text)}; try 10s, every 5m, 0 3 * * *, tomorrow 9:00, 2027-01-31T09:00Z or hand`,
    );
  }
  const fault = pastFault(at, now);
  if (fault) refuse(path, `the instant ${fault}`);
  return { at };
}

function fromCron(line: string, now: number, zone: string): Schedule {
  const issues: Issue[] = [];
  const schedule = readCron({ cron: line, zone }, issues, now, zone);
  const [issue] = issues;
  if (issue) refuse("text", issue.message.replace("schedule.cron", "the cron line"));
  return schedule;
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** `1500`, `2h30m`, `5 minutes`, `second`; null when it is no duration. */
function durationMs(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text);
  const spelled = text
    .toLowerCase()
    .replace(/milliseconds?|millis/g, "ms")
    .replace(/seconds?|secs?/g, "s")
    .replace(/minutes?|mins?/g, "m")
    .replace(/hours?|hrs?/g, "h")
    .replace(/days?/g, "d")
    .replace(/weeks?/g, "w")
    .replace(/ /g, "");
  const alone = UNITS[spelled];
  if (alone !== undefined) return alone;
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(spelled)) return null;
  let ms = 0;
  for (const [, number, unit = ""] of spelled.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    ms += Number(number) * (UNITS[unit] ?? Number.NaN);
  }
  // 1.1s is 1100.0000000000002 in binary; a real fraction of a millisecond stays one and is refused.
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : ms;
}

/** An instant in words, or null when it is none. Local times are the zone's. */
function momentOf(text: string, now: number, zone: string): number | null {
  const clock = /^(?:(today|tomorrow)(?: at)? )?(\d{1,2}):(\d\d)(?::(\d\d))?$/i.exec(text);
  if (clock) {
    const [, day, hour, minute, second = "0"] = clock;
    const midnight = Math.floor((now + offsetAt(zone, now)) / DAY_MS) * DAY_MS;
    const time = timeOfDay(hour, minute, second);
    if (time === null) return null;
    const tomorrow = day?.toLowerCase() === "tomorrow";
    const at = localInstant(midnight + (tomorrow ? DAY_MS : 0) + time, zone, text, "text");
    // A bare time means its next coming.
    return day || at > now ? at : localInstant(midnight + DAY_MS + time, zone, text, "text");
  }
  const dated =
    /^(\d{1,2}) ([a-z]{3})[a-z]* (\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d(?:\.\d{1,3})?))?)?( UTC)?$/i;
  const found = dated.exec(text);
  if (!found) return isoInstant(text, zone, "text");
  const [, day, name = "", year, hour = "0", minute = "0", second = "0", utc] = found;
  const month = MONTHS.findIndex((each) => each.toLowerCase() === name.toLowerCase());
  const date = localDate(Number(year), month + 1, Number(day));
  const time = timeOfDay(hour, minute, second);
  if (date === null || time === null) return null;
  return utc ? date + time : localInstant(date + time, zone, text, "text");
}

/** ISO 8601 text as an instant; null when it is none. Without an offset it is local to the zone. */
function isoInstant(text: string, zone: string, path: string): number | null {
  const iso =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d{1,3})?))?)? ?(Z|[+-]\d\d:?\d\d)?$/i;
  const found = iso.exec(text.trim());
  if (!found) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", offset] = found;
  const date = localDate(Number(year), Number(month), Number(day));
  const time = timeOfDay(hour, minute, second);
  if (date === null || time === null) return null;
  if (offset === undefined) return localInstant(date + time, zone, text, path);
  if (offset.toUpperCase() === "Z") return date + time;
  const ahead = timeOfDay(offset.slice(1, 3), offset.slice(-2), "0");
  return ahead === null ? null : date + time - (offset.startsWith("-") ? -ahead : ahead);
}

/** The local time's instant; the first one where it comes twice. Refused where it does not exist. */
function localInstant(local: number, zone: string, text: string, path: string): number {
  const [first] = instantsOf(zone, local);
  if (first === undefined) {
    refuse(path, `${shown(text)} does not exist in ${zone}: the clocks go forward over it`);
  }
  return first;
}

function localDate(year: number, month: number, day: number): number | null {
  const date = Date.UTC(year, month - 1, day);
  return new Date(date).getUTCMonth() === month - 1 && year >= 1970 ? date : null;
}

function timeOfDay(hour = "", minute = "", second = ""): number | null {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) >= 60) return null;
  return Math.round(((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000);
}

function pastFault(at: number, now: number): string | null {
  if (at > now) return null;
  const iso = (instant: number) => new Date(Math.max(instant, -AT_MAX)).toISOString();
  return `must be in the future; got ${iso(at)} and it is ${iso(now)}`;
}

function everyMessage(name: string, got: unknown): string {
  const [min, max] = [EVERY_MIN_MS, EVERY_MAX_MS].map((ms) => ms.toLocaleString("en-US"));
  return `${name} must be a whole number of ms from ${min} to ${max}; got ${shown(got)}`;
}

/** A value as it was sent, short enough for a message. */
function shown(value: unknown): string {
  // JSON has no word for Infinity, which 1e999 reads as.
  const plain = typeof value === "number" ? String(value) : JSON.stringify(value);
  const text = value === undefined ? "nothing" : (plain ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function fail(issues: Issue[]): never {
  throw new VisibleError("invalid", issues.map((issue) => issue.message).join("; "), { issues });
}

function refuse(path: string, message: string): never {
  fail([{ path, message }]);
}
