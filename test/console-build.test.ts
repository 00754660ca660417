// The built console's weight, gzipped: what a first visit loads, and what the editor adds.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const DIST = fileURLToPath(new URL("../packages/web/dist", import.meta.url));
const page = readFileSync(`${DIST}/index.html`, "utf8");
const files = readdirSync(`${DIST}/assets`);
const weigh = (names: string[]) =>
  names.reduce((sum, name) => {
    const bytes = readFileSync(`${DIST}/assets/${name}`);
    return sum + (name.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length);
  }, 0);
const KB = 1024;

test("a first visit loads at most 45 KB of script and 6 KB of style", () => {
  const first = files.filter((name) => page.includes(`/assets/${name}`));
  expect(weigh(first.filter((name) => name.endsWith(".js")))).toBeLessThan(45 * KB);
  const styles = first.filter((name) => name.endsWith(".css"));
  expect(styles).toHaveLength(1);
  expect(weigh(styles)).toBeLessThan(6 * KB);
});

test("the code editor comes by itself, in at most 165 KB", () => {
  const code = files.filter((name) => /^code-.*\.js$/.test(name));
  expect(code).toHaveLength(1);
  expect(page).not.toContain(code[0]);
  expect(weigh(code)).toBeLessThan(165 * KB);
});

test("the two Teletext faces weigh at most 24 KB", () => {
  const faces = files.filter((name) => name.startsWith("tickertext"));
  expect(faces).toHaveLength(2);
  expect(weigh(faces)).toBeLessThan(24 * KB);
});

test("the page has no inline script or style, which its policy would refuse", () => {
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)|javascript:|data:/);
});
