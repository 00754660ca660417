// What each call out of the guest means. The guest's own wrappers have checked their arguments for the
// script's sake; here everything is checked once more, because what comes out of a sandbox is hostile.

import type { SandboxEvent } from "../platform.ts";
import { changeAddress, parseAddress } from "./address.ts";
import type { GuardedRequest } from "./guarded-fetch.ts";
import type { KeptState } from "./kept-state.ts";
import type { Box, Vm } from "./vm.ts";

/** Longest text of one print; the rest is cut and said to be. */
export const TEXT_BYTES_MAX = 16 * 1024;
/** Different metrics in one run. */
export const METRICS_MAX = 16;
/** Calls of one run under way at once. */
export const PENDING_MAX = 64;
/** An answer or a text decoded in one piece. */
const DECODE_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_BYTES_MAX = 64 * 1024;
const ADDRESS_BYTES_MAX = 64 * 1024;
const BODY_BYTES_MAX = 256 * 1024;

/** What a running script may reach; the execution gives it. */
export type Reach = {
  now(): number;
  emit(event: SandboxEvent): void;
  /** Counts output; false once there is so much of it that the run ends. */
  printed(bytes: number): boolean;
  state: KeptState;
  secrets: Record<string, string>;
  facts: string;
  metrics: Set<string>;
  randomBytes(count: number): Uint8Array;
  /** Each returns null, or why the call is refused. */
  sleep(call: number, ms: number, holds: boolean): string | null;
  fetch(call: number, request: GuardedRequest): string | null;
  cancel(call: number): void;
};

type Arguments = { count: number; at: number };
type Answer = (vm: Vm, reach: Reach, given: Arguments) => Box;

const text = (vm: Vm, given: Arguments, index: number, bytesMax: number) =>
  vm.text(vm.argument(given.at, index), bytesMax);
const number = (vm: Vm, given: Arguments, index: number): number =>
  vm.number(vm.argument(given.at, index));
const missing = (vm: Vm, given: Arguments, index: number): boolean =>
  given.count <= index || vm.exports.qjs_is_undefined(vm.argument(given.at, index)) !== 0;
const answer = (vm: Vm, value: string | null | undefined): Box =>
  value === null || value === undefined ? vm.undefined() : vm.newString(value);

function output(vm: Vm, reach: Reach, given: Arguments): Box {
  const { text: shown, bytes } = text(vm, given, 1, TEXT_BYTES_MAX);
  const all = bytes + Math.max(0, Math.floor(number(vm, given, 2)) || 0);
  if (!reach.printed(all + 1)) return vm.undefined();
  reach.emit({
    kind: "output",
    at: reach.now(),
    text: all > TEXT_BYTES_MAX ? `${shown} [${all - TEXT_BYTES_MAX} bytes more were cut]` : shown,
    stream: number(vm, given, 0) === 1 ? "err" : "out",
  });
  return vm.undefined();
}

function progress(vm: Vm, reach: Reach, given: Arguments): Box {
  const fraction = Math.min(1, Math.max(0, number(vm, given, 0))) || 0;
  const message = missing(vm, given, 1) ? null : text(vm, given, 1, 4000).text;
  reach.emit({ kind: "progress", at: reach.now(), fraction, message });
  return vm.undefined();
}

function metric(vm: Vm, reach: Reach, given: Arguments): Box {
  const name = text(vm, given, 0, 256).text.slice(0, 64);
  const value = number(vm, given, 1);
  if (!Number.isFinite(value)) return answer(vm, `metric: ${name} must be a finite number`);
  if (!reach.metrics.has(name) && reach.metrics.size >= METRICS_MAX) {
    return answer(vm, `metric: a run has at most ${METRICS_MAX} different metrics`);
  }
  reach.metrics.add(name);
  reach.emit({ kind: "metric", at: reach.now(), name, value });
  return vm.undefined();
}

function stateSet(vm: Vm, reach: Reach, given: Arguments): Box {
  const value = text(vm, given, 1, 65_537);
  return answer(vm, reach.state.set(text(vm, given, 0, 1024).text, value.text, value.bytes));
}

function secret(vm: Vm, reach: Reach, given: Arguments): Box {
  const name = text(vm, given, 0, 1024).text;
  return answer(vm, Object.hasOwn(reach.secrets, name) ? reach.secrets[name] : null);
}

function fetchStart(vm: Vm, reach: Reach, given: Arguments): Box {
  const facts = text(vm, given, 1, REQUEST_BYTES_MAX);
  if (facts.bytes > REQUEST_BYTES_MAX) {
    return answer(vm, `fetch: address and headers have more than ${REQUEST_BYTES_MAX} bytes`);
  }
  const request = readRequest(facts.text);
  if (typeof request === "string") return answer(vm, request);
  if (!missing(vm, given, 2)) {
    const box = vm.argument(given.at, 2);
    const body = vm.buffer(box, 0, BODY_BYTES_MAX + 1) ?? vm.text(box, BODY_BYTES_MAX + 1);
    const bytes = body instanceof Uint8Array ? body.length : body.bytes;
    if (bytes > BODY_BYTES_MAX) {
      return answer(vm, `fetch: the body has more than ${BODY_BYTES_MAX} bytes`);
    }
    request.body = body instanceof Uint8Array ? body : body.text;
  }
  return answer(vm, reach.fetch(number(vm, given, 0), request));
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,200}$/;
const LINE_BREAK = /[\r\n\0]/;

function readRequest(json: string): GuardedRequest | string {
  let parts: { url?: unknown; method?: unknown; headers?: unknown } | null;
  try {
    parts = JSON.parse(json);
  } catch {
    return "fetch: the request cannot be read";
  }
  const { url, method, headers } = parts ?? {};
  if (typeof url !== "string" || !URL.canParse(url)) {
    return `fetch: ${JSON.stringify(String(url).slice(0, 200))} is no whole address such as https://host/path`;
  }
  if (typeof method !== "string" || !/^[A-Z]{1,20}$/.test(method)) return "fetch: no such method";
  const listed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!HEADER_NAME.test(name) || typeof value !== "string" || LINE_BREAK.test(value)) {
      return `fetch: the header ${JSON.stringify(name.slice(0, 64))} cannot be sent: its name must be letters, digits and hyphens, its value one line`;
    }
    listed[name] = value;
  }
  return { url, method, headers: listed, body: null };
}

function decode(vm: Vm, _reach: Reach, given: Arguments): Box {
  const length = number(vm, given, 2);
  if (length > DECODE_BYTES_MAX) return vm.undefined();
  const bytes = vm.buffer(vm.argument(given.at, 0), number(vm, given, 1), length);
  const flags = number(vm, given, 4);
  try {
    const label = text(vm, given, 3, 64).text;
    const decoder = new TextDecoder(label, {
      fatal: (flags & 1) !== 0,
      ignoreBOM: (flags & 2) !== 0,
    });
    return vm.newString(decoder.decode(bytes ?? new Uint8Array(0)));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return vm.undefined();
    throw error;
  }
}

/** A text's bytes as they are: the guest has taken care of half surrogate pairs. */
const encode = (vm: Vm, _reach: Reach, given: Arguments): Box =>
  vm.newBuffer(vm.utf8(vm.argument(given.at, 0)));

/** An address to parse; null when it is longer than any may be. */
function address(vm: Vm, given: Arguments, index: number): string | null {
  const { text: whole, bytes } = text(vm, given, index, ADDRESS_BYTES_MAX);
  return bytes > ADDRESS_BYTES_MAX ? null : whole;
}

function parse(vm: Vm, _reach: Reach, given: Arguments): Box {
  const whole = address(vm, given, 0);
  const base = missing(vm, given, 1) ? undefined : address(vm, given, 1);
  return answer(vm, whole === null || base === null ? null : parseAddress(whole, base));
}

function change(vm: Vm, _reach: Reach, given: Arguments): Box {
  const href = address(vm, given, 0);
  const value = address(vm, given, 2);
  const part = text(vm, given, 1, 20).text;
  return answer(vm, href === null || value === null ? null : changeAddress(href, part, value));
}

const OPERATIONS: Record<string, Answer> = {
  o: output,
  p: progress,
  m: metric,
  g: (vm, reach, given) => answer(vm, reach.state.get(text(vm, given, 0, 1024).text)),
  S: stateSet,
  D: (vm, reach, given) =>
    vm.exports.qjs_new_number(reach.state.delete(text(vm, given, 0, 1024).text) ? 1 : 0),
  K: (vm, reach) => vm.newString(JSON.stringify(reach.state.keys())),
  x: secret,
  s: (vm, reach, given) =>
    answer(vm, reach.sleep(number(vm, given, 0), number(vm, given, 1), missing(vm, given, 2))),
  c: (vm, reach, given) => {
    reach.cancel(number(vm, given, 0));
    return vm.undefined();
  },
  f: fetchStart,
  u: parse,
  U: change,
  r: (vm, reach, given) =>
    vm.newBuffer(reach.randomBytes(Math.min(65_536, Math.max(0, number(vm, given, 0) || 0)))),
  e: encode,
  d: decode,
  F: (vm, reach) => vm.newString(reach.facts),
};

/** The operations by the code of their letter. */
export const ANSWERS: (Answer | undefined)[] = [];
for (const [name, operation] of Object.entries(OPERATIONS)) {
  ANSWERS[name.charCodeAt(0)] = operation;
}
