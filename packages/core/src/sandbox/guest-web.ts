// Guest code, part three: the web's own words that scripts expect (fetch, URL, TextEncoder, ...). What
// is hard (parsing addresses, text encodings, randomness) the host does on bounded copies, so the image
// carries no extension modules: they would cost half a megabyte in every reset.

export const GUEST_WEB = String.raw`
const Bytes = Uint8Array, Buffer = ArrayBuffer, isView = ArrayBuffer.isView;
const sliceBuffer = uncurry(Buffer.prototype.slice), setBytes = uncurry(Bytes.prototype.set);
const typed = getPrototypeOf(Bytes.prototype);
const read = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
const bufferOfTyped = read(typed, "buffer"), offsetOfTyped = read(typed, "byteOffset");
const lengthOfTyped = read(typed, "byteLength"), lengthOfBuffer = read(Buffer.prototype, "byteLength");
const bufferOfView = read(DataView.prototype, "buffer"), offsetOfView = read(DataView.prototype, "byteOffset");
const lengthOfView = read(DataView.prototype, "byteLength");
function extent(source, what) {
  if (source instanceof Buffer) return { buffer: source, offset: 0, length: lengthOfBuffer(source) };
  if (source instanceof DataView)
    return { buffer: bufferOfView(source), offset: offsetOfView(source), length: lengthOfView(source) };
  if (isView(source))
    return { buffer: bufferOfTyped(source), offset: offsetOfTyped(source), length: lengthOfTyped(source) };
  throw new Type(what + ": expected an ArrayBuffer or a typed array");
}

class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return new Bytes(h.e(wellFormed(Str(text)))); }
}
class TextDecoder {
  #label; #flags;
  constructor(label = "utf-8", options = undefined) {
    this.#label = slice(lower(Str(label)), 0, 40);
    this.#flags = (options?.fatal ? 1 : 0) + (options?.ignoreBOM ? 2 : 0);
    if (h.d(new Buffer(0), 0, 0, this.#label, this.#flags) === undefined)
      throw new Range("TextDecoder: the encoding " + this.#label + " is not known");
  }
  get encoding() { return this.#label; }
  decode(source, options) {
    if (options?.stream) throw new Type("TextDecoder.decode: there is no stream option; decode all bytes at once");
    if (source === undefined) return "";
    const { buffer, offset, length } = extent(source, "TextDecoder.decode");
    if (length > 8388608) throw new Range("TextDecoder.decode: 8388608 bytes are the most at once, here are " + length);
    const text = h.d(buffer, offset, length, this.#label, this.#flags);
    if (text === undefined) throw new Type("TextDecoder.decode: the bytes are no valid " + this.#label);
    return text;
  }
}

// Pairs of names and values as URLSearchParams and Headers take them: a list, a Map, a plain object.
function eachPair(init, what, add) {
  if (typeof init !== "object") throw new Type(what + ": expected pairs of a name and a value");
  if (typeof init[Symbol.iterator] !== "function") {
    for (const name of ownKeys(init)) add(name, init[name]);
    return;
  }
  for (const pair of init) {
    if (typeof pair !== "object" || pair === null || pair.length !== 2)
      throw new Type(what + ": expected pairs of a name and a value, such as [[\"a\", \"1\"]]");
    add(pair[0], pair[1]);
  }
}

class URLSearchParams {
  #pairs = []; #changed = null;
  constructor(init = "") {
    if (typeof init === "object" && init !== null) eachPair(init, "URLSearchParams", (name, value) => this.append(name, value));
    else this.#read(wellFormed(Str(init)));
  }
  static link(params, changed) { params.#changed = changed; return params; }
  static reread(params, text) { params.#read(text); }
  #read(text) {
    this.#pairs = [];
    const query = text[0] === "?" ? slice(text, 1) : text;
    if (query === "") return;
    for (const part of query.split("&")) {
      if (part === "") continue;
      const at = indexOf(part, "=");
      const name = at < 0 ? part : slice(part, 0, at), value = at < 0 ? "" : slice(part, at + 1);
      this.#pairs.push([unescapeForm(name), unescapeForm(value)]);
    }
  }
  #tell() { this.#changed?.(this.toString()); }
  get size() { return this.#pairs.length; }
  append(name, value) { this.#pairs.push([wellFormed(Str(name)), wellFormed(Str(value))]); this.#tell(); }
  delete(name, value) { this.#pairs = this.#pairs.filter((pair) => !isPair(pair, name, value)); this.#tell(); }
  get(name) { return this.#pairs.find((pair) => pair[0] === Str(name))?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter((pair) => pair[0] === Str(name)).map((pair) => pair[1]); }
  has(name, value) { return this.#pairs.some((pair) => isPair(pair, name, value)); }
  set(name, value) {
    const at = this.#pairs.findIndex((pair) => pair[0] === Str(name));
    if (at < 0) return this.append(name, value);
    this.#pairs[at][1] = wellFormed(Str(value));
    this.#pairs = this.#pairs.filter((pair, i) => i <= at || pair[0] !== Str(name));
    this.#tell();
  }
  sort() { this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)); this.#tell(); }
  forEach(fn, self) { for (const [name, value] of this.#pairs) fn.call(self, value, name, this); }
  keys() { return this.#pairs.map((pair) => pair[0]).values(); }
  values() { return this.#pairs.map((pair) => pair[1]).values(); }
  entries() { return this.#pairs.map((pair) => [pair[0], pair[1]]).values(); }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#pairs.map((pair) => escapeForm(pair[0]) + "=" + escapeForm(pair[1])).join("&"); }
}
const linkParams = URLSearchParams.link, rereadParams = URLSearchParams.reread;
delete URLSearchParams.link; delete URLSearchParams.reread;
const isPair = (pair, name, value) => pair[0] === Str(name) && (value === undefined || pair[1] === Str(value));
const replace = uncurry(Str.prototype.replace), encodePart = encodeURIComponent, decodePart = decodeURIComponent;
const charCode = uncurry(Str.prototype.charCodeAt), numberText = uncurry(Num.prototype.toString);
const escapeForm = (text) => replace(replace(encodePart(wellFormed(text)),
  /[!'()~]/g, (c) => "%" + upper(numberText(charCode(c, 0), 16))), /%20/g, "+");
function unescapeForm(text) {
  const spaced = replace(text, /\+/g, " ");
  try { return decodePart(spaced); } catch { return replace(spaced, /(?:%[0-9a-f]{2})+/gi, decodeLoosely); }
}
function decodeLoosely(escapes) {
  const bytes = new Bytes(escapes.length / 3);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Num("0x" + slice(escapes, i * 3 + 1, i * 3 + 3));
  return h.d(bytes.buffer, 0, bytes.length, "utf-8", 2) ?? escapes;
}

class URL {
  #parts; #params = null;
  constructor(address, base) {
    this.#parts = URL.#parse(address, base);
    if (this.#parts === null) throw new Type("URL: " + slice(Str(address), 0, 200) + " is no valid address");
  }
  static #parse(address, base) {
    const text = h.u(wellFormed(Str(address)), base === undefined ? undefined : wellFormed(Str(base)));
    return text === undefined ? null : parse(text);
  }
  static canParse(address, base) { return URL.#parse(address, base) !== null; }
  static parse(address, base) { return URL.canParse(address, base) ? new URL(address, base) : null; }
  #change(name, value) {
    const text = h.U(this.#parts.href, name, wellFormed(Str(value)));
    if (text === undefined) throw new Range("URL: an address may have 65536 bytes, not more");
    this.#parts = parse(text);
  }
  #reread() { if (this.#params !== null) rereadParams(this.#params, this.#parts.search); }
  get searchParams() {
    return (this.#params ??= linkParams(new URLSearchParams(this.#parts.search), (text) => this.#change("search", text)));
  }
  get origin() { return this.#parts.origin; }
  get href() { return this.#parts.href; }
  set href(value) {
    const parts = URL.#parse(value);
    if (parts === null) throw new Type("URL: " + slice(Str(value), 0, 200) + " is no valid address");
    this.#parts = parts;
    this.#reread();
  }
  get protocol() { return this.#parts.protocol; } set protocol(value) { this.#change("protocol", value); }
  get username() { return this.#parts.username; } set username(value) { this.#change("username", value); }
  get password() { return this.#parts.password; } set password(value) { this.#change("password", value); }
  get host() { return this.#parts.host; } set host(value) { this.#change("host", value); }
  get hostname() { return this.#parts.hostname; } set hostname(value) { this.#change("hostname", value); }
  get port() { return this.#parts.port; } set port(value) { this.#change("port", value); }
  get pathname() { return this.#parts.pathname; } set pathname(value) { this.#change("pathname", value); }
  get search() { return this.#parts.search; } set search(value) { this.#change("search", value); this.#reread(); }
  get hash() { return this.#parts.hash; } set hash(value) { this.#change("hash", value); }
  toString() { return this.#parts.href; }
  toJSON() { return this.#parts.href; }
}

class AbortSignal {
  #aborted = false; #reason = undefined; #listeners = new Set();
  onabort = null;
  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }
  addEventListener(type, listener) {
    if (typeof listener !== "function") throw new Type("addEventListener: the listener must be a function");
    if (type === "abort") this.#listeners.add(listener);
  }
  removeEventListener(type, listener) { if (type === "abort") this.#listeners.delete(listener); }
  static abort(reason) { const c = new AbortController(); c.abort(reason); return c.signal; }
  static timeout(ms) {
    const c = new AbortController();
    alarm(() => c.abort(new DOMException("the time given to AbortSignal.timeout is over", "TimeoutError")), ms);
    return c.signal;
  }
  static raise(signal, reason) {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason === undefined ? new DOMException("it was aborted", "AbortError") : reason;
    const event = { type: "abort", target: signal };
    if (typeof signal.onabort === "function") signal.onabort(event);
    for (const listener of [...signal.#listeners]) listener.call(signal, event);
  }
}
const raise = AbortSignal.raise;
delete AbortSignal.raise;
class AbortController {
  #signal = new AbortSignal();
  get signal() { return this.#signal; }
  abort(reason) { raise(this.#signal, reason); }
}

class Headers {
  #values = new Map();
  constructor(init) {
    if (init === undefined || init === null) return;
    eachPair(init, "Headers", (name, value) => this.append(name, value));
  }
  append(name, value) { const old = this.get(name); this.set(name, old === null ? value : old + ", " + Str(value)); }
  set(name, value) { this.#values.set(lower(Str(name)), Str(value)); }
  get(name) { return this.#values.get(lower(Str(name))) ?? null; }
  has(name) { return this.#values.has(lower(Str(name))); }
  delete(name) { this.#values.delete(lower(Str(name))); }
  forEach(fn, self) { this.#values.forEach((value, name) => fn.call(self, value, name, this)); }
  keys() { return this.#values.keys(); }
  values() { return this.#values.values(); }
  entries() { return this.#values.entries(); }
  [Symbol.iterator]() { return this.#values.entries(); }
}

function decodeText(buffer) {
  const length = lengthOfBuffer(buffer), text = h.d(buffer, 0, length, "utf-8", 0);
  if (text === undefined) throw new Range("the answer has " + length + " bytes, too many for one text");
  return text;
}
class Response {
  #body; #facts; #headers = null;
  constructor(facts, body) { this.#facts = facts; this.#body = body; }
  get status() { return this.#facts.status; }
  get statusText() { return this.#facts.statusText; }
  get ok() { return this.#facts.status >= 200 && this.#facts.status <= 299; }
  get url() { return this.#facts.url; }
  get headers() { return (this.#headers ??= new Headers(this.#facts.headers)); }
  async text() { return decodeText(this.#body); }
  async json() {
    const text = decodeText(this.#body);
    try { return parse(text); } catch (error) {
      throw new SyntaxError("the answer of " + slice(this.#facts.url, 0, 200) + " is no JSON: " + cut(error.message, 100));
    }
  }
  async bytes() { return new Bytes(sliceBuffer(this.#body, 0)); }
  async arrayBuffer() { return sliceBuffer(this.#body, 0); }
}
function requestBody(body, headers) {
  if (body === undefined || body === null) return undefined;
  const typed = (type) => { if (!headers.has("content-type")) headers.set("content-type", type); };
  if (typeof body === "string") { typed("text/plain;charset=UTF-8"); return wellFormed(body); }
  if (body instanceof URLSearchParams) {
    typed("application/x-www-form-urlencoded;charset=UTF-8");
    return body.toString();
  }
  if (body instanceof Buffer || isView(body)) {
    const { buffer, offset, length } = extent(body, "fetch");
    return sliceBuffer(buffer, offset, offset + length);
  }
  throw new Type("fetch: the body must be a text, bytes or URLSearchParams; use JSON.stringify for an object");
}
function fetch(address, init) {
  // Made here, not when the answer comes: only here is the caller's line on the stack.
  const failure = new Type("");
  const fail = (message) => { hide(failure, "message", message); return failure; };
  return new Prom((resolve, reject) => {
    const options = init === undefined || init === null ? {} : init;
    if (typeof options !== "object") throw new Type("fetch: the second argument must be an object of options");
    if ((options.redirect ?? "follow") !== "follow")
      throw new Type("fetch: redirects are always followed, each checked by the guard; there is no other redirect option");
    const headers = new Headers(options.headers);
    const body = requestBody(options.body, headers);
    const method = upper(Str(options.method ?? (body === undefined ? "GET" : "POST")));
    const signal = options.signal ?? undefined;
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw new Type("fetch: signal must be an AbortSignal");
    if (signal?.aborted) { reject(signal.reason); return; }
    // Without prototypes: a toJSON that the script gave to all objects has no say in these.
    const listed = { __proto__: null };
    headers.forEach((value, name) => { listed[name] = value; });
    const request = stringify({ __proto__: null, url: Str(address), method, headers: listed });
    const answered = (refusal, facts, content) => {
      signal?.removeEventListener("abort", stop);
      if (refusal !== undefined) reject(fail(refusal));
      else resolve(new Response(parse(facts), content));
    };
    const stop = () => { if (mapDelete(pending, id)) { h.c(id); reject(signal.reason); } };
    const id = begin(answered, (refusal) => reject(fail(refusal)), (number) => h.f(number, request, body));
    signal?.addEventListener("abort", stop);
  });
}

const hex = [];
for (let i = 0; i < 256; i++) hex[i] = slice(numberText(i + 256, 16), 1);
const crypto = freeze({
  getRandomValues(array) {
    const { buffer, offset, length } = extent(array, "crypto.getRandomValues");
    if (length > 65536) throw new Range("crypto.getRandomValues: 65536 bytes are the most at once");
    setBytes(new Bytes(buffer, offset, length), new Bytes(h.r(length)));
    return array;
  },
  randomUUID() {
    const b = new Bytes(h.r(16));
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    let text = "";
    for (let i = 0; i < 16; i++) text += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + hex[b[i]];
    return text;
  },
});

const errorTypes = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const uncloneable = [Prom, WeakMap, WeakSet, WeakRef];
function structuredClone(value) {
  const copies = new Mp();
  const copy = (from) => {
    if (typeof from === "function" || typeof from === "symbol")
      throw new DOMException("structuredClone: a " + typeof from + " cannot be cloned", "DataCloneError");
    if (typeof from !== "object" || from === null) return from;
    const known = mapGet(copies, from);
    if (known !== undefined) return known;
    const keep = (to) => { mapSet(copies, from, to); return to; };
    if (from instanceof Date) return keep(new Date(time(from)));
    if (from instanceof RegExp) return keep(new RegExp(from.source, from.flags));
    if (from instanceof Buffer) return keep(sliceBuffer(from, 0));
    if (isView(from)) {
      const { buffer, offset, length } = extent(from, "structuredClone");
      return keep(new from.constructor(sliceBuffer(buffer, offset, offset + length)));
    }
    if (from instanceof Err) {
      const to = keep(new (errorTypes[from.name] ?? Err)(from.message));
      hide(to, "stack", from.stack);
      if (getOwnPropertyDescriptor(from, "cause")) hide(to, "cause", copy(from.cause));
      return to;
    }
    for (let i = 0; i < uncloneable.length; i++)
      if (from instanceof uncloneable[i])
        throw new DOMException("structuredClone: a " + uncloneable[i].name + " cannot be cloned", "DataCloneError");
    if (isMap(from)) { const to = keep(new Mp()); mapEach(from, (v, k) => mapSet(to, copy(k), copy(v))); return to; }
    if (isSet(from)) { const to = keep(new Set()); eachOfSet(from, (v) => to.add(copy(v))); return to; }
    const to = keep(isArray(from) ? new Array(from.length) : {});
    const names = ownKeys(from);
    for (let i = 0; i < names.length; i++)
      defineProperty(to, names[i], { value: copy(from[names[i]]), writable: true, enumerable: true, configurable: true });
    return to;
  };
  return copy(value);
}
`;
