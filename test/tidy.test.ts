// The rules of the house, read off the tree: who may import whom, what core may not touch, how long files
// and lines are, and what must never be committed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { describe, expect, test } from "vitest";

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(path));
const code = files.filter((path) => /\.tsx?$/.test(path));
const source = new Map(code.map((path) => [path, readFileSync(path, "utf8")]));
const inFolder = (folder: string): [string, string][] =>
  [...source].filter(([path]) => path.startsWith(folder));

/** What a file imports, types included. */
const imports = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(
    (match) => match[1] as string,
  );

function offenders(folder: string, wrong: (path: string, text: string) => unknown): string[] {
  return inFolder(folder)
    .filter(([path, text]) => wrong(path, text))
    .map(([path]) => path);
}

/** The text without comments and without the contents of strings and patterns. */
const bare = (text: string): string =>
  text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
    (m) => m.replace(/[^\n]/g, " "),
  );

describe("who may import whom", () => {
  test("core imports nothing of the bodies, and nothing of Node", () => {
    expect(
      offenders("packages/core/src/", (_path, text) =>
        imports(text).some((name) =>
          /^(node:|@ticker\/|ws$|undici|@aws-sdk|@hono\/node-server)/.test(name),
        ),
      ),
    ).toEqual([]);
  });

  test("the web imports core only, and never the server", () => {
    expect(
      offenders("packages/web/src/", (_path, text) =>
        imports(text).some((name) => /^(@ticker\/server|node:)|\/server\//.test(name)),
      ),
    ).toEqual([]);
  });

  test("SQLite stays in sqlite files, sockets where the server listens, the engine in the sandbox", () => {
    const rules: [RegExp, RegExp][] = [
      [/^node:sqlite$/, /^packages\/server\/src\/sqlite/],
      [/^ws$/, /^packages\/server\/src\/socket\.ts$/],
      [/^undici$/, /^packages\/server\/src\/egress/],
      [/^quickjs-wasi/, /^packages\/(core\/src\/sandbox|server\/src\/workers)\//],
    ];
    for (const [name, home] of rules) {
      expect(
        offenders(
          "packages/",
          (path, text) => !home.test(path) && imports(text).some((i) => name.test(i)),
        ),
      ).toEqual([]);
    }
  });

  test("only the platform and the command read the environment", () => {
    const homes = /packages\/server\/src\/(main|platform)\.ts$/;
    expect(
      offenders(
        "packages/",
        (path, text) => !homes.test(path) && /process\.env\b/.test(bare(text)),
      ),
    ).toEqual([]);
  });
});

describe("core has no clock, no chance and no console of its own", () => {
  test.each([
    ["Date.now()", /\bDate\.now\b/],
    ["new Date() without an argument", /\bnew Date\(\)/],
    ["setTimeout and its kin", /\bset(?:Timeout|Interval|Immediate)\s*\(/],
    ["Math.random", /\bMath\.random\b/],
    ["process", /\bprocess\./],
    ["console", /\bconsole\./],
    ["performance", /\bperformance\./],
  ])("%s", (_name, pattern) => {
    // What runs inside a script's machine is the script's world, not core's; it is text in guest files.
    const found = offenders(
      "packages/core/src/",
      (path, text) => !/sandbox\/guest/.test(path) && pattern.test(bare(text)),
    );
    expect(found).toEqual([]);
  });
});

describe("sizes", () => {
  test("no source file is over 400 lines", () => {
    const long = inFolder("packages/")
      .filter(([, text]) => text.split("\n").length > 401)
      .map(([path, text]) => `${path}: ${text.split("\n").length}`);
    expect(long).toEqual([]);
  });

  test("every source file opens by saying what it owns", () => {
    expect(offenders("packages/", (_path, text) => !/^(\/\/|\/\*)/.test(text))).toEqual([]);
  });

  test("no names that say nothing", () => {
    expect(
      files.filter((path) => /(^|\/)(utils?|helpers?|lib|common|misc)(\.|\/)/.test(path)),
    ).toEqual([]);
  });

  test("no large files", () => {
    const large = files.filter(
      (path) => path !== "package-lock.json" && readFileSync(path).length > 300 * 1024,
    );
    expect(large).toEqual([]);
  });
});

describe("never committed", () => {
  const text = files.filter(
    (path) => /\.(ts|tsx|js|mjs|json|md|yml|css|html|txt|sh)$/.test(path) || extname(path) === "",
  );

  test("a path of one machine, a registry's address, a left-over mark", () => {
    const wrong = text.filter((path) => {
      if (path === "test/tidy.test.ts") return false;
      const content = readFileSync(path, "utf8");
      return (
        /(^|[^A-Za-z0-9_])\/(?:work|root|farm)\//m.test(content) ||
        /"resolved": "http/.test(content) ||
        (path.startsWith("packages/") && /\b(?:TODO|FIXME|XXX)\b/.test(content))
      );
    });
    expect(wrong).toEqual([]);
  });

  test("a test that is left out or sleeps", () => {
    const tests = inFolder("test/").filter(([path]) => path !== "test/tidy.test.ts");
    expect(
      tests
        .filter(([, content]) => /\b(?:test|it|describe)\.(?:only|skip|todo)\b/.test(bare(content)))
        .map(([path]) => path),
    ).toEqual([]);
    expect(
      tests
        .filter(([path]) => path.endsWith(".test.ts"))
        .filter(([, content]) => /\bsetTimeout\s*\(|\bwaitForTimeout\b/.test(bare(content)))
        .map(([path]) => path),
    ).toEqual([]);
  });
});
