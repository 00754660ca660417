// The console's pure parts: words for times and numbers, addresses, the state of a tile, the editor's form,
// differences, and what the editor may complete.

import type { Tile } from "@ticker/core/tile";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIXED, numberOf, parsePath, pathOf, type Route } from "../packages/web/src/address.ts";
import { diffLines } from "../packages/web/src/diff.ts";
import { OFFERS } from "../packages/web/src/editor/completions.ts";
import { formOf, patchOf, scheduleOf, whenText } from "../packages/web/src/editor/form.ts";
import { placeIn, readNdjson } from "../packages/web/src/editor/try.ts";
import { PageEntry } from "../packages/web/src/page-entry.ts";
import { lookOf, nextUp, shareOf } from "../packages/web/src/tiles.ts";
import type { TickerView } from "../packages/web/src/view.ts";
import * as words from "../packages/web/src/words.ts";

const EVENING = Date.UTC(2026, 10, 21, 20, 45, 31, 204);

describe("words", () => {
  test("times as Teletext writes them", () => {
    expect(words.clockWord(EVENING, "UTC")).toBe("20:45/31");
    expect(words.timeWord(EVENING, true, "UTC")).toBe("20:45:31.204");
    expect(words.dateWord(EVENING, "Europe/Oslo")).toBe("Sat 21 Nov");
    expect(words.whenWord(EVENING - 86_400_000, EVENING, "UTC")).toBe("20 Nov 20:45");
    expect(words.whenWord(EVENING, EVENING, "UTC")).toBe("today 20:45");
    expect(words.whenWord(Date.UTC(2025, 8, 1), EVENING, "UTC")).toBe("1 Sep 2025 00:00");
    expect(words.clockWord(Date.UTC(2026, 0, 1), "UTC")).toBe("00:00/00");
  });

  test.each([
    [0, "0ms"],
    [410, "0.41s"],
    [31_000, "31s"],
    [252_000, "4m 12s"],
    [7_500_000, "2h 05m"],
    [273_600_000, "3d 04h"],
  ])("%i ms lasts %s", (ms, text) => expect(words.spanWord(ms)).toBe(text));

  test("a countdown ends in due, and two seconds later it is late", () => {
    expect(words.dueWord(7_000, 0)).toEqual({ text: "00:07", isLate: false });
    expect(words.dueWord(22_469_000, 0).text).toBe("06:14:29");
    expect(words.dueWord(3_467_669_000, 0).text).toBe("40d 03:14:29");
    expect(words.dueWord(1, 0).text).toBe("00:01");
    expect(words.dueWord(0, 1_999)).toEqual({ text: "due", isLate: false });
    expect(words.dueWord(0, 3_200)).toEqual({ text: "late 3s", isLate: true });
  });

  test.each([
    [64_182.4, "64,182"],
    [141.2, "141.2"],
    [-3.5, "-3.5"],
    [0.00031, "0.00031"],
    [0, "0"],
    [1.25e12, "1.25e+12"],
  ])("%d is shown as %s", (value, text) => expect(words.valueWord(value)).toBe(text));

  test("a trend says where it goes", () => {
    expect(words.changeWord([100, 99])).toEqual({ text: "▼ 1%", isDown: true });
    expect(words.changeWord([0, 5])).toEqual({ text: "▲ 5", isDown: false });
    expect(words.changeWord([3])).toBeNull();
  });
});

describe("addresses", () => {
  const key = fc.oneof(
    fc.integer({ min: 200, max: 599 }).map(String),
    fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}$/),
  );
  const anyRoute: fc.Arbitrary<Route> = fc.oneof(
    fc.record({ page: fc.constant("ticker" as const), key }),
    fc.record({ page: fc.constantFrom("runs" as const, "edit" as const), key }),
    fc.record({
      page: fc.constant("run" as const),
      key,
      run: fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.constantFrom("latest", "last-failed")),
    }) as fc.Arbitrary<Route>,
    fc.constantFrom(...(Object.keys(FIXED) as (keyof typeof FIXED)[])).map((page) => ({ page })),
  );

  test("every page's address leads back to it", () => {
    fc.assert(
      fc.property(anyRoute, (route) => {
        expect(parsePath(pathOf(route))).toEqual(route);
      }),
    );
  });

  test("whatever is typed is a page or missing, never an error", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (path) => void parsePath(`/${path}`)));
    for (const path of ["/600000", "/203/0", "/203/1/2", "/%", "/@rob", "/99", "/203/42x"])
      expect(numberOf(parsePath(path)), path).toBe("404");
  });

  test("an account's name before it is the same page", () => {
    expect(parsePath("/@rob/203/42")).toEqual({ page: "run", key: "203", run: 42 });
    expect(parsePath("/@me/100")).toEqual({ page: "index" });
    expect(parsePath("/@me/db-backup")).toEqual({ page: "ticker", key: "db-backup" });
  });

  test("three digits make a page; the first is one to eight", () => {
    const entry = new PageEntry();
    expect(["9", "0", "2", "0"].map((digit) => entry.press(digit))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(entry.digits).toBe("20");
    expect(entry.press("3")).toBe("203");
    entry.press("1");
    entry.cancel();
    expect([entry.press("4"), entry.press("0"), entry.press("4")]).toEqual([null, null, "404"]);
  });
});

const tile = (change: Partial<Tile>): Tile => ({
  tickerId: "t",
  page: 203,
  name: "db",
  schedule: { every: 10_000, from: "start" },
  when: "every 10s",
  revision: 1,
  state: "started",
  stopReason: null,
  running: 0,
  runNumber: 3,
  nextDueAt: 20_000,
  lastOutcome: "succeeded",
  lastFinishedAt: 11_000,
  failuresInRow: 0,
  error: null,
  lines: [],
  progress: null,
  metric: null,
  startedAt: 10_000,
  late: null,
  skipped: 0,
  missed: 0,
  ...change,
});

describe("a tile", () => {
  test.each<[string, Partial<Tile>, boolean]>([
    ["OK", {}, false],
    ["RUNNING", { running: 1 }, false],
    ["FAILED", { lastOutcome: "timed-out" }, false],
    ["OK", { lastOutcome: "killed" }, false],
    ["HELD", {}, true],
    ["STOPPED", { state: "stopped", stopReason: "asked" }, false],
    ["FAILED", { state: "stopped", stopReason: "failures" }, false],
    ["DONE", { state: "stopped", stopReason: "done", schedule: { at: 1 } }, false],
    ["ONCE", { schedule: { at: 1 }, lastOutcome: null }, false],
    ["BY HAND", { schedule: { hand: true }, lastOutcome: null }, false],
    ["NEW", { lastOutcome: null }, false],
  ])("says %s", (word, change, isHeld) => {
    expect(lookOf(tile(change), isHeld, 15_000).word).toBe(word);
  });

  test("a run shorter than a second does not turn it green", () => {
    expect(lookOf(tile({ running: 1, startedAt: 14_500 }), false, 15_000).word).toBe("OK");
  });

  test("its bar is reported progress, else the way to the next due time", () => {
    expect(shareOf(tile({}), 15_000)).toBe(0.5);
    expect(shareOf(tile({ running: 1, progress: { fraction: 0.62, message: null } }), 15_000)).toBe(
      0.62,
    );
    expect(shareOf(tile({ nextDueAt: null }), 15_000)).toBeNull();
    expect(shareOf(tile({ nextDueAt: 1 }), 15_000)).toBe(1);
  });

  test("what is next is started, due, and soonest first", () => {
    const all = [
      tile({ name: "b", nextDueAt: 3 }),
      tile({ name: "x", nextDueAt: null }),
      tile({ name: "a", nextDueAt: 2 }),
      tile({ name: "y", nextDueAt: 1, state: "stopped" }),
    ];
    expect(nextUp(all, 9).map(({ name }) => name)).toEqual(["a", "b"]);
  });
});

const view = {
  name: "db",
  script: { language: "javascript", source: "print(1)" },
  schedule: { every: 90_000, from: "finish" },
  policy: {
    overlap: { mode: "queue", queueMax: 4 },
    retry: { attempts: 2, backoffMs: 7, backoffMaxMs: 70, on: ["failed"] },
    stopAfterFailures: 5,
  },
  limits: { timeoutMs: 5_000 },
} as TickerView;

describe("the editor", () => {
  test("writes schedules as people do", () => {
    expect(whenText({ every: 90_000, from: "start" })).toBe("90s");
    expect(whenText({ every: 86_400_000, from: "start" })).toBe("1d");
    expect(whenText({ every: 250, from: "start" })).toBe("250ms");
    expect(whenText({ hand: true })).toBe("hand");
  });

  test("sends back what it read, and no schedule that did not change", () => {
    const form = formOf(view, "UTC");
    const schedule = scheduleOf(form, { every: 90_000, from: "start" });
    expect(schedule).toEqual(view.schedule);
    const patch = patchOf(form, schedule, view);
    expect(patch).toEqual({
      script: view.script,
      policy: view.policy,
      limits: { timeoutMs: 5_000 },
    });
    expect(patchOf(form, { every: 1, from: "start" }, view)).toHaveProperty("schedule");
  });

  test("a field that is no number goes to the server as it is, to be refused by name", () => {
    const form = { ...formOf(view, "UTC"), timeoutMs: "soon", retries: "" };
    const patch = patchOf(form, view.schedule, view) as Record<string, Record<string, unknown>>;
    expect(patch.limits?.timeoutMs).toBe("soon");
    expect(patch.policy?.retry).toMatchObject({ attempts: "" });
  });

  test("finds the place in what the server says", () => {
    expect(placeIn("line 3, column 9: SyntaxError: no")).toEqual({ line: 3, column: 9 });
    expect(placeIn("line 3 is wrong")).toEqual({ line: 3, column: null });
    expect(placeIn("nowhere")).toBeNull();
  });

  test("a stream of JSON lines comes out whole, however it was cut", async () => {
    const values = [{ text: "zażółć" }, { n: 1 }, { text: "a\nb" }];
    const bytes = new TextEncoder().encode(values.map((value) => JSON.stringify(value)).join("\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 })), async (sizes) => {
        const stream = new ReadableStream<Uint8Array>({
          start(controller) {
            let at = 0;
            for (const size of sizes) {
              controller.enqueue(bytes.slice(at, at + size));
              at += size;
            }
            controller.enqueue(bytes.slice(at));
            controller.close();
          },
        });
        const found: unknown[] = [];
        for await (const value of readNdjson(stream)) found.push(value);
        expect(found).toEqual(values);
      }),
    );
  });

  test("completes what scripts have", () => {
    const globals = OFFERS.globals.map(({ label }) => label);
    for (const name of ["print", "progress", "metric", "state", "secret", "sleep", "fetch", "run"])
      expect(globals).toContain(name);
    expect(OFFERS.members.get("state")?.map(({ label }) => label)).toEqual([
      "get",
      "set",
      "delete",
      "keys",
    ]);
    expect(OFFERS.members.get("console")?.map(({ label }) => label)).toContain("warn");
    expect(OFFERS.members.get("t")?.map(({ label }) => label)).toContain("metric");
    expect(OFFERS.members.get("run")?.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["number", "attempt", "dueAt", "last", "lastFailure"]),
    );
    expect(OFFERS.members.get("run")?.map(({ label }) => label)).not.toContain("outcome");
    expect(OFFERS.globals.find(({ label }) => label === "metric")).toMatchObject({
      detail: "(name: string, value: number): void",
      isFunction: true,
    });
  });

  test("differences lead from one text to the other", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const diff = diffLines(a.join("\n"), b.join("\n"));
        const side = (gone: string) =>
          diff.filter(({ kind }) => kind !== gone).map((line) => line.text);
        expect(side("add").join("\n")).toBe(a.join("\n"));
        expect(side("del").join("\n")).toBe(b.join("\n"));
      }),
    );
    expect(diffLines("a\nb\nc", "a\nx\nc").map(({ kind }) => kind)).toEqual([
      "same",
      "del",
      "add",
      "same",
    ]);
  });
});
