// How far a watcher has come: contiguity by run and event numbers, and cursors that resume exactly.

import type { Event, EventBatch } from "@ticker/core/event";
import { advance, cursorOf, judge, parseCursor, skipTo, startAfter } from "@ticker/core/position";
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
    expect(cursorOf(at)).toBe("4_5.1_6.3e");
    expect(judge(at, batch(5, 2, 2, "finished"))).toBe("next");
    advance(at, batch(5, 2, 2, "finished"));
    expect(cursorOf(at)).toBe("6");
  });

  test("a record of skipped due times may grow until a newer run follows", () => {
    const at = startAfter(4);
    advance(at, batch(5, 1, 1, "skipped"));
    expect(cursorOf(at)).toBe("4_5.1");
    advance(at, batch(5, 2, 2, "skipped"));
    advance(at, batch(6, 1, 2, "output"));
    expect(cursorOf(at)).toBe("5_6.2");
  });
});

describe("cursors", () => {
  test.each(["0", "41_42.7", "4_5.1_6.3e"])("%s reads back as itself", (text) => {
    expect(cursorOf(parseCursor(text))).toBe(text);
  });

  test.each(["", "x", "1.2", "4_5", "4_5.1e2", "-1", `1${"_2.1".repeat(30)}`])(
    "%j is refused",
    (text) => {
      expect(() => parseCursor(text)).toThrow(/cursor/);
    },
  );

  test("giving up what is gone says from where", () => {
    const at = parseCursor("4_5.1");
    expect(skipTo(at, 9)).toBe(5);
    expect(cursorOf(at)).toBe("8");
    expect(skipTo(at, 9)).toBe(null);
  });
});
