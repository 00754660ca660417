// Schedules in words for people: short on a tile, longer in a preview, and the next due times as a list
// with what daylight saving does to them. Reading what people write is schedule-parse.ts's.

import { cronLine, plainCron } from "./cron.ts";
import { nextDue } from "./due.ts";
import type { CronSchedule, Schedule } from "./schedule.ts";
import { DAY_MS, instantsOf, offsetAt, stretches } from "./zone.ts";

/** One due time of a preview: its instant, its local time in words, and what is odd about it. */
export type PreviewLine = { at: number; local: string; note: string | null };

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const WHEN_MAX = 40;

/** What a ticker's `when` shows, at most 40 characters; a longer cron line ends in an ellipsis. */
export function describeSchedule(schedule: Schedule): string {
  if ("every" in schedule) {
    const every = durationText(schedule.every);
    return schedule.from === "finish" ? `${every} after each run` : `every ${every}`;
  }
  if ("at" in schedule) return `once ${localText(schedule.at, 0)} UTC`;
  if ("hand" in schedule) return "by hand";
  const text = `cron ${schedule.cron}`;
  return text.length > WHEN_MAX ? `${text.slice(0, WHEN_MAX - 1)}…` : text;
}

/** A sentence without its full stop, for the preview of a schedule. */
export function explainSchedule(schedule: Schedule): string {
  if ("every" in schedule) {
    const every = durationText(schedule.every);
    return schedule.from === "finish"
      ? `${every} after the run before has ended`
      : `every ${every} on a fixed grid, whatever the clocks do`;
  }
  if ("at" in schedule) return `once, on ${dayAndTime(schedule.at, 0)} UTC`;
  if ("hand" in schedule) return "only when somebody asks, or a result is pushed";
  return `${cronWords(plainCron(schedule.cron))}, ${schedule.zone}`;
}

/** `250ms`, `1.5s`, `10s`, `1h30m`, `2d`. Exact: reading it back gives the same number. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const units: [string, number][] = [
    ["d", DAY_MS],
    ["h", 3_600_000],
    ["m", 60_000],
  ];
  let rest = ms;
  let text = "";
  for (const [unit, size] of units) {
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return rest > 0 ? `${text}${rest / 1000}s` : text;
}

/**
 * The next `count` due times after `now` with their local times in the schedule's zone (`zone` for
 * schedules without one). The notes say where daylight saving moves, leaves out or repeats a time.
 */
export function previewSchedule(
  schedule: Schedule,
  now: number,
  anchorAt: number,
  count: number,
  zone = "UTC",
): PreviewLine[] {
  const shown = "cron" in schedule ? schedule.zone : zone;
  const found: PreviewLine[] = [];
  let last = now;
  while (found.length < count) {
    const at = nextDue(schedule, last, anchorAt);
    if (at === null) break;
    const note = "cron" in schedule ? cronNote(schedule, last, at) : finishNote(schedule);
    found.push({
      at,
      local: `${dayAndTime(at, offsetAt(shown, at))} ${offsetText(shown, at)}`,
      note,
    });
    last = at;
  }
  return found;
}

function finishNote(schedule: Schedule): string | null {
  const counts = "every" in schedule && schedule.from === "finish";
  return counts ? "at the earliest: it counts from the end of the run before" : null;
}

/** What is odd about a due time, given the instant (the due time before it, or now) it follows. */
function cronNote(schedule: CronSchedule, afterAt: number, at: number): string | null {
  const line = cronLine(schedule.cron);
  const local = at + offsetAt(schedule.zone, at);
  const notes: string[] = [];
  // A year and more between two due times would only list moves that have nothing to do with them.
  const around = stretches(schedule.zone, Math.max(afterAt, at - 370 * DAY_MS), at);
  for (const [index, stretch] of around.entries()) {
    const before = around[index - 1];
    if (!before || before.offsetMs >= stretch.offsetMs) continue;
    const gapFrom = stretch.fromAt + before.offsetMs;
    const gapUntil = stretch.fromAt + stretch.offsetMs;
    const lost = line.next(gapFrom);
    if (lost === null || lost >= gapUntil) continue;
    const gap = `the clocks go forward from ${timeText(gapFrom)} to ${timeText(gapUntil)}`;
    if (stretch.fromAt === at && line.fixedTime && schedule.gap === "shift") {
      notes.push(`moved from ${timeText(lost)}, which does not exist: ${gap}`);
    } else {
      notes.push(`${localText(lost, 0)} is left out: ${gap}`);
    }
  }
  const twice = instantsOf(schedule.zone, local);
  if (twice.length > 1) {
    const which = at === twice[0] ? "first" : "second";
    const both = !line.fixedTime || schedule.overlap === "both";
    const other = both ? "both run" : "the other is left out";
    notes.push(`${timeText(local)} comes twice as the clocks go back: the ${which}; ${other}`);
  }
  return notes.length > 0 ? notes.join("; ") : null;
}

/** `1 Jan 2027 00:00`, with seconds and milliseconds only when there are any. */
export function localText(at: number, offsetMs: number): string {
  const date = new Date(at + offsetMs);
  const month = MONTHS[date.getUTCMonth()];
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()} ${timeText(at + offsetMs)}`;
}

function dayAndTime(at: number, offsetMs: number): string {
  const day = DAYS[new Date(at + offsetMs).getUTCDay()] ?? "";
  return `${day.slice(0, 3)} ${localText(at, offsetMs)}`;
}

function timeText(local: number): string {
  // From the end: years past 9999 are longer.
  const text = new Date(local).toISOString().slice(-13, -1);
  if (!text.endsWith(".000")) return text;
  return text.endsWith(":00.000") ? text.slice(0, 5) : text.slice(0, 8);
}

function offsetText(zone: string, at: number): string {
  const minutes = Math.round(offsetAt(zone, at) / 60_000);
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${String(size % 60).padStart(2, "0")}` : "";
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(size / 60)}${rest}`;
}

function cronWords(line: string): string {
  const fields = line.split(" ");
  if (fields.length === 5) fields.unshift("0");
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const time = intervalWords(second, minute, hour) ?? timesWords(line, [second, minute, hour]);
  const days = dayWords(day, month, weekday);
  if (time.startsWith("at ")) return `${days ?? "every day"} ${time}`;
  return days === null ? time : `${time}, ${days}`;
}

/** `every 5 minutes`, when the fields say no more than that. */
function intervalWords(second: string, minute: string, hour: string): string | null {
  const step = (field: string, unit: string, size: number) => {
    const every = field === "*" ? 1 : Number(/^\*\/(\d+)$/.exec(field)?.[1]);
    // Steps that do not divide their unit start anew at its end: `every` would be wrong.
    if (!(every >= 1) || size % every !== 0) return null;
    return every === 1 ? `every ${unit}` : `every ${every} ${unit}s`;
  };
  if (minute === "*" && hour === "*" && second !== "0") return step(second, "second", 60);
  if (second !== "0") return null;
  if (hour === "*" && minute !== "0") {
    if (/^\d+$/.test(minute)) return `every hour at minute ${Number(minute)}`;
    return step(minute, "minute", 60);
  }
  return minute === "0" ? step(hour, "hour", 24) : null;
}

function timesWords(line: string, fields: string[]): string {
  const { hours, minutes, seconds, perDay } = cronLine(line);
  if (perDay <= 4) {
    const times = hours.flatMap((hour) =>
      minutes.flatMap((minute) =>
        seconds.map((second) => timeText(((hour * 60 + minute) * 60 + second) * 1000)),
      ),
    );
    return `at ${listed(times)}`;
  }
  const names = ["second", "minute", "hour"];
  const said = fields.map((field, index) => {
    return field === "*" || (index === 0 && field === "0") ? "" : `${names[index]} ${field}`;
  });
  return `whenever it is ${listed(said.filter(Boolean))}`;
}

function dayWords(day: string, month: string, weekday: string): string | null {
  const months = month === "*" ? "" : ` in ${namesIn(month, ["", ...MONTHS])}`;
  const anyDay = day === "*";
  const anyWeekday = weekday === "*";
  if (anyDay && anyWeekday) return months ? `every day${months}` : null;
  const onDays = day === "L" ? "on the last day of the month" : `on day ${day} of the month`;
  const range = /^(1-5|mon-fri)$/i.test(weekday);
  const onWeekdays = range ? "Monday to Friday" : `on ${namesIn(weekday, [...DAYS, "Sunday"])}`;
  if (anyDay) return `${onWeekdays}${months}`;
  if (anyWeekday) return `${onDays}${months}`;
  // Cron's old rule: with both fields given, either is enough.
  const joined = weekday.startsWith("+") ? "that is" : "and";
  return `${onDays} ${joined} ${onWeekdays.replace("+", "")}${months}`;
}

/** A field's numbers and short names as names: `1,3` is Monday and Wednesday. Steps stay as written. */
function namesIn(field: string, names: string[]): string {
  if (/[/#LW]/i.test(field.replace(/jul/gi, ""))) return field;
  const named = (part: string) => {
    const byName = names.find((name) => name.slice(0, 3).toLowerCase() === part.toLowerCase());
    return byName || names[Number(part)] || part;
  };
  return listed(
    field
      .replace("+", "")
      .split(",")
      .map((part) => part.split("-").map(named).join(" to ")),
  );
}

function listed(parts: string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
