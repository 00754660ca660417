// Schedules as people write and read them: words, previews, what is accepted and how faults are named.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VisibleError } from "../packages/core/src/error.ts";
import {
  describeSchedule,
  EVERY_MAX_MS,
  EVERY_MIN_MS,
  explainSchedule,
  parseSchedule,
  parseScheduleText,
  previewSchedule,
  type Schedule,
} from "../packages/core/src/schedule.ts";

const NOW = Date.parse("2027-03-13T12:00:00Z");
const NEW_YORK = "America/New_York";

const cron = (line: string, zone = "UTC"): Schedule => ({
  cron: line,
  zone,
  gap: "shift",
  overlap: "first",
});

/** The issues of a refusal, as `path: message`. */
function issuesOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof VisibleError)) throw error;
    expect(error.code).toBe("invalid");
    return error.issues.map((issue) => `${issue.path}: ${issue.message}`);
  }
  throw new Error("it was not refused");
}

describe("in words", () => {
  test.each<[Schedule, string, string]>([
    [{ every: 250, from: "start" }, "every 250ms", "every 250ms on a fixed grid"],
    [{ every: 1500, from: "start" }, "every 1.5s", "every 1.5s on a fixed grid"],
    [{ every: 9_000_000, from: "start" }, "every 2h30m", "every 2h30m"],
    [{ every: 10_000, from: "finish" }, "10s after each run", "10s after the run before"],
    [
      { at: Date.UTC(2027, 0, 1) },
      "once 1 Jan 2027 00:00 UTC",
      "once, on Fri 1 Jan 2027 00:00 UTC",
    ],
    [{ hand: true }, "by hand", "only when somebody asks"],
    [cron("0 3 * * *", "Europe/Oslo"), "cron 0 3 * * *", "every day at 03:00, Europe/Oslo"],
    [cron("*/5 * * * *"), "cron */5 * * * *", "every 5 minutes, UTC"],
    [cron("* * * * *"), "cron * * * * *", "every minute, UTC"],
    [cron("*/10 * * * * *"), "cron */10 * * * * *", "every 10 seconds, UTC"],
    [cron("30 * * * *"), "cron 30 * * * *", "every hour at minute 30, UTC"],
    [cron("*/5 * * * 1-5"), "cron */5 * * * 1-5", "every 5 minutes, Monday to Friday, UTC"],
    [cron("0 9,17 * * sat"), "cron 0 9,17 * * sat", "on Saturday at 09:00 and 17:00, UTC"],
    [cron("0 9 1 1,7 *"), "cron 0 9 1 1,7 *", "on day 1 of the month in Jan and Jul at 09:00"],
    [cron("*/7 * * * *"), "cron */7 * * * *", "whenever it is minute */7, UTC"],
    [cron("? ? ? ? ?"), "cron ? ? ? ? ?", "every minute, UTC"],
  ])("%j", (schedule, when, sentence) => {
    expect(describeSchedule(schedule)).toBe(when);
    expect(explainSchedule(schedule)).toContain(sentence);
  });

  test("never longer than a tile's line", () => {
    const long = cron("0,5,10,15,20,25,30,35,40,45,50,55 1,2,3 * * *");
    expect(describeSchedule(long)).toHaveLength(40);
    expect(describeSchedule(long)).toMatch(/…$/);
    const odd: Schedule = { every: EVERY_MAX_MS - 1, from: "finish" };
    expect(describeSchedule(odd)).toBe("364d23h59m59.999s after each run");
  });
});

describe("previews", () => {
  const lines = (schedule: Schedule, now: string, count: number) =>
    previewSchedule(schedule, Date.parse(now), 0, count).map(({ local, note }) => [local, note]);

  test("local times, and what the clocks do on the way", () => {
    expect(lines(cron("30 2 * * *", NEW_YORK), "2027-03-13T12:00Z", 2)).toEqual([
      [
        "Sun 14 Mar 2027 03:00 UTC-4",
        "moved from 02:30, which does not exist: the clocks go forward from 02:00 to 03:00",
      ],
      ["Mon 15 Mar 2027 02:30 UTC-4", null],
    ]);
    const skip = { ...cron("30 2 * * *", NEW_YORK), gap: "skip" } as Schedule;
    expect(lines(skip, "2027-03-13T12:00Z", 1)).toEqual([
      [
        "Mon 15 Mar 2027 02:30 UTC-4",
        "14 Mar 2027 02:30 is left out: the clocks go forward from 02:00 to 03:00",
      ],
    ]);
    expect(lines(cron("30 1 * * *", NEW_YORK), "2027-11-07T00:00Z", 2)).toEqual([
      [
        "Sun 7 Nov 2027 01:30 UTC-4",
        "01:30 comes twice as the clocks go back: the first; the other is left out",
      ],
      ["Mon 8 Nov 2027 01:30 UTC-5", null],
    ]);
  });

  test("as many as there are", () => {
    expect(previewSchedule({ at: NOW + 5 }, NOW, NOW, 5)).toHaveLength(1);
    expect(previewSchedule({ hand: true }, NOW, NOW, 5)).toEqual([]);
    const [first] = previewSchedule({ every: 250, from: "start" }, NOW, NOW, 1, "Asia/Kolkata");
    expect(first?.local).toBe("Sat 13 Mar 2027 17:30:00.250 UTC+5:30");
    const [after] = previewSchedule({ every: 250, from: "finish" }, NOW, NOW, 1);
    expect(after?.note).toContain("from the end of the run before");
    const [last] = previewSchedule({ at: 253_402_300_799_999 }, NOW, NOW, 1, "Europe/Oslo");
    expect(last?.local).toBe("Sat 1 Jan 10000 00:59:59.999 UTC+1");
  });
});

describe("schedules from programs", () => {
  test("what is left out is filled in", () => {
    const read = (input: unknown) => parseSchedule(input, NOW, "Europe/Oslo");
    expect(read({ every: 1000 })).toEqual({ every: 1000, from: "start" });
    expect(read({ every: 50, from: "finish" })).toEqual({ every: 50, from: "finish" });
    expect(read({ cron: "  @Daily " })).toEqual(cron("0 0 * * *", "Europe/Oslo"));
    expect(read({ cron: "0  3 * * *", zone: "europe/rome", gap: "skip", overlap: "both" })).toEqual(
      {
        cron: "0 3 * * *",
        zone: "Europe/Rome",
        gap: "skip",
        overlap: "both",
      },
    );
    expect(read({ at: NOW + 1 })).toEqual({ at: NOW + 1 });
    expect(read({ at: "2027-07-01T09:00" })).toEqual({ at: Date.parse("2027-07-01T07:00Z") });
    expect(read({ at: "2027-07-01T09:00:00.5+05:30" })).toEqual({
      at: Date.parse("2027-07-01T03:30:00.500Z"),
    });
    expect(read({ hand: true })).toEqual({ hand: true });
  });

  test.each<[unknown, string]>([
    [
      { every: 10 },
      "schedule.every: schedule.every must be a whole number of ms from 50 to 31,536,000,000; got 10",
    ],
    [{ every: 99.5 }, "got 99.5"],
    [{ every: "1000" }, 'got "1000"'],
    [{ every: EVERY_MAX_MS + 1 }, "got 31536000001"],
    [{ every: 1000, from: "end" }, 'schedule.from must be start or finish; got "end"'],
    [
      { every: 1000, zone: "UTC" },
      "schedule.zone is no field of a schedule with every; allowed: every, from",
    ],
    [{}, "exactly one of every, cron, at or hand"],
    [{ every: 1000, at: 5 }, "got every and at"],
    [null, "schedule must be an object"],
    [[{ every: 1000 }], "schedule must be an object"],
    [{ cron: 5 }, "schedule.cron must be text"],
    [{ cron: "* ".repeat(300) }, "at most 128 characters"],
    [{ cron: "* * * *" }, "got 4"],
    [{ cron: "* * * * * * 2027" }, "got 7"],
    [{ cron: "0 24 * * *" }, "(hour) that cannot be read: it takes 0-23"],
    [{ cron: "0 0 * * 8" }, "day of week"],
    [{ cron: "5/15 * * * *" }, 'got "5/15"'],
    [{ cron: "0 0 31 2 *" }, "must name a time that comes"],
    [
      { cron: "0 0 * * *", zone: "Mars/Base" },
      'must be an IANA time zone such as "Europe/Oslo" or "UTC"',
    ],
    [{ cron: "0 0 * * *", gap: "jump" }, "schedule.gap must be shift or skip"],
    [{ cron: "0 0 * * *", overlap: "none" }, "schedule.overlap must be first or last or both"],
    [{ at: NOW }, "must be in the future; got 2027-03-13T12:00:00.000Z"],
    [{ at: -8.7e15 }, "must be in the future"],
    [{ at: 1e300 }, "whole epoch ms"],
    [{ at: "next week" }, "ISO 8601"],
    [{ at: "2027-02-30T00:00Z" }, "ISO 8601"],
    [{ hand: 1 }, "schedule.hand must be true; got 1"],
  ])("refused: %j", (input, message) => {
    const issues = issuesOf(() => parseSchedule(input, NOW, "UTC"));
    expect(issues.join("\n")).toContain(message);
    for (const issue of issues) expect(issue).toMatch(/^schedule/);
  });

  test("every fault is told at once", () => {
    const input = { cron: "x * * * *", zone: "?", gap: 1, overlap: 2, extra: 3 };
    expect(issuesOf(() => parseSchedule(input, NOW, "UTC"))).toHaveLength(5);
  });

  test("a local time that does not exist is refused", () => {
    const read = () => parseSchedule({ at: "2027-03-14T02:30" }, NOW, NEW_YORK);
    expect(issuesOf(read).join()).toContain("does not exist in America/New_York");
  });

  test("rubbish is refused, never crashed on; what is read reads back the same", () => {
    const words = fc.constantFrom("every", "cron", "at", "hand", "zone", "from", "gap", "overlap");
    const values = fc.oneof(
      fc.anything(),
      fc.constantFrom(1000, "* * * * *", "UTC", true, NOW + 9),
    );
    fc.assert(
      fc.property(fc.dictionary(words, values), (input) => {
        let read: Schedule;
        try {
          read = parseSchedule(input, NOW, "UTC");
        } catch (error) {
          if (!(error instanceof VisibleError)) throw error;
          return;
        }
        expect(parseSchedule(read, NOW, "UTC")).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });
});

describe("schedules people type", () => {
  const read = (text: string) => parseScheduleText(text, NOW, NEW_YORK);
  const every = (ms: number): Schedule => ({ every: ms, from: "start" });
  const at = (iso: string): Schedule => ({ at: Date.parse(iso) });

  test.each<[string, Schedule]>([
    ["10s", every(10_000)],
    ["250ms", every(250)],
    ["1500", every(1500)],
    ["5m", every(300_000)],
    ["every 2h", every(7_200_000)],
    ["2h30m", every(9_000_000)],
    ["2h 30m", every(9_000_000)],
    ["1.1s", every(1100)],
    ["every minute", every(60_000)],
    ["Every 5 minutes", every(300_000)],
    ["10s after each run", { every: 10_000, from: "finish" }],
    ["0 3 * * *", cron("0 3 * * *", NEW_YORK)],
    ["*/10 * * * * *", cron("*/10 * * * * *", NEW_YORK)],
    ["cron 5 4 * * mon", cron("5 4 * * mon", NEW_YORK)],
    ["@hourly", cron("0 * * * *", NEW_YORK)],
    ["2027-05-01T00:00:00Z", at("2027-05-01T00:00Z")],
    ["2027-05-01 09:00", at("2027-05-01T13:00Z")],
    ["1 Jan 2028 00:00 UTC", at("2028-01-01T00:00Z")],
    ["once 1 January 2028", at("2028-01-01T05:00Z")],
    ["tomorrow 9:00", at("2027-03-14T13:00Z")],
    ["at 18:30", at("2027-03-13T23:30Z")],
    ["06:30", at("2027-03-14T10:30Z")],
    ["today at 18:30", at("2027-03-13T23:30Z")],
    [" by hand ", { hand: true }],
  ])("%s", (text, schedule) => {
    expect(read(text)).toEqual(schedule);
  });

  test.each([
    ["", "this is no schedule"],
    ["soon", "this is no schedule"],
    ["10", "from 50 to 31,536,000,000; got 10"],
    ["0.3ms", "got 0.3"],
    ["today 6:30", "must be in the future"],
    ["2020-01-01", "must be in the future"],
    ["tomorrow 2:30", "does not exist in America/New_York"],
    ["tomorrow 25:00", "this is no schedule"],
    ["61 * * * *", "the cron line has a field (minute)"],
    ["@reboot", "the cron line"],
    ["9".repeat(300), "at most 200 characters"],
  ])("refused: %s", (text, message) => {
    expect(issuesOf(() => read(text)).join()).toContain(message);
  });

  test("what a tile says of an interval reads back as the same interval", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: EVERY_MIN_MS, max: EVERY_MAX_MS }),
        fc.constantFrom("start" as const, "finish" as const),
        (ms, from) => {
          const schedule: Schedule = { every: ms, from };
          expect(read(describeSchedule(schedule))).toEqual(schedule);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("any text is read or refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9smhd:@* /,\-a-z]{0,30}$/)),
        (text) => {
          try {
            read(text);
          } catch (error) {
            if (!(error instanceof VisibleError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
