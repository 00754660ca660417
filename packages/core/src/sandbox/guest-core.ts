// Guest code, part one: what every script may call. It runs inside the machine before any script does
// and is then frozen into the image. It uses only primordials captured here, so a script that replaces
// builtins harms nobody but itself; and it is no boundary: whatever it sends, the host checks again.
// `h` holds the host's functions, which no script can reach but through these.

export const GUEST_CORE = String.raw`
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const { freeze, defineProperty, keys: ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { parse, stringify } = JSON;
const isArray = Array.isArray, Str = String, Num = Number, Err = Error, Type = TypeError, Range = RangeError;
const isFinite = Num.isFinite, Prom = Promise, Mp = Map, floor = Math.floor;
const then = uncurry(Prom.prototype.then);
const mapGet = uncurry(Mp.prototype.get), mapSet = uncurry(Mp.prototype.set);
const mapDelete = uncurry(Mp.prototype.delete), mapEach = uncurry(Mp.prototype.forEach);
const slice = uncurry(Str.prototype.slice), lower = uncurry(Str.prototype.toLowerCase);
const upper = uncurry(Str.prototype.toUpperCase), indexOf = uncurry(Str.prototype.indexOf);
const apply = Reflect.apply;
const hide = (target, name, value) =>
  defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
const expose = (name, value) => hide(globalThis, name, value);

const wellFormed = uncurry(Str.prototype.toWellFormed), trim = uncurry(Str.prototype.trim);
const LONG = 1048576, CUT = 65536;
function say(stream, args) {
  let text = "";
  for (let i = 0; i < args.length; i++) text += (i ? " " : "") + format(args[i]);
  text = wellFormed(text);
  if (text.length > LONG) h.o(stream, slice(text, 0, CUT), text.length - CUT);
  else h.o(stream, text, 0);
}
function print(...args) { say(0, args); }
const console = {
  log(...args) { say(0, args); },
  info(...args) { say(0, args); },
  debug(...args) { say(0, args); },
  warn(...args) { say(1, args); },
  error(...args) { say(1, args); },
};

// What is a number without guessing: no null, no empty text, no true, all of which Number would take.
function finite(value) {
  const type = typeof value, meant = type === "string" ? trim(value) !== "" : type === "number" || type === "bigint";
  const number = meant ? Num(value) : NaN;
  return isFinite(number) ? number : undefined;
}
function progress(fraction, message) {
  const number = finite(fraction);
  if (number === undefined) throw new Type("progress: the fraction must be a number from 0 to 1");
  h.p(number, message === undefined || message === null ? undefined : cut(wellFormed(Str(message)), 1000));
}
const kindOf = uncurry(Object.prototype.toString), isGenerator = (kind) => indexOf(kind, "GeneratorFunction") > 0;
const isNameOfMetric = uncurry(RegExp.prototype.test), controls = /[\0-\x1f\x7f-\x9f\p{Surrogate}]/u;
function metric(name, value) {
  if (typeof name !== "string" || name === "" || name.length > 64 || isNameOfMetric(controls, name))
    throw new Type("metric: the name must be a text of 1 to 64 characters, in one line");
  const number = finite(value);
  if (number === undefined) throw new Type("metric: the value of " + name + " must be a finite number");
  const refusal = h.m(name, number);
  if (refusal !== undefined) throw new Range(refusal);
}

function stateKey(key) {
  if (typeof key !== "string" || key === "" || key.length > 256)
    throw new Type("state: a key must be a text of 1 to 256 characters");
  if (wellFormed(key) !== key) throw new Type("state: a key must not have half a surrogate pair");
  return key;
}
const state = freeze({
  get(key) {
    const text = h.g(stateKey(key));
    return text === undefined ? undefined : parse(text);
  },
  set(key, value) {
    stateKey(key);
    const text = stringify(value);
    if (text === undefined)
      throw new Type("state: the value of " + key + " cannot be written as JSON; use state.delete to remove it");
    if (text.length > 65536)
      throw new Range("state: the value of " + key + " has " + text.length + " characters as JSON; 65536 is the most");
    const refusal = h.S(key, text);
    if (refusal !== undefined) throw new Range(refusal);
  },
  delete(key) { return h.D(stateKey(key)) === 1; },
  keys() { return parse(h.K()); },
});

function secret(name) {
  const text = h.x(slice(Str(name), 0, 256));
  if (text === undefined)
    throw new Err("secret: there is no secret named " + slice(Str(name), 0, 64) + " for this ticker");
  return text;
}

// Calls under way, by number: what to do when the host answers.
const pending = new Mp();
let lastCall = 0;
function begin(done, refused, start) {
  const id = ++lastCall;
  mapSet(pending, id, done);
  const refusal = start(id);
  if (refusal !== undefined) { mapDelete(pending, id); refused(refusal); }
  return id;
}
function settle(id, refusal, facts, body) {
  const done = mapGet(pending, id);
  if (done === undefined) return;
  mapDelete(pending, id);
  done(refusal, facts, body);
}
function milliseconds(value) {
  const number = Num(value);
  return number > 0 ? number : 0;
}
function sleep(ms) {
  // Made here, not when the refusal comes: only here is the caller's line on the stack.
  const failure = new Range("");
  return new Prom((resolve, reject) => {
    begin(() => resolve(), (refusal) => { hide(failure, "message", refusal); reject(failure); },
      (id) => h.s(id, milliseconds(ms)));
  });
}
function callback(name, fn) {
  if (typeof fn !== "function") throw new Type(name + ": the first argument must be a function");
}
// Of AbortSignal.timeout: nothing waits for it, so the run does not last for its sake.
function alarm(fn, ms) {
  begin(fn, (refusal) => { throw new Range(refusal); }, (id) => h.s(id, milliseconds(ms), 1));
}
function timer(fn, ms, args) {
  return begin(() => { apply(fn, undefined, args); }, (refusal) => { throw new Range(refusal); },
    (id) => h.s(id, milliseconds(ms)));
}
const intervals = new Mp();
function setTimeout(fn, ms, ...args) { callback("setTimeout", fn); return timer(fn, ms, args); }
function setInterval(fn, ms, ...args) {
  callback("setInterval", fn);
  const again = () => {
    const next = timer(() => { apply(fn, undefined, args); if (mapGet(intervals, first)) again(); }, ms, args);
    if (first === 0) first = next;
    mapSet(intervals, first, next);
  };
  let first = 0;
  again();
  return first;
}
function clearTimeout(id) {
  const number = Num(id), current = mapGet(intervals, number) ?? number;
  mapDelete(intervals, number);
  if (mapDelete(pending, current)) h.c(current);
}
function clearInterval(id) { clearTimeout(id); }

const colour = (on, off) => (...args) => {
  let text = "";
  for (let i = 0; i < args.length; i++) text += (i ? " " : "") + format(args[i]);
  return "\x1b[" + on + "m" + text + "\x1b[" + off + "m";
};
const colours = {
  red: colour(31, 39), green: colour(32, 39), yellow: colour(33, 39), blue: colour(34, 39),
  magenta: colour(35, 39), cyan: colour(36, 39), white: colour(37, 39), bold: colour(1, 22),
};

// The facts are read when they are first asked for: most scripts never ask, and parsing costs.
let facts;
function readFacts() {
  if (facts === undefined) {
    facts = parse(h.F());
    if (facts.run.last) { freeze(facts.run.last.metrics); freeze(facts.run.last); }
    if (facts.run.lastFailure) freeze(facts.run.lastFailure);
    freeze(facts.run.service); freeze(facts.run); freeze(facts.ticker);
  }
  return facts;
}
const lazy = (target, name, read) => defineProperty(target, name, {
  get: read,
  set(value) { defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true }); },
  enumerable: false, configurable: true,
});

const cut = (text, most) => text.length <= most ? text
  : slice(text, 0, most - 40) + " [" + (text.length - most + 40) + " characters more were cut]";

// What the host says of an error: its words, bounded, and the stack with this file's frames left out.
function describe(error) {
  let name = "Error", message = "", stack = "";
  try {
    if (error instanceof Err) {
      name = slice(Str(error.name), 0, 100) || name;
      message = cut(wordsOf(error, 0), 2000);
      if (typeof error.stack === "string") stack = slice(error.stack, 0, 8000);
    } else if (typeof error === "unknown") {
      // The engine gave up without an error to throw: so it does where it has no memory left for one.
      name = "InternalError";
      message = "out of memory";
    } else {
      name = "Thrown";
      message = cut(format(error), 2000);
    }
  } catch { message = message || "an error that cannot be shown"; }
  // Text by text: nobody's toJSON is asked about texts, but everybody's about an array.
  return "[" + stringify(name) + "," + stringify(message) + "," + stringify(stack) + "]";
}
function wordsOf(error, depth) {
  const message = Str(error.message) || (isArray(error.errors) ? format(error.errors) : "");
  const cause = getOwnPropertyDescriptor(error, "cause")?.value;
  if (cause === undefined || cause === error || depth > 3) return message;
  const told = cause instanceof Err ? Str(cause.name) + ": " + wordsOf(cause, depth + 1) : format(cause);
  return message + " (cause: " + told + ")";
}

// A script that exports a function is called with everything it may use.
function follow(module) {
  return then(module, (exported) => {
    const main = exported.default;
    if (isGenerator(kindOf(main))) throw new Type("export default must not be a generator: nobody would ask it for what it yields");
    if (typeof main === "function") return main(toolbox);
    if (main === undefined || main instanceof Prom) return main;
    throw new Type("export default must be a function, which is called as the script; here it is " + format(main));
  });
}
`;

/** The module `ticker`, for scripts written as `export default ticker(async (t) => { ... })`. */
export const TICKER_MODULE = `
export function ticker(script) {
  if (typeof script !== "function") throw new TypeError("ticker() takes the function that is the script");
  return script;
}
export default ticker;
`;
