// What a script prints, on its way to the screen: colours, links, rows, find, hold. All of it hostile.

import type { Event } from "@ticker/core/event";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines, safeAddress } from "../packages/web/src/ansi.ts";
import { findRows, parseLines } from "../packages/web/src/find.ts";
import { afterScroll, holdFor } from "../packages/web/src/follow.ts";
import { colourJson, readJson, unfoldJson } from "../packages/web/src/json.ts";
import { withLinks } from "../packages/web/src/links.ts";
import { BLOCK_ROWS, Log, ROWS_KEPT } from "../packages/web/src/log.ts";

const ESC = "\u001b";
const tones = (text: string) =>
  readLines(text).map(({ pieces }) => pieces.map((piece) => `${piece.tone}|${piece.text}`));

describe("colours", () => {
  test("the sixteen become the eight, blue and dim readable, black on black rescued", () => {
    expect(tones(`${ESC}[31mred${ESC}[0m plain`)).toEqual([["t-r|red", "| plain"]]);
    expect(tones(`${ESC}[34mblue`)).toEqual([["t-b|blue"]]);
    expect(tones(`${ESC}[30mblack`)).toEqual([["|black"]]);
    expect(tones(`${ESC}[90mgrey`)).toEqual([["dim|grey"]]);
    expect(tones(`${ESC}[30;40mx`)).toEqual([["on-k|x"]]);
    expect(tones(`${ESC}[1;4;92mx`)).toEqual([["t-g strong under|x"]]);
    expect(tones(`${ESC}[7;31mx`)).toEqual([["t-k on-r|x"]]);
  });

  test("256 and true colours go to the nearest", () => {
    expect(tones(`${ESC}[38;5;208morange`)).toEqual([["t-r|orange"]]);
    expect(tones(`${ESC}[38;5;244mgrey`)).toEqual([["|grey"]]);
    expect(tones(`${ESC}[38;2;20;220;40mx`)).toEqual([["t-g|x"]]);
  });

  test("a colour lasts over the lines of one text", () => {
    expect(tones(`${ESC}[32mone\ntwo${ESC}[0m\nthree`)).toEqual([
      ["t-g|one"],
      ["t-g|two"],
      ["|three"],
    ]);
  });

  test("a carriage return starts the line over and keeps its colour", () => {
    expect(tones(`10%\r${ESC}[36m50%\r90%`)).toEqual([["t-c|90%"]]);
    expect(tones("windows\r\nlines\r\n")).toEqual([["|windows"], ["|lines"], []]);
  });

  test("cursor movements, titles and bells leave nothing behind", () => {
    expect(tones(`${ESC}[2J${ESC}[3;1Ha${ESC}]0;title\u0007b\u0007c${ESC}(Bd`)).toEqual([
      ["|abcd"],
    ]);
  });
});

describe("links", () => {
  test("OSC 8 is a link only to http and https", () => {
    const link = (address: string) =>
      readLines(`${ESC}]8;;${address}${ESC}\\here${ESC}]8;;${ESC}\\ on`)[0]?.pieces.map(
        ({ text, href }) => [text, href],
      );
    expect(link("https://example.com/a")).toEqual([
      ["here", "https://example.com/a"],
      [" on", null],
    ]);
    expect(link("javascript:alert(1)")).toEqual([
      ["here", null],
      [" on", null],
    ]);
  });

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "//example.com",
    "https://",
    'https://a"onmouseover=x',
    "vbscript:x",
    " https://example.com",
  ])("%s is no address", (address) => expect(safeAddress(address)).toBeNull());

  test("page numbers lead somewhere only if the page exists", () => {
    const pieces = readLines("see P203, P204 and https://example.com/x).")[0]?.pieces ?? [];
    const linked = withLinks(pieces, (page) => page === 203).map(({ text, href }) => [text, href]);
    expect(linked).toEqual([
      ["see ", null],
      ["P203", "/203"],
      [", P204 and ", null],
      ["https://example.com/x", "https://example.com/x"],
      [").", null],
    ]);
  });
});

const TONE = /^(?:(?:t-[kgrybmc]|on-[kgrybmcw]|dim|strong|under|struck)(?: |$))*$/;
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        `${ESC}[31m`,
        `${ESC}[38;5;99m`,
        `${ESC}[48;2;1;2;3m`,
        `${ESC}[`,
        `${ESC}]8;;javascript:alert(1)\u0007`,
        `${ESC}]8;;https://example.com\u0007`,
        `${ESC}]8;;`,
        `${ESC}\\`,
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;",
        "\r",
        "\n",
        "\u202e",
        "\ue0ff",
        "P203",
        "https://example.com/<b>",
        'javascript:"',
      ),
      fc.string({ unit: "binary" }),
      fc.string(),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("whatever is printed", () => {
  test("becomes only text, known classes and http(s) or page addresses", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of readLines(text)) {
          const linked = withLinks(line.pieces, () => true);
          expect(linked.map((piece) => piece.text).join("")).toBe(line.text);
          expect(line.text).not.toMatch(/(?!\t)\p{Cc}/u);
          for (const { tone, href } of linked) {
            expect(tone).toMatch(TONE);
            if (href === null || /^\/[1-8]\d\d$/.test(href)) continue;
            expect(["http:", "https:"]).toContain(new URL(href).protocol);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("without escapes nothing is lost", () => {
    const plain = fc.string({ unit: "grapheme-ascii" });
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1 }), (lines) => {
        expect(readLines(lines.join("\n")).map(({ text }) => text)).toEqual(lines);
      }),
    );
  });
});

const output = (seq: number, text: string): Event => ({
  seq,
  at: 1_000 + seq,
  kind: "output",
  text,
  stream: "out",
});
const texts = (log: Log) => log.blocks.flatMap(({ rows }) => rows.map(({ text }) => text));

describe("a log", () => {
  test("takes every event once, however often and in whatever pieces it comes", () => {
    const log = new Log(false);
    const events = [1, 2, 3, 4].map((seq) => output(seq, `line ${seq}`));
    log.add({ run: 7, from: 1, to: 2, events: events.slice(0, 2) });
    log.add({ run: 7, from: 1, to: 3, events: events.slice(0, 3) });
    log.add({ run: 7, from: 2, to: 2, events: events.slice(1, 2) });
    log.add({ run: 7, from: 4, to: 4, events: events.slice(3) });
    expect(texts(log)).toEqual(["line 1", "line 2", "line 3", "line 4"]);
  });

  test("draws a hole as a row, and fills it", () => {
    const log = new Log(false);
    log.add({ run: 7, from: 1, to: 1, events: [output(1, "one")] });
    log.add({ run: 7, from: 4, to: 4, events: [output(4, "four")] });
    expect(texts(log)).toEqual(["one", "2 events of run 0007 missed", "four"]);
    const hole = log.blocks[0]?.rows[1];
    expect(hole).toMatchObject({ tone: "gap", hole: { run: 7, from: 2, to: 3 } });
    log.fill(hole?.key ?? 0, [output(2, "two"), output(3, "three")]);
    expect(texts(log)).toEqual(["one", "two", "three", "four"]);
    const lines = log.blocks.flatMap(({ rows }) =>
      rows.map((row) => (row.kind === "line" ? row.line : 0)),
    );
    expect(lines).toEqual([1, 2, 3, 4]);
  });

  test("a growing record of skipped due times stays one row", () => {
    const log = new Log(false);
    const skipped = (seq: number, count: number): Event => ({
      seq,
      at: 1,
      kind: "skipped",
      reason: "still-running",
      count,
      dueUntilAt: 2,
    });
    log.add({ run: 3, from: 1, to: 1, events: [skipped(1, 1)] });
    log.add({ run: 3, from: 2, to: 9, events: [skipped(9, 9)] });
    expect(texts(log)).toHaveLength(1);
    expect(texts(log)[0]).toContain("9 due times skipped: the run before was still going");
  });

  test("numbers lines within their run", () => {
    const log = new Log(false);
    log.add({ run: 1, from: 1, to: 1, events: [output(1, "a\nb")] });
    log.add({ run: 2, from: 1, to: 1, events: [output(1, "c")] });
    const numbers = log.blocks.flatMap(({ rows }) =>
      rows.map((row) => (row.kind === "line" ? `${row.run}.${row.line}` : "")),
    );
    expect(numbers).toEqual(["1.1", "1.2", "2.1"]);
  });

  test("keeps the newest twenty thousand rows in blocks of a hundred", () => {
    const log = new Log(false);
    for (let run = 1; run <= 210; run++) {
      const text = Array.from({ length: BLOCK_ROWS }, (_, i) => `${run}.${i}`).join("\n");
      log.add({ run, from: 1, to: 1, events: [output(1, text)] });
    }
    expect(log.rowCount).toBe(ROWS_KEPT);
    expect(log.droppedCount).toBe(10 * BLOCK_ROWS);
    expect(log.blocks.every(({ rows }) => rows.length === BLOCK_ROWS)).toBe(true);
    expect(texts(log)[0]).toBe("11.0");
  });

  test("says how a run failed, and nothing of one that went well and printed", () => {
    const log = new Log(false);
    const end = (seq: number, failed: boolean): Event => ({
      seq,
      at: 5,
      kind: "finished",
      outcome: failed ? "failed" : "succeeded",
      error: failed ? { name: "TypeError", message: "no", line: 4 } : null,
      durationMs: 410,
    });
    log.add({ run: 1, from: 1, to: 2, events: [output(1, "fine"), end(2, false)] });
    log.add({ run: 2, from: 1, to: 1, events: [end(1, true)] });
    expect(texts(log)).toEqual(["fine", "✗ run 0002 failed: TypeError: no (line 4) after 0.41s"]);
  });

  test("earlier runs go before what is there", () => {
    const [log, earlier] = [new Log(false), new Log(false)];
    log.add({ run: 5, from: 1, to: 1, events: [output(1, "five")] });
    earlier.add({ run: 4, from: 1, to: 1, events: [output(1, "four")] });
    log.prepend(earlier);
    expect(texts(log)).toEqual(["four", "five"]);
    expect(log.firstRun).toBe(4);
  });
});

describe("printed JSON", () => {
  const plain = (text: string) => readJson(text)?.join("");

  test("is told from what only looks like it, and keeps every character", () => {
    for (const text of [`{"a":1}`, ` [1, "x \\" {",null] `, `{}`, `{"big":12345678901234567890}`])
      expect(plain(text)).toBe(text);
    for (const text of ["{", "{a:1}", "[warn] disk", "12", `"text"`, "{}x", ""])
      expect(readJson(text)).toBeNull();
  });

  test("has its keys, texts, numbers and words in colours", () => {
    const pieces = colourJson(readJson(`{"k" : "v", "n":-1.5e3,"b":[true,null]}`) ?? []);
    const toned = (tone: string) =>
      pieces.filter((piece) => piece.tone === tone).map((p) => p.text);
    expect(toned("t-c")).toEqual(['"k"', '"n"', '"b"']);
    expect(toned("t-g")).toEqual(['"v"']);
    expect(toned("t-y")).toEqual(["-1.5e3"]);
    expect(toned("t-m")).toEqual(["true", "null"]);
  });

  test("unfolds to what JSON.stringify would draw, whatever it holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), (value) => {
        const text = JSON.stringify(value);
        const unfolded = unfoldJson(readJson(text) ?? []).join("");
        expect(unfolded).toBe(JSON.stringify(JSON.parse(text), null, 2));
      }),
    );
  });
});

describe("finding and holding", () => {
  test("capitals matter only when the text has some", () => {
    const log = new Log(false);
    log.add({ run: 1, from: 1, to: 1, events: [output(1, "Alpha\nbeta\nALPHA")] });
    expect(findRows(log, "alpha").keys).toHaveLength(2);
    expect(findRows(log, "ALPHA").keys).toHaveLength(1);
    expect(findRows(log, "").keys).toHaveLength(0);
  });

  test("an address names a line or a range in either order", () => {
    expect(parseLines("L12")).toEqual({ from: 12, to: 12 });
    expect(parseLines("L31-L20")).toEqual({ from: 20, to: 31 });
    expect(parseLines("top")).toBeNull();
  });

  test("follows within 24 pixels of the bottom, holds above, and only a scroll lets a scroll go", () => {
    expect(afterScroll(null, { fromBottomPx: 24, isUp: true }, 9)).toBeNull();
    const held = afterScroll(null, { fromBottomPx: 25, isUp: true }, 9);
    expect(held).toEqual({ because: "scroll", atLine: 9 });
    expect(afterScroll(null, { fromBottomPx: 500, isUp: false }, 9)).toBeNull();
    expect(afterScroll(held, { fromBottomPx: 0, isUp: false }, 20)).toBeNull();
    const asked = holdFor(null, "asked", 3);
    expect(afterScroll(asked, { fromBottomPx: 0, isUp: false }, 20)).toBe(asked);
    expect(holdFor(asked, "find", 8)).toBe(asked);
  });
});
