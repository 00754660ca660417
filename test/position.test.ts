// How far a watcher has come: contiguity by run and event numbers, and cursors that resume exactly.

import type { Event, EventBatch } from "@ticker/core/event";
import {
  advance,
  agree,
  cursorOf,
  judge,
  missingBelow,
  parseCursor,
  skipTo,
  startAfter,
} from "@ticker/core/position";
import { describe, expect, test } from "vitest";

const batch = (
  run: number,
  from: number,
  to: number,
  last: "output" | "finished" | "skipped",
): EventBatch => ({
  tickerId: "t_1",
  run,
  runId: `t_1.${run}`,
  dueAt: run,
  from,
  to,
  events: [{ seq: to, at: 0, kind: last } as Event],
});

describe("contiguity", () => {
  test("the next events follow; a repeat is known; a missing one is a hole", () => {
    const at = startAfter(4);
    expect(judge(at, batch(5, 1, 2, "output"))).toBe("next");
    advance(at, batch(5, 1, 2, "output"));
    expect(judge(at, batch(5, 1, 2, "output"))).toBe("known");
    expect(judge(at, batch(5, 3, 4, "finished"))).toBe("next");
    expect(judge(at, batch(5, 4, 4, "finished"))).toBe("hole");
    expect(judge(at, batch(4, 9, 9, "finished"))).toBe("known");
  });

  test("a run number left out is a hole", () => {
    const at = startAfter(4);
    expect(judge(at, batch(6, 1, 1, "finished"))).toBe("hole");
  });

  test("runs that overlap are each followed to their end", () => {
    const at = startAfter(4);
    advance(at, batch(5, 1, 1, "output"));
    advance(at, batch(6, 1, 3, "finished"));
    expect(cursorOf(at, "t_1")).toBe("t_1:4_5.1_6.3e");
    expect(judge(at, batch(5, 2, 2, "finished"))).toBe("next");
    advance(at, batch(5, 2, 2, "finished"));
    expect(cursorOf(at, "t_1")).toBe("t_1:6");
  });

  test("a record of skipped due times may grow until a newer run follows", () => {
    const at = startAfter(4);
    advance(at, batch(5, 1, 1, "skipped"));
    expect(cursorOf(at, "t_1")).toBe("t_1:4_5.1");
    advance(at, batch(5, 2, 2, "skipped"));
    advance(at, batch(6, 1, 2, "output"));
    expect(cursorOf(at, "t_1")).toBe("t_1:5_6.2");
  });
});

describe("cursors", () => {
  test.each(["t_1:0", "t_1:41_42.7", "t_1:4_5.1_6.3e"])("%s reads back as itself", (text) => {
    expect(cursorOf(parseCursor(text, "t_1"), "t_1")).toBe(text);
  });

  test.each(["", "x", "7", "-1", "t_1:1.2", "t_1:4_5", "t_1:4_5.1e2", "t_1:-1", "t_1:", "t_2:4"])(
    "%j is refused",
    (text) => {
      expect(() => parseCursor(text, "t_1")).toThrow(/cursor/);
    },
  );

  test("0 is the beginning of any ticker", () => {
    expect(cursorOf(parseCursor("0", "t_1"), "t_1")).toBe("t_1:0");
  });

  test("a full queue whose runs were killed one by one fits into one", () => {
    const at = startAfter(0);
    advance(at, batch(1, 1, 1, "output"));
    for (let run = 2; run <= 201; run++) advance(at, batch(run, 1, 1, "finished"));
    expect(agree(parseCursor(cursorOf(at, "t_1"), "t_1"), at)).toBe(true);
  });
});

describe("what is missing", () => {
  test("is neither delivered whole nor to be had, in exact ranges", () => {
    const at = parseCursor("t_1:4_5.1_7.3e_9.2", "t_1");
    expect(missingBelow(at, 12, new Set([9]))).toEqual([
      { from: 5, to: 6 },
      { from: 8, to: 8 },
      { from: 10, to: 11 },
    ]);
    expect(missingBelow(at, 5, new Set())).toEqual([]);
  });

  test("is given up at once, however far back it begins", () => {
    const at = startAfter(0);
    expect(missingBelow(at, 1e12, new Set())).toEqual([{ from: 1, to: 1e12 - 1 }]);
    skipTo(at, 1e12);
    expect(cursorOf(at, "t_1")).toBe(`t_1:${1e12 - 1}`);
  });
});

test("positions agree on what was delivered; a run that was silent so far makes no difference", () => {
  const a = parseCursor("t_1:4_5.2", "t_1");
  const b = parseCursor("t_1:4_5.2", "t_1");
  b.parts.set(6, { seq: 0, over: false, record: false });
  expect([agree(a, b), agree(b, a)]).toEqual([true, true]);
  expect(cursorOf(b, "t_1")).toBe("t_1:4_5.2");
  b.parts.set(6, { seq: 1, over: false, record: false });
  expect([agree(a, b), agree(b, a)]).toEqual([false, false]);
  expect(agree(a, parseCursor("t_1:4_5.2e", "t_1"))).toBe(false);
});
