// What stands before a route with a body: its size, its type, and that it says one thing only. JSON must
// be I-JSON (RFC 7493): UTF-8, each name of an object once, no half of a surrogate pair. Whatever a parser
// would quietly mend or drop is refused here, so that what is kept is what was sent.

import type { MiddlewareHandler } from "hono";
import { VisibleError } from "../error.ts";
import { HttpRefusal } from "./problem.ts";

export const BODY_BYTES_MAX = 256 * 1024;
const JSON_DEPTH_MAX = 32;

/** Reads the body once, up to the limit, and refuses what is not plainly one of these media types. */
export const readBody =
  (types: string[]): MiddlewareHandler =>
  async (c, next) => {
    if (Number(c.req.header("content-length") ?? 0) > BODY_BYTES_MAX) throw tooLarge();
    const type = c.req.header("content-type");
    if (type !== undefined) demandType(types, type);
    if (!/^(identity)?$/i.test(c.req.header("content-encoding") ?? "")) {
      throw new HttpRefusal("unsupported-media-type", "Send the body without Content-Encoding.");
    }
    const bytes = await readWhole(c.req.raw.body);
    if (bytes.length > 0 && type === undefined) throw unsupported(types);
    // Later readers take it from here; a request made anew around it would not be one of the server's
    // own. (Hono keeps promises there, though it declares what they resolve to.)
    c.req.bodyCache.arrayBuffer = Promise.resolve(bytes.buffer) as never;
    const text = textOf(bytes);
    if (/^application\/json\b/i.test(type ?? "")) checkJson(text);
    await next();
  };

function demandType(types: string[], given: string): void {
  const [type = "", ...parameters] = given.split(";").map((part) => part.trim().toLowerCase());
  if (!types.includes(type)) throw unsupported(types);
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?(utf-8|us-ascii)"?$/.test(charset)) {
    throw new HttpRefusal("unsupported-media-type", "Send the body as UTF-8.");
  }
}

const unsupported = (types: string[]) =>
  new HttpRefusal(
    "unsupported-media-type",
    `Send the body as ${types.map((type) => `\`Content-Type: ${type}\``).join(" or ")}.`,
  );

/** Bodies without a length are counted as they come. */
async function readWhole(
  body: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of body ?? []) {
      size += piece.length;
      if (size > BODY_BYTES_MAX) break;
      pieces.push(piece);
    }
  } catch {
    // The sender went away; nobody reads this answer, and it is no fault of ours to be logged.
    throw new HttpRefusal("bad-request", "The body broke off before its end.");
  }
  if (size > BODY_BYTES_MAX) throw tooLarge();
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const tooLarge = () => new VisibleError("too-large", `The body is over ${BODY_BYTES_MAX} bytes.`);

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpRefusal("bad-request", "The body is not UTF-8.");
  }
}

/** What follows the name of a value. */
const COLON = /[ \t\r\n]*:/y;

/** Depth, names given twice and broken characters; then what the parser itself has to say. */
function checkJson(text: string): void {
  /** The names so far of each object the place is in; null for an array. */
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : null);
      if (open.length > JSON_DEPTH_MAX) throw refuse(`is nested over ${JSON_DEPTH_MAX} deep`);
    } else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const end = endOfText(text, i);
      const said = textSaid(text.slice(i, end + 1));
      if (!said.isWellFormed()) throw refuse("holds half of a surrogate pair");
      COLON.lastIndex = end + 1;
      if (COLON.test(text)) {
        const names = open.at(-1);
        if (names?.has(said)) throw refuse(`says ${JSON.stringify(said.slice(0, 80))} twice`);
        names?.add(said);
      }
      i = end;
    }
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw refuse(`cannot be read: ${(error as Error).message}`);
  }
}

const refuse = (what: string) => new HttpRefusal("bad-request", `The JSON ${what}.`);

/** Where the text that begins at `start` ends; the end of all where it does not. */
function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

/** What a quoted text says; nothing where that is garbled, which the parser will tell. */
function textSaid(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted);
  } catch {
    return "";
  }
}
