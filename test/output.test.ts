// What a script prints, on its way to the store: understood, masked, bounded, coalesced.

import { makeMask, secretsNamed } from "@ticker/core/mask";
import { makeOutput } from "@ticker/core/output";
import type { SandboxEvent } from "@ticker/core/platform";
import { sense } from "@ticker/core/sense";
import { describe, expect, test } from "vitest";

describe("plain output is understood", () => {
  test.each([
    ["64182.11", [{ kind: "metric", name: "value", value: 64182.11 }]],
    ["  -3.5 ", [{ kind: "metric", name: "value", value: -3.5 }]],
    ["1e3", [{ kind: "metric", name: "value", value: 1000 }]],
    ["usd=64182", [{ kind: "metric", name: "usd", value: 64182 }]],
    [
      "rx=1 tx=2.5",
      [
        { kind: "metric", name: "rx", value: 1 },
        { kind: "metric", name: "tx", value: 2.5 },
      ],
    ],
    ["40%", [{ kind: "progress", fraction: 0.4, message: null }]],
    ["::progress 0.62 part 31", [{ kind: "progress", fraction: 0.62, message: "part 31" }]],
    [
      "::metric usd=64182 eur=1",
      [
        { kind: "metric", name: "usd", value: 64182 },
        { kind: "metric", name: "eur", value: 1 },
      ],
    ],
    [
      '{"rows": 12, "progress": 0.5, "message": "half", "name": "x"}',
      [
        { kind: "metric", name: "rows", value: 12 },
        { kind: "progress", fraction: 0.5, message: "half" },
      ],
    ],
  ])("%s", (line, expected) => {
    expect(sense(line)).toEqual(expected);
  });

  test.each([
    "",
    "hello",
    "12 apples",
    "a=b",
    "101%",
    "-1%",
    "1=2",
    "{",
    "[1]",
    "x= 1",
    "1e999",
    "::metric",
    "NaN",
    "Infinity",
    "0x10",
  ])("ordinary text stays text: %j", (line) => {
    expect(sense(line)).toEqual([]);
  });

  test("a long line is not searched", () => {
    expect(sense("1".repeat(600))).toEqual([]);
  });
});

describe("secrets are masked in every form", () => {
  const secret = "s3cr+t/väl ue";
  const mask = makeMask([secret]);
  const base64 = (text: string): string => Buffer.from(text).toString("base64");

  test.each([
    ["plain", `key ${secret} end`],
    ["URL-encoded", `?k=${encodeURIComponent(secret)}`],
    ["JSON", JSON.stringify({ k: secret })],
    ["base64", base64(secret)],
    ["base64, one byte in", base64(`x${secret}`)],
    ["base64, two bytes in and more behind", base64(`xy${secret}tail`)],
    ["base64url", Buffer.from(`Bearer ${secret}`).toString("base64url")],
  ])("%s", (_name, text) => {
    const masked = mask(text);
    expect(masked).toContain("[secret]");
    expect(masked).not.toContain("s3cr");
    expect(masked).not.toContain(base64(secret).slice(4, -4));
  });

  test("without secrets nothing changes", () => {
    expect(makeMask([])("text")).toBe("text");
  });

  test("a script is given the secrets it names as literals, and no others", () => {
    expect(
      secretsNamed(`secret("A"); secret( 'B_2' ); secret(\`C\`); secret(name); xsecret("D")`),
    ).toEqual(["A", "B_2", "C"]);
  });
});

describe("output is bounded and coalesced", () => {
  const line = (at: number, text: string): SandboxEvent => ({
    kind: "output",
    at,
    text,
    stream: "out",
  });

  test("lines of one millisecond become one event", () => {
    const output = makeOutput(1000, (t) => t);
    output.add([line(1, "a"), line(1, "b"), line(2, "c")]);
    expect(output.take()).toEqual([
      { kind: "output", at: 1, text: "a\nb", stream: "out" },
      { kind: "output", at: 2, text: "c", stream: "out" },
    ]);
    expect(output.take()).toEqual([]);
    expect(output.lastLine()).toBe("c");
  });

  test("over the limit head and tail are kept, and the cut says how much is not", () => {
    const output = makeOutput(1000, (t) => t);
    const lines = Array.from({ length: 200 }, (_, i) => line(i, `line ${i}`));
    output.add(lines);
    const all = [...output.take(), ...output.close(200)];
    const texts = all.filter((h) => h.kind === "output").map((h) => h.text);
    expect(texts[0]).toBe("line 0");
    expect(texts.at(-1)).toBe("line 199");
    const cut = all.find((h) => h.kind === "cut");
    const printed = lines.reduce((sum, l) => sum + (l.kind === "output" ? l.text.length : 0), 0);
    const kept = texts.join("").length;
    expect(cut?.bytes).toBe(printed - kept);
    expect(output.droppedBytes()).toBe(cut?.bytes);
    expect(kept).toBeLessThan(1000);
  });

  test("under the limit there is no mark", () => {
    const output = makeOutput(1000, (t) => t);
    output.add([line(1, "short")]);
    output.take();
    expect(output.close(2)).toEqual([]);
  });

  test("a flood of progress leaves the newest", () => {
    const output = makeOutput(1000, (t) => t);
    output.add(
      Array.from({ length: 500 }, (_, i) => ({
        kind: "progress",
        at: i,
        fraction: i / 500,
        message: null,
      })),
    );
    expect(output.take()).toEqual([{ kind: "progress", at: 499, fraction: 0.998, message: null }]);
    expect(output.progress()).toBe(0.998);
  });

  test("a metric may have any name, and there are so many names and no more", () => {
    const output = makeOutput(1000, (t) => t);
    const names = ["__proto__", "__proto__", ...Array.from({ length: 16 }, (_, i) => `m${i}`)];
    output.add(names.map((name, i) => ({ kind: "metric", at: 1, name, value: i })));
    expect(JSON.parse(JSON.stringify(output.metrics))).toHaveProperty("__proto__", 1);
    expect(Object.keys(output.metrics)).toEqual(["__proto__", ...names.slice(2, 17)]);
  });

  test("secrets in metric names and messages are masked too", () => {
    const output = makeOutput(1000, makeMask(["hunter22"]));
    output.add([
      { kind: "metric", at: 1, name: "hunter22", value: 1 },
      { kind: "progress", at: 1, fraction: 0.1, message: "at hunter22" },
      line(1, "x hunter22"),
    ]);
    expect(JSON.stringify(output.take())).not.toContain("hunter22");
    expect(output.lastLine()).toBe("x [secret]");
  });
});
