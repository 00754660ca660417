// Tickers as teletext: the same forty columns plain, coloured and drawn; what hostile output may not do
// to terminals and browsers; which form a client gets.

import { mosaic } from "@ticker/core/mosaic";
import { fit as fitted, plainText, textSpans, textWidth } from "@ticker/core/page/cells";
import { clockText, dayText, whenText } from "@ticker/core/page/clock-text";
import { renderSvg } from "@ticker/core/page/render";
import type { Tile } from "@ticker/core/tile";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiWorld, clock, NOW, type World } from "./support/api-world.ts";

let world: World;
let id = "";
beforeEach(async () => {
  world = await apiWorld();
  id = (await world.ask("POST", "/v1/tickers", { body: clock({ page: 203 }) })).json.id;
});
afterEach(() => world.close());

const show = (tile: Partial<Tile>) => world.tiles.set(id, tile);
const said = (...texts: string[]) => ({ lines: texts.map((text) => ({ at: NOW, text })) });
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
const withoutColours = (text: string) => text.replace(/\u001b\[\d+;\d+m|\u001b\[0m/g, "");

const full: Partial<Tile> = {
  ...said("first line", "\u001b[32mgreen\u001b[0m and plain"),
  progress: { fraction: 0.62, message: "part 31 of 50" },
  metric: { name: "usd", value: 64182.11, trend: Array.from({ length: 60 }, (_, i) => i) },
  running: 1,
  runNumber: 42,
};

describe("a ticker's page", () => {
  test("reads as a teletext page", async () => {
    show(full);
    const { text, headers } = await world.ask("GET", "/203.txt");
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const lines = text.split("\n");
    expect(lines[0]).toBe("P203   TICKER 203 Sat 21 Nov 20:45/31");
    expect(lines[1]).toBe(" 203 clock");
    expect(lines[2]).toBe("▶ RUNNING                         run 42");
    expect(lines[3]).toBe("every 1s                   next 20:45/31");
    expect(lines[5]).toBe("first line");
    expect(lines[6]).toBe("green and plain");
    expect(text).toContain("████████████░░░░░░░░ 62% part 31 of 50");
    expect(text).toContain("usd                             64182.11");
    // Sixty values rising evenly: three rows of thirty characters, the last one full at the bottom.
    expect(lines.slice(11, 14).map((line) => [...line].length)).toEqual([30, 30, 30]);
    expect(lines[13]).toMatch(/█$/);
  });

  test("has the same characters in every form, at most 25 rows of 40 columns", async () => {
    show({ ...full, lines: said(..."abcdefgh".split("")).lines });
    for (let i = 0; i < 8; i++) {
      world.time.now++;
      await world.ask("PUT", "/v1/tickers/203/output", { body: { text: `${i}` } });
    }
    const plain = (await world.ask("GET", "/203.txt")).text;
    const coloured = (await world.ask("GET", "/203.ansi")).text;
    const rows = withoutColours(coloured).trimEnd().split("\n");
    expect(rows.map((row) => row.trimEnd())).toEqual(plain.trimEnd().split("\n"));
    for (const row of rows) expect(textWidth(row)).toBeLessThanOrEqual(40);
    expect(rows.length).toBeLessThanOrEqual(25);
    for (const line of coloured.trimEnd().split("\n"))
      expect(line.endsWith("\u001b[0m")).toBe(true);
    expect(plain).toContain("     8 ✓ succeeded");
    const svg = (await world.ask("GET", "/203.svg")).text;
    const words = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join("");
    // Mosaics are drawn there, block by block.
    const letters = plain.replace(/[\s\u2588\u258c\u2590\u{1fb00}-\u{1fb3b}]/gu, "");
    expect(words.replace(/\s/g, "")).toBe(letters);
  });

  test("says by mark and word how it is", async () => {
    const state = async (tile: Partial<Tile>) => {
      show(tile);
      return (await world.ask("GET", "/203.txt")).text.split("\n")[2];
    };
    expect(await state({})).toMatch(/^· NEW/);
    expect(await state({ lastOutcome: "succeeded" })).toMatch(/^✓ OK/);
    expect(await state({ lastOutcome: "timed-out", failuresInRow: 3 })).toMatch(
      /^✗ TIMED OUT 3 in a row/,
    );
    expect(await state({ state: "stopped" })).toMatch(/^■ STOPPED/);
    expect(await state({ state: "stopped", lastOutcome: "failed" })).toMatch(/^✗ FAILED stopped/);
  });

  test("is reached by suffix, by format and by name as well", async () => {
    show(said("hello"));
    const texts = await Promise.all(
      [
        "/203.txt",
        `/v1/tickers/${id}.txt`,
        "/v1/tickers/clock.txt",
        "/v1/tickers/203?format=txt",
      ].map(async (path) => (await world.ask("GET", path)).text),
    );
    expect(new Set(texts).size).toBe(1);
    expect((await world.ask("GET", "/203.json")).json.id).toBe(id);
    expect((await world.ask("GET", "/v1/tickers/203.svg")).headers.get("content-type")).toBe(
      "image/svg+xml; charset=utf-8",
    );
    expect((await world.ask("GET", "/204.txt")).status).toBe(404);
    expect((await world.ask("GET", "/203.pdf")).status).toBe(404);
    expect((await world.ask("GET", "/203.txt", { as: null })).status).toBe(401);
    expect((await world.ask("GET", "/203.txt", { as: await world.token("away") })).status).toBe(
      404,
    );
  });

  test("/203 gives each client what it can show, and leaves browsers to the console", async () => {
    const as = async (headers: Record<string, string>) => {
      const { status, headers: got, text } = await world.ask("GET", "/203", { headers });
      return [status, got.get("content-type")?.split(";")[0], text.includes("\u001b[")];
    };
    expect(await as({ "user-agent": "curl/8.9.1", accept: "*/*" })).toEqual([
      200,
      "text/plain",
      true,
    ]);
    expect(await as({ accept: "text/plain" })).toEqual([200, "text/plain", false]);
    expect(await as({ accept: "application/json" })).toEqual([200, "application/json", false]);
    const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
    expect((await as(browser))[0]).toBe(404);
  });
});

describe("the index", () => {
  test("lists every ticker in a line, and says when all is held", async () => {
    show({ metric: { name: "usd", value: 64182, trend: [1] }, lastOutcome: "succeeded" });
    await world.ask("POST", "/v1/tickers", { body: clock({ name: "backup" }) });
    const { text } = await world.ask("GET", "/100.txt");
    const lines = text.split("\n");
    expect(lines[0]).toBe("P100   TICKER 100 Sat 21 Nov 20:45/31");
    expect(lines).toContain("200 · backup             new");
    expect(lines).toContain("203 ✓ clock              64182");
    expect(text).not.toContain("KILLALL");
    await world.ask("POST", "/v1/killall");
    expect((await world.ask("GET", "/100.txt")).text).toContain("KILLALL IN FORCE");
  });

  test("more tickers than rows are counted, not forgotten", async () => {
    for (let i = 0; i < 30; i++) {
      await world.ask("POST", "/v1/tickers", { body: clock({ name: `t${i}` }) });
    }
    const lines = (await world.ask("GET", "/100.txt")).text.trimEnd().split("\n");
    expect(lines).toHaveLength(25);
    expect(lines[2]).toContain("31 tickers");
    expect(lines.at(-1)).toBe("and 11 others");
  });
});

describe("hostile output", () => {
  const attacks = [
    "\u001b]0;owned\u0007title",
    "\u001b]52;c;ZXZpbA==\u001b\\clipboard",
    "\u001b[2J\u001b[1;1Hcleared",
    "\u001b[31;1mred\u001b[0;5;7mblink",
    "\u001bPq#0;2;0;0;0\u001b\\sixel",
    "\u009b31mc1 control",
    "back\b\b\b\bspace and\rreturn",
    "\u202egnp.exe reordered",
    "<script>alert(1)</script>&amp;\"'",
    "]]><svg onload=alert(1)>",
    "\u001b[38;5;196mindexed \u001b[38;2;1;2;3mtrue colour",
    "unfinished \u001b[31",
    "\u0000\u001b",
  ];

  test("only characters get through, and of all sequences only our own colours", async () => {
    show(said(...attacks.slice(0, 5)));
    const pages = [
      (await world.ask("GET", "/203.txt")).text,
      (await world.ask("GET", "/203.ansi")).text,
    ];
    show(said(...attacks.slice(5, 10)));
    pages.push(
      (await world.ask("GET", "/203.txt")).text,
      (await world.ask("GET", "/203.ansi")).text,
    );
    show(said(...attacks.slice(10)));
    pages.push(
      (await world.ask("GET", "/203.txt")).text,
      (await world.ask("GET", "/203.ansi")).text,
    );
    for (const page of pages) {
      expect(withoutColours(page)).not.toMatch(/[^\P{C}\n]/u);
      expect(page).not.toContain("owned");
    }
  });

  test("a picture is well-formed and holds no markup of the script's", async () => {
    show({
      ...said(attacks[8] ?? "", attacks[9] ?? ""),
      progress: { fraction: 0.1, message: "<script>" },
      metric: { name: "<b>", value: 1, trend: [1, 2] },
    });
    const { text } = await world.ask("GET", "/203.svg");
    expect(text).not.toMatch(/<script|onload=alert\(1\)>|<b>/);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&quot;&#39;");
    const tags = [...text.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)];
    expect(new Set(tags.map(([, , name]) => name))).toEqual(
      new Set(["svg", "title", "rect", "path", "text"]),
    );
    const depth = tags.map(([, close, , self]) => (close ? -1 : self ? 0 : 1));
    expect(depth.reduce<number>((sum, step) => sum + step, 0)).toBe(0);
  });

  test("a picture draws each mosaic block by block", () => {
    for (let pattern = 1; pattern < 64; pattern++) {
      const row = (y: number) =>
        [0, 1].map((x) => (pattern & (1 << (y * 2 + x)) ? "#" : ".")).join("");
      const [text = ""] = mosaic([row(0), row(1), row(2)]);
      const svg = renderSvg([[{ text, colour: "green" }]], "one");
      const [, path = ""] = /<path d="([^"]+)"/.exec(svg) ?? [];
      const blocks = [...path.matchAll(/M(\d+) (\d+)h/g)].map(
        ([, x, y]) => 1 << ([0, 7, 13].indexOf(Number(y)) * 2 + (x === "0" ? 0 : 1)),
      );
      expect(blocks.reduce((sum, bit) => sum | bit, 0)).toBe(pattern);
    }
  });

  test("any text at all comes out clean and no wider than the page", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        ...attacks,
        "\u001b[",
        "\u001b]",
        "\u001b[9999999m",
        "漢字",
        "e\u0301",
        "👩‍👩‍👧",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        expect(plainText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        const row = fitted(textSpans(text));
        expect(row.reduce((sum, part) => sum + textWidth(part.text), 0)).toBe(40);
      }),
    );
  });

  test("colours carry over as ours: legible, and reset", () => {
    expect(textSpans("a\u001b[31mb\u001b[0mc\u001b[94md\u001b[30me")).toEqual([
      { text: "a", colour: "white" },
      { text: "b", colour: "red" },
      { text: "c", colour: "white" },
      { text: "d", colour: "cyan" },
      { text: "e", colour: "white" },
    ]);
    expect(textSpans("\u001b[38;5;31mx")).toEqual([{ text: "x", colour: "white" }]);
  });

  test("a long line of half-made sequences is read in one pass", () => {
    const text = "\u001b[".repeat(100_000);
    expect(plainText(text)).toBe("");
  });
});

describe("clocks", () => {
  test("are told in the zone", () => {
    expect([dayText(NOW, "UTC"), clockText(NOW, "UTC")]).toEqual(["Sat 21 Nov", "20:45/31"]);
    expect(clockText(NOW, "Europe/Oslo")).toBe("21:45/31");
    expect(dayText(NOW + 4 * 3_600_000, "UTC")).toBe("Sun 22 Nov");
    expect(whenText(NOW + 1000, NOW, "UTC")).toBe("20:45/32");
    expect(whenText(NOW + 86_400_000, NOW, "UTC")).toBe("22 Nov 20:45");
  });
});
