// When tickers are due, section by section: every, at, by hand, cron, daylight saving, counting. What
// people write and read is in schedule-text.test.ts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CronSchedule,
  dueBetween,
  nextDue,
  perDay,
  type Schedule,
} from "../packages/core/src/schedule.ts";
import { stretches } from "../packages/core/src/zone.ts";
import { type Asked, walkDue, wallMinute } from "./support/minute-walk.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NEVER_CAPPED = 1_000_000;

const at = (iso: string) => Date.parse(iso);

function cron(line: string, zone = "UTC", rules: Partial<CronSchedule> = {}): CronSchedule {
  return { cron: line, zone, gap: "shift", overlap: "first", ...rules };
}

/** Due times strictly after `after` and at most `until`, by asking again and again. */
function dueTimes(schedule: Schedule, after: number, until: number, anchorAt = 0): number[] {
  const found: number[] = [];
  let last = after;
  for (;;) {
    const next = nextDue(schedule, last, anchorAt);
    if (next === null || next > until) return found;
    if (next <= last) throw new Error(`${next} does not follow ${last}`);
    found.push(next);
    last = next;
  }
}

/** The same with ISO texts, counted as well as asked for. */
function isoTimes(schedule: Schedule, after: string, until: string): string[] {
  const times = dueTimes(schedule, at(after), at(until));
  const counted = dueBetween(schedule, at(after) + 1, at(until), 0, NEVER_CAPPED);
  expect(counted).toEqual({ count: times.length, latestAt: times.at(-1) ?? null, exact: true });
  return times.map((time) => new Date(time).toISOString().slice(5, 16));
}

describe("every, from start: a fixed grid", () => {
  const every: Schedule = { every: 1000, from: "start" };

  test("the anchor itself is the first due time", () => {
    expect(nextDue(every, 4999, 5000)).toBe(5000);
    expect(nextDue(every, -1e9, 5000)).toBe(5000);
    expect(nextDue(every, 5000, 5000)).toBe(6000);
    expect(nextDue(every, 5999, 5000)).toBe(6000);
  });

  test("never drifts in a year, however late it is asked", () => {
    const anchorAt = at("2026-03-01T00:00:00.123Z");
    const odd: Schedule = { every: 777, from: "start" };
    let dueAt = anchorAt;
    let asked = 0;
    while (dueAt < anchorAt + 365 * DAY) {
      const lateMs = (asked++ * 7919) % (6 * HOUR);
      const next = nextDue(odd, dueAt + lateMs, anchorAt);
      if (next === null || (next - anchorAt) % 777 !== 0) throw new Error(`off the grid: ${next}`);
      if (next <= dueAt + lateMs || next > dueAt + lateMs + 777)
        throw new Error(`not next: ${next}`);
      dueAt = next;
    }
    expect(asked).toBeGreaterThan(2000);
    expect(nextDue(odd, anchorAt + 40_587_258 * 777 - 1, anchorAt)).toBe(
      anchorAt + 40_587_258 * 777,
    );
  });

  test("a count is arithmetic and agrees with asking", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 5000 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: -5000, max: 30_000 }),
        fc.integer({ min: -10, max: 30_000 }),
        (ms, anchorAt, fromAt, length) => {
          const schedule: Schedule = { every: ms, from: "start" };
          const times = dueTimes(schedule, fromAt - 1, fromAt + length, anchorAt);
          const counted = dueBetween(schedule, fromAt, fromAt + length, anchorAt, 0);
          expect(counted).toEqual({
            count: times.length,
            latestAt: times.at(-1) ?? null,
            exact: true,
          });
        },
      ),
    );
  });

  test("daylight saving does not touch it", () => {
    const hourly: Schedule = { every: HOUR, from: "start" };
    const times = dueTimes(hourly, at("2027-03-13T00:00Z") - 1, at("2027-03-15T00:00Z"));
    expect(times).toHaveLength(49);
  });
});

describe("every, from finish", () => {
  const schedule: Schedule = { every: 10_000, from: "finish" };

  test("counts from the end of the run", () => {
    expect(nextDue(schedule, 123_456, 0)).toBe(133_456);
  });

  test("there is one due time, the one the caller knows", () => {
    expect(dueBetween(schedule, 5000, 900_000, 0, 0)).toEqual({
      count: 1,
      latestAt: 5000,
      exact: true,
    });
    expect(dueBetween(schedule, 5000, 4999, 0, 0).count).toBe(0);
  });
});

describe("at and by hand", () => {
  test("at is due once", () => {
    expect(nextDue({ at: 500 }, 499, 0)).toBe(500);
    expect(nextDue({ at: 500 }, 500, 0)).toBeNull();
    expect(dueBetween({ at: 500 }, 500, 500, 0, 0)).toEqual({
      count: 1,
      latestAt: 500,
      exact: true,
    });
    expect(dueBetween({ at: 500 }, 501, 900, 0, 0).count).toBe(0);
  });

  test("by hand is never due", () => {
    expect(nextDue({ hand: true }, 0, 0)).toBeNull();
    expect(dueBetween({ hand: true }, 0, 1e15, 0, 0).count).toBe(0);
  });
});

describe("cron lines", () => {
  test.each([
    ["0 3 * * *", "2027-01-01T03:00Z", "2027-01-02T03:00:00.000Z"],
    ["*/15 * * * *", "2027-01-01T00:07:30.500Z", "2027-01-01T00:15:00.000Z"],
    ["*/10 * * * * *", "2027-01-01T00:00:09.999Z", "2027-01-01T00:00:10.000Z"],
    ["59 59 23 31 12 *", "2027-01-01T00:00Z", "2027-12-31T23:59:59.000Z"],
    ["0 0 29 2 *", "2027-01-01T00:00Z", "2028-02-29T00:00:00.000Z"],
    ["0 0 29 2 1", "2097-01-01T00:00Z", "2097-02-04T00:00:00.000Z"],
    ["0 0 29 2 +1", "2097-01-01T00:00Z", "2112-02-29T00:00:00.000Z"],
    ["0 12 * * MON#1", "2027-01-05T00:00Z", "2027-02-01T12:00:00.000Z"],
    ["0 12 L * *", "2027-02-01T00:00Z", "2027-02-28T12:00:00.000Z"],
    ["0 12 15W * *", "2027-08-01T00:00Z", "2027-08-16T12:00:00.000Z"],
    ["@weekly", "2027-01-01T00:00Z", "2027-01-03T00:00:00.000Z"],
  ])("%s after %s", (line, after, due) => {
    const found = nextDue(cron(line), at(after), 0);
    // 0 0 29 2 1 is the 29th of February or any Monday in February: either day field is enough.
    expect(new Date(found ?? Number.NaN).toISOString()).toBe(due);
  });

  test("a day that never comes is never due", () => {
    expect(nextDue(cron("0 0 30 2 *"), 0, 0)).toBeNull();
    expect(dueBetween(cron("0 0 30 2 *"), 0, 1e12, 0, 10)).toEqual({
      count: 0,
      latestAt: null,
      exact: true,
    });
  });

  test("zones of half and quarter hours", () => {
    expect(
      isoTimes(cron("30 9 * * *", "Asia/Kolkata"), "2027-01-01T00:00Z", "2027-01-02T00:00Z"),
    ).toEqual(["01-01T04:00"]);
    expect(
      isoTimes(cron("0 0 * * *", "Asia/Kathmandu"), "2027-01-01T00:00Z", "2027-01-02T00:00Z"),
    ).toEqual(["01-01T18:15"]);
  });

  test("due times a day", () => {
    expect(perDay(cron("*/5 9-16 * * 1-5"))).toBeCloseTo((96 * 5) / 7, 0);
    expect(perDay(cron("* * * * * *"))).toBe(86_400);
    expect(perDay({ every: 250, from: "start" })).toBe(345_600);
    expect(perDay({ at: 1 })).toBeNull();
    expect(perDay({ hand: true })).toBeNull();
  });
});

describe("clocks go forward (New York, 14 March 2027, 02:00 to 03:00)", () => {
  const zone = "America/New_York";
  const morning = (line: string, rules: Partial<CronSchedule>) =>
    isoTimes(cron(line, zone, rules), "2027-03-14T05:59Z", "2027-03-14T08:00Z");

  test("skip leaves the time out", () => {
    expect(morning("30 2 * * *", { gap: "skip" })).toEqual([]);
  });
  test("shift runs at the first instant after the gap", () => {
    expect(morning("30 2 * * *", { gap: "shift" })).toEqual(["03-14T07:00"]);
  });
  test("many lost times, and one at the gap's end, are one run", () => {
    expect(morning("0,10,50 2,3 * * *", { gap: "shift" })).toEqual([
      "03-14T07:00",
      "03-14T07:10",
      "03-14T07:50",
    ]);
  });
  test.each(["skip", "shift"] as const)("intervals run through real time (%s)", (gap) => {
    const times = ["03-14T06:00", "03-14T06:30", "03-14T07:00", "03-14T07:30", "03-14T08:00"];
    expect(morning("*/30 * * * *", { gap })).toEqual(times);
    expect(morning("0 */2 * * *", { gap })).toEqual(["03-14T08:00"]);
  });
});

describe("clocks go back (New York, 7 November 2027, 02:00 to 01:00)", () => {
  const zone = "America/New_York";
  const night = (line: string, overlap: CronSchedule["overlap"]) =>
    isoTimes(cron(line, zone, { overlap }), "2027-11-07T04:59Z", "2027-11-07T07:00Z");

  test("first, last or both", () => {
    expect(night("30 1 * * *", "first")).toEqual(["11-07T05:30"]);
    expect(night("30 1 * * *", "last")).toEqual(["11-07T06:30"]);
    expect(night("30 1 * * *", "both")).toEqual(["11-07T05:30", "11-07T06:30"]);
  });
  test.each(["first", "last", "both"] as const)("intervals run in both hours (%s)", (overlap) => {
    const times = ["11-07T05:00", "11-07T05:30", "11-07T06:00", "11-07T06:30", "11-07T07:00"];
    expect(night("*/30 * * * *", overlap)).toEqual(times);
    expect(night("15 * * * *", overlap)).toEqual(["11-07T05:15", "11-07T06:15"]);
  });
});

describe("odd moves of clocks", () => {
  test("a time that comes twice is known half a year ahead", () => {
    const last = cron("30 1 7 11 *", "America/New_York", { overlap: "last" });
    expect(nextDue(last, at("2027-03-20T00:00Z"), 0)).toBe(at("2027-11-07T06:30Z"));
  });
  test("Lord Howe moves by half an hour", () => {
    const schedule = cron("15 2 * * *", "Australia/Lord_Howe");
    expect(isoTimes(schedule, "2027-10-02T00:00Z", "2027-10-02T23:00Z")).toEqual(["10-02T15:30"]);
  });
  test("Cairo loses midnight: the day's run is at one o'clock", () => {
    const schedule = cron("0 0 * * *", "Africa/Cairo");
    expect(isoTimes(schedule, "2027-04-29T12:00Z", "2027-04-30T12:00Z")).toEqual(["04-29T22:00"]);
    const skip = { ...schedule, gap: "skip" as const };
    expect(isoTimes(skip, "2027-04-29T12:00Z", "2027-04-30T12:00Z")).toEqual([]);
  });
  test("Samoa had no 30 December 2011", () => {
    const schedule = cron("0 9 * * *", "Pacific/Apia");
    expect(isoTimes(schedule, "2011-12-29T00:00Z", "2011-12-31T00:00Z")).toEqual([
      "12-29T19:00",
      "12-30T10:00",
      "12-30T19:00",
    ]);
  });
});

const WALKED: [zone: string, day: string][] = [
  ["America/New_York", "2027-03-14"],
  ["America/New_York", "2027-11-07"],
  ["Europe/Oslo", "2027-03-28"],
  ["Europe/Oslo", "2027-10-31"],
  ["Australia/Lord_Howe", "2027-04-04"],
  ["Australia/Lord_Howe", "2027-10-03"],
  ["Africa/Cairo", "2027-04-30"],
  ["Africa/Cairo", "2027-10-29"],
  ["Africa/Casablanca", "2027-02-07"],
  ["America/Sao_Paulo", "2018-11-04"],
  ["America/Sao_Paulo", "2019-02-17"],
  ["America/Havana", "2027-11-07"],
  ["America/Caracas", "2007-12-09"],
  ["Antarctica/Troll", "2027-03-28"],
  ["Asia/Kolkata", "2027-03-28"],
  ["Asia/Pyongyang", "2018-05-05"],
  ["Pacific/Apia", "2011-12-30"],
];

const numbers = (max: number, length: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: length });

/** A random line as text and as what it asks for. */
const lines = fc
  .record({
    minute: fc.oneof(
      fc.constant("*"),
      fc.constantFrom(2, 7, 15, 30).map((step) => `*/${step}`),
      numbers(59, 4),
    ),
    hour: fc.oneof(
      fc.constant("*"),
      fc.constantFrom(2, 3, 5).map((step) => `*/${step}`),
      numbers(3, 3),
      numbers(23, 5),
    ),
    days: fc.oneof(
      fc.constant(null),
      numbers(30, 8).map((all) => all.map((day) => day + 1)),
    ),
    weekdays: fc.oneof(fc.constant(null), numbers(6, 3)),
    gap: fc.constantFrom("skip" as const, "shift" as const),
    overlap: fc.constantFrom("first" as const, "last" as const, "both" as const),
  })
  .map(({ minute, hour, days, weekdays, gap, overlap }) => {
    const all = (field: string | number[], size: number) => {
      if (typeof field !== "string") return field;
      const step = Number(field.slice(2) || 1);
      return Array.from({ length: size }, (_, value) => value).filter(
        (value) => value % step === 0,
      );
    };
    const fixedTime = typeof minute !== "string" && typeof hour !== "string";
    const [minutes, hours] = [all(minute, 60), all(hour, 24)];
    const asked: Asked = { minutes, hours, days, weekdays, fixedTime, gap, overlap };
    return { line: `${minute} ${hour} ${days ?? "*"} * ${weekdays ?? "*"}`, asked };
  });

describe("against a minute-by-minute walk", () => {
  test.each(WALKED)("random lines, %s around %s", (zone, day) => {
    const from = at(`${day}T00:00Z`) / 60_000 - 1500;
    const until = from + 3000;
    fc.assert(
      fc.property(lines, fc.nat(3000), fc.nat(3000), ({ line, asked }, one, other) => {
        const schedule = cron(line, zone, asked as Partial<CronSchedule>);
        const walked = walkDue(asked, zone, from, until);
        expect(dueTimes(schedule, from * 60_000 - 1, until * 60_000)).toEqual(walked);
        const low = (from + Math.min(one, other)) * 60_000;
        const high = (from + Math.max(one, other)) * 60_000;
        const inside = walked.filter((time) => time >= low && time <= high);
        expect(dueBetween(schedule, low, high, 0, NEVER_CAPPED)).toEqual({
          count: inside.length,
          latestAt: inside.at(-1) ?? null,
          exact: true,
        });
      }),
      { numRuns: 25 },
    );
  });

  test("every move of every zone's clocks, 2026 to 2030", () => {
    let moves = 0;
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      const around = stretches(zone, at("2026-01-01T00:00Z"), at("2031-01-01T00:00Z"));
      for (const [index, stretch] of around.entries()) {
        const before = around[index - 1];
        if (!before || before.offsetMs === stretch.offsetMs) continue;
        moves++;
        // A time inside what is lost or doubled, and an interval across it.
        const minute = stretch.fromAt / 60_000;
        const walls = [wallMinute(zone, minute - 1), wallMinute(zone, minute)];
        const wall = new Date((Math.min(...(walls as [number, number])) + 11) * 60_000);
        const [hours, minutes] = [[wall.getUTCHours()], [wall.getUTCMinutes()]];
        const gap = moves % 2 ? "shift" : "skip";
        const overlap = (["first", "last", "both"] as const)[moves % 3] ?? "both";
        const asked: Asked = {
          minutes,
          hours,
          days: null,
          weekdays: null,
          fixedTime: true,
          gap,
          overlap,
        };
        const line = `${minutes} ${hours} * * *`;
        const times = dueTimes(
          cron(line, zone, asked as Partial<CronSchedule>),
          (minute - 100) * 60_000,
          (minute + 100) * 60_000,
        );
        const walked = walkDue(asked, zone, minute - 99, minute + 100, 30);
        if (times.join() !== walked.join())
          throw new Error(`${zone} ${line} ${gap} ${overlap}: ${times} is not ${walked}`);
        const through = dueTimes(
          cron("*/10 * * * *", zone),
          (minute - 61) * 60_000,
          (minute + 61) * 60_000,
        );
        if (through.length !== 13 && through.length !== 12)
          throw new Error(`${zone}: ${through.length} of 13`);
      }
    }
    expect(moves).toBeGreaterThan(1000);
  });
});

describe("counting over long times", () => {
  test("a year of every second costs no more than its moves of clocks", () => {
    const schedule = cron("* * * * * *", "Europe/Oslo");
    const [fromAt, untilAt] = [at("2027-01-01T00:00Z"), at("2028-01-01T00:00Z") - 1];
    expect(dueBetween(schedule, fromAt, untilAt, 0, 0)).toEqual({
      count: 365 * 86_400,
      latestAt: untilAt - 999,
      exact: true,
    });
  });

  test("past the cap the count is a bound, and the latest still holds", () => {
    const schedule = cron("0 12 * * 1", "UTC");
    const [fromAt, untilAt] = [at("2027-01-01T00:00Z"), at("2028-01-01T00:00Z")];
    const exact = dueBetween(schedule, fromAt, untilAt, 0, 53);
    expect(exact).toEqual({ count: 52, latestAt: at("2027-12-27T12:00Z"), exact: true });
    expect(dueBetween(schedule, fromAt, untilAt, 0, 10)).toEqual({
      ...exact,
      count: 10,
      exact: false,
    });
  });
});
