// The messages of a guarded fetch: what a script may send, what a redirect makes of it, and an answer read
// whole within its bounds. No connection is opened here, and no address judged.

import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import type { GuardedRequest, GuardedResponse } from "@ticker/core/sandbox/guarded-fetch";
import type { Dispatcher } from "undici";

/** Bounds of one message, bytes. */
export type Bounds = { bodyBytesMax: number; headerBytesMax: number };

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** They steer the connection or the length of the message, or are not the script's to say. */
const FORBIDDEN_HEADERS = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/** Why the guard said no. Its message is fit for the script's owner. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(why: string) {
    super(`refused: ${why}`);
  }
}

/** The request with its method in capitals and header names in lower case. Throws a Refusal that names what is wrong. */
export function checkedRequest(bounds: Bounds, request: GuardedRequest): GuardedRequest {
  const method = request.method.toUpperCase();
  const checked = { ...request, method, headers: plainHeaders(bounds, request) };
  checkBody(bounds, checked);
  return checked;
}

/** Lower-case names, forbidden ones refused by name. */
function plainHeaders(bounds: Bounds, request: GuardedRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(request.headers)) {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower))
      throw new Refusal(`${shown(name)} is no header name`);
    if (FORBIDDEN_HEADERS.has(lower) || lower.startsWith("proxy-")) {
      throw new Refusal(`the header ${lower} is not a script's to set`);
    }
    // Anything but printable Latin-1 and tabs could end the header and begin another message.
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new Refusal(`the value of the header ${lower} has characters a header cannot carry`);
    }
    bytes += lower.length + value.length + 4;
    headers[lower] = value;
  }
  if (bytes > bounds.headerBytesMax) {
    throw new Refusal(`request headers of ${bytes} bytes; at most ${bounds.headerBytesMax}`);
  }
  return headers;
}

function checkBody(bounds: Bounds, request: GuardedRequest): void {
  const { method, body } = request;
  if (!METHODS.includes(method)) {
    throw new Refusal(`the method ${shown(method)}; a script may use ${METHODS.join(", ")}`);
  }
  if (body === null) return;
  if (method === "GET" || method === "HEAD") throw new Refusal(`${method} takes no body`);
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  if (bytes > bounds.bodyBytesMax) {
    throw new Refusal(`a request body of ${bytes} bytes; at most ${bounds.bodyBytesMax}`);
  }
}

/** The next request of a redirect: what browsers do with the method, and no secrets to another origin. */
export function redirected(
  request: GuardedRequest,
  from: URL,
  status: number,
  location: string,
): GuardedRequest {
  const to = URL.parse(location, from.href);
  if (to === null) throw new Refusal(`a redirect to ${shown(location)}, which is no URL`);
  const headers = { ...request.headers };
  let { method, body } = request;
  const becomesGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  if (becomesGet) {
    method = "GET";
    body = null;
    for (const name of Object.keys(headers)) if (name.startsWith("content-")) delete headers[name];
  }
  if (to.origin !== from.origin) {
    delete headers.authorization;
    delete headers.cookie;
  }
  return { url: to.href, method, headers, body };
}

/** Reads an answer to its end; over its bound it is refused, never cut. Compressed bodies are unpacked. */
export async function whole(
  bounds: Bounds,
  url: URL,
  method: string,
  answer: Dispatcher.ResponseData,
): Promise<GuardedResponse> {
  const tooLarge = new Refusal(`an answer of more than ${bounds.bodyBytesMax} bytes`);
  if (method !== "HEAD" && Number(answer.headers["content-length"]) > bounds.bodyBytesMax) {
    answer.body.on("error", () => {});
    throw tooLarge;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bounds.bodyBytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = [value].flat().join(", ");
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  let body: Uint8Array = Buffer.concat(chunks);
  if (encoding !== "identity" && body.byteLength > 0) {
    body = await decoded(body, encoding, bounds.bodyBytesMax, tooLarge);
    delete headers["content-encoding"];
    delete headers["content-length"];
  }
  const { statusCode: status, statusText } = answer;
  return { status, statusText, url: url.href, headers, body: new Uint8Array(body) };
}

const DECODERS = new Map([
  ["gzip", promisify<Uint8Array, object, Buffer>(gunzip)],
  ["x-gzip", promisify<Uint8Array, object, Buffer>(gunzip)],
  ["deflate", promisify<Uint8Array, object, Buffer>(inflate)],
  ["br", promisify<Uint8Array, object, Buffer>(brotliDecompress)],
]);

async function decoded(
  body: Uint8Array,
  encoding: string,
  bytesMax: number,
  tooLarge: Error,
): Promise<Uint8Array> {
  const decode = DECODERS.get(encoding);
  if (!decode)
    throw new Error(`the answer is encoded as ${shown(encoding)}, which nobody asked for`);
  try {
    return await decode(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge;
    throw new Error(`the answer is no valid ${encoding}`, { cause: error });
  }
}

/** A piece of somebody's text, quoted and short enough for a message. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
