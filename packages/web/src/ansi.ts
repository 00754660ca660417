// Terminal output as coloured pieces of text. Everything that comes in is hostile: what goes out is only
// text, a few class names from the closed list below, and http(s) addresses. Never HTML.

import Anser from "anser";

/** A piece of one line. `tone` holds class names of this file; `href` is http(s), or a path of our own. */
export type Piece = { text: string; tone: string; href: string | null };
export type Line = { pieces: Piece[]; text: string };

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
type Colour = (typeof COLOURS)[number];
const LETTER: Record<Colour, string> = {
  black: "k",
  red: "r",
  green: "g",
  yellow: "y",
  blue: "b",
  magenta: "m",
  cyan: "c",
  white: "w",
};

const ESC = "\u001b";
/** OSC (`ESC ]`), DCS, APC, PM and SOS strings with either terminator, or cut off by the end. */
const STRINGS = new RegExp(
  `${ESC}(?:\\](?:(8);[^;${ESC}\\u0007]*;([^${ESC}\\u0007]*)|[^${ESC}\\u0007]*)|[PX^_][^${ESC}]*)(?:${ESC}\\\\|\\u0007|$)`,
  "g",
);
/** Two-character escapes other than CSI. */
const SHORT = new RegExp(`${ESC}(?![\\[\\]PX^_])[ -/]*[0-~]?`, "g");
/** C1 controls, and C0 other than tab, newline and ESC: they have no picture. */
const CONTROLS = new RegExp(`(?![\\t\\n${ESC}])\\p{Cc}`, "gu");
/** Invisible characters that reorder text around them: a line must read as it was printed. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;
/** Stands for an OSC 8 link while colours are read; taken from the text first. */
const MARK = "\ue0ff";

/** The lines of one printed text. Colours carry over from line to line within it. */
export function readLines(text: string): Line[] {
  const links: string[] = [];
  const marked = text
    .replaceAll(MARK, "")
    .replace(/\r+\n/g, "\n")
    .replace(STRINGS, (_, isLink: string | undefined, address: string | undefined) => {
      if (!isLink) return "";
      links.push(address ?? "");
      return MARK;
    })
    .replace(SHORT, "")
    .split("\n")
    .map(collapse)
    .join("\n")
    .replace(CONTROLS, "")
    .replace(REORDERING, "");
  return arrange(Anser.ansiToJson(marked, { json: true, use_classes: true }), links);
}

/** A carriage return starts the line over: only what was printed last stays. */
function collapse(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  if (parts.length < 2) return last;
  const codes =
    parts
      .slice(0, -1)
      .join("")
      .match(new RegExp(`${ESC}\\[[\\d;]*m`, "g")) ?? [];
  return codes.join("") + last;
}

function arrange(entries: Anser.AnserJsonEntry[], links: string[]): Line[] {
  const lines: Line[] = [{ pieces: [], text: "" }];
  let address: string | null = null;
  let link = 0;
  for (const entry of entries) {
    const tone = toneOf(entry);
    for (const part of entry.content.replaceAll(ESC, "").split(/(\n|\ue0ff)/)) {
      if (part === MARK) address = safeAddress(links[link++] ?? "");
      else if (part === "\n") lines.push({ pieces: [], text: "" });
      else if (part) append(lines.at(-1), { text: part, tone, href: address });
    }
  }
  return lines;
}

function append(line: Line | undefined, piece: Piece) {
  if (!line) return;
  line.text += piece.text;
  line.pieces.push(piece);
}

/** The address if it is plain http or https; null for anything else, such as `javascript:`. */
export function safeAddress(address: string): string | null {
  if (!/^https?:\/\/[^\s"'<>]+$/i.test(address) || !URL.canParse(address)) return null;
  const { protocol, href } = new URL(address);
  return protocol === "http:" || protocol === "https:" ? href : null;
}

function toneOf(entry: Anser.AnserJsonEntry): string {
  const has = new Set<string>(entry.decorations);
  let front = colourOf(entry.fg, entry.fg_truecolor);
  let back = colourOf(entry.bg, entry.bg_truecolor);
  if (has.has("reverse")) [front, back] = [back ?? "black", front ?? "white"];
  // Text in the colour of its ground is unreadable, meant or not.
  if (back && front === back) front = back === "white" || back === "yellow" ? "black" : "white";
  if (front === "black" && !back) front = "white";
  const tones = [];
  if (front && front !== "white") tones.push(`t-${LETTER[front]}`);
  if (back) tones.push(`on-${LETTER[back]}`);
  if (has.has("dim") || /bright-black/.test(entry.fg ?? "")) tones.push("dim");
  if (has.has("bold")) tones.push("strong");
  if (has.has("underline")) tones.push("under");
  if (has.has("strikethrough")) tones.push("struck");
  return tones.join(" ");
}

function colourOf(name: string | null, exact: string | null): Colour | null {
  if (!name) return null;
  const named = COLOURS.find((colour) => name.endsWith(`-${colour}`));
  if (named) return named;
  const index = /palette-(\d+)/.exec(name)?.[1];
  if (index) return nearest(...paletteColour(Number(index)));
  const [red = 0, green = 0, blue = 0] = (exact ?? "").split(",").map(Number);
  return exact ? nearest(red, green, blue) : null;
}

/** xterm's 256 colours: 16 named, a 6x6x6 cube, 24 greys. */
function paletteColour(index: number): [number, number, number] {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = Math.max(0, index - 16);
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

/** Teletext has eight colours: each channel is on when it is a good part of the strongest. */
function nearest(red: number, green: number, blue: number): Colour {
  const most = Math.max(red, green, blue);
  if (most < 40) return "black";
  const isOn = (value: number) => (value >= most * 0.6 ? 1 : 0);
  return COLOURS[isOn(red) + isOn(green) * 2 + isOn(blue) * 4] ?? "white";
}
