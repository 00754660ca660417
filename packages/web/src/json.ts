// Printed JSON: one line in colours, or unfolded over many. Works on the text itself, so that a number is
// shown with the digits it was printed with. Pure.

import type { Piece } from "./ansi.ts";

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+|\s+/g;
const OPENS = /^[{[]$/;
const CLOSES = /^[}\]]$/;
/** Longer lines would be slower to read twice than they are worth. */
const LONGEST = 20_000;

/** The tokens of a line that is a whole JSON object or array; null for any other line. */
export function readJson(text: string): string[] | null {
  if (!/^\s*(\{.*\}|\[.*\])\s*$/.test(text) || text.length > LONGEST) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return text.match(TOKEN) ?? [];
}

/** The same text in colours. */
export function colourJson(tokens: string[]): Piece[] {
  return tokens.map((text, i) => ({ text, tone: toneOf(text, tokens, i), href: null }));
}

/** One value a line, indented by two; empty objects and arrays stay closed. */
export function unfoldJson(tokens: string[]): string[] {
  const found: string[] = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const solid = tokens.filter((token) => token.trim() !== "");
  solid.forEach((token, i) => {
    if (CLOSES.test(token)) {
      depth--;
      if (!OPENS.test(solid[i - 1] ?? "")) found.push(line());
    }
    found.push(token);
    if (OPENS.test(token)) {
      depth++;
      if (!CLOSES.test(solid[i + 1] ?? "")) found.push(line());
    }
    if (token === ",") found.push(line());
    if (token === ":") found.push(" ");
  });
  return found;
}

function toneOf(token: string, tokens: string[], at: number): string {
  if (token.startsWith('"')) return isKey(tokens, at) ? "t-c" : "t-g";
  if (/^-?\d/.test(token)) return "t-y";
  return /^(true|false|null)$/.test(token) ? "t-m" : "";
}

const isKey = (tokens: string[], at: number) =>
  tokens[at + 1] === ":" || (tokens[at + 1]?.trim() === "" && tokens[at + 2] === ":");
