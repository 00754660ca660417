// Guest code, part two: how a value looks when it is printed. Texts as they are, everything else short,
// on one line, without calling anybody's getters or toString.

export const GUEST_FORMAT = String.raw`
const DEPTH = 5, ITEMS = 100, ROOM = 65536;
const nameOf = (fn) => {
  const found = getOwnPropertyDescriptor(fn, "name");
  return found && typeof found.value === "string" ? found.value : "";
};
const isTyped = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);
const isMap = (value) => value instanceof Mp, isSet = (value) => value instanceof Set;
const eachOfSet = uncurry(Set.prototype.forEach);
const iso = uncurry(Date.prototype.toISOString), time = uncurry(Date.prototype.getTime);
const regexpText = uncurry(RegExp.prototype.toString), symbolText = uncurry(Symbol.prototype.toString);
const bigText = uncurry(BigInt.prototype.toString), fnText = uncurry(Function.prototype.toString);
const isPlainName = uncurry(RegExp.prototype.test), plainName = /^[A-Za-z_$][\w$]*$/;

function format(value) {
  return typeof value === "string" ? value : inspect(value, 0, { room: ROOM, seen: new Mp() });
}
// A proxy's trap or an object that only looks like a Date may throw: that one alone cannot be shown.
function shown(inspectOne, value, depth, budget) {
  try {
    return inspectOne(value, depth, budget);
  } catch {
    mapDelete(budget.seen, value);
    return "[unprintable]";
  }
}
function inspect(value, depth, budget) {
  switch (typeof value) {
    case "string": return quote(value, depth, budget);
    case "number": return value === 0 && 1 / value < 0 ? "-0" : Str(value);
    case "bigint": return bigText(value) + "n";
    case "symbol": return symbolText(value);
    case "function": return shown(functionName, value, depth, budget);
    case "object": return value === null ? "null" : shown(inspectObject, value, depth, budget);
    default: return Str(value);
  }
}
function quote(text, depth, budget) {
  const shown = text.length > 2000 ? slice(text, 0, 2000) + "..." : text;
  budget.room -= shown.length;
  return stringify(shown);
}
function functionName(fn) {
  const isClass = slice(fnText(fn), 0, 6) === "class ";
  return (isClass ? "[class " : "[Function ") + (nameOf(fn) || "(anonymous)") + "]";
}
function inspectObject(value, depth, budget) {
  if (mapGet(budget.seen, value)) return "[Circular]";
  if (value instanceof Err) return errorText(value, depth, budget);
  if (value instanceof Date) return time(value) === time(value) ? iso(value) : "Invalid Date";
  if (value instanceof RegExp) return regexpText(value);
  if (value instanceof Prom) return "Promise {}";
  if (depth >= DEPTH) return isArray(value) ? "[Array]" : "[Object]";
  mapSet(budget.seen, value, true);
  const text = isArray(value) || isTyped(value) ? inspectList(value, depth, budget)
    : isMap(value) ? inspectMap(value, depth, budget)
    : isSet(value) ? inspectSet(value, depth, budget)
    : inspectPlain(value, depth, budget);
  mapDelete(budget.seen, value);
  return text;
}
function errorText(error, depth, budget) {
  const head = Str(error.name) + ": " + Str(error.message);
  const stack = error.stack;
  const text = typeof stack === "string" && stack !== "" ? head + "\n" + trimEnd(ownFrames(stack)) : head;
  const cause = getOwnPropertyDescriptor(error, "cause")?.value, all = getOwnPropertyDescriptor(error, "errors")?.value;
  if (depth >= DEPTH || (cause === undefined && all === undefined)) return text;
  mapSet(budget.seen, error, true);
  const more = (all === undefined ? "" : "\n[errors]: " + inspect(all, depth + 1, budget))
    + (cause === undefined ? "" : "\n[cause]: " + inspect(cause, depth + 1, budget));
  mapDelete(budget.seen, error);
  return text + more;
}
const trimEnd = uncurry(Str.prototype.trimEnd);
function ownFrames(stack) {
  let text = "";
  for (let from = 0; from < stack.length;) {
    let end = indexOf(stack, "\n", from);
    if (end < 0) end = stack.length;
    const line = slice(stack, from, end);
    if (indexOf(line, "(ticker:") < 0 && indexOf(line, "(native)") < 0) text += line + "\n";
    from = end + 1;
  }
  return text;
}
function inspectList(list, depth, budget) {
  const plain = isArray(list);
  let text = plain ? "[" : (prototypeName(list) || "TypedArray") + "(" + list.length + ") [";
  let i = 0;
  for (; i < list.length && i < ITEMS && budget.room > 0; i++) {
    const found = getOwnPropertyDescriptor(list, i);
    const item = !found ? "<empty>" : "value" in found ? inspect(found.value, depth + 1, budget) : "[Getter]";
    budget.room -= item.length;
    text += (i ? ", " : plain ? "" : " ") + item;
  }
  if (i < list.length) text += (i ? ", " : "") + "... " + (list.length - i) + " more";
  return text + (plain ? "]" : " ]");
}
function prototypeName(value) {
  const prototype = getPrototypeOf(value);
  if (prototype === null) return "[null prototype]";
  const found = getOwnPropertyDescriptor(prototype, "constructor");
  return found && typeof found.value === "function" ? nameOf(found.value) : "";
}
function inspectMap(map, depth, budget) {
  let text = "", count = 0;
  mapEach(map, (value, key) => {
    if (count++ >= ITEMS || budget.room <= 0) return;
    const item = inspect(key, depth + 1, budget) + " => " + inspect(value, depth + 1, budget);
    budget.room -= item.length;
    text += (text ? ", " : "") + item;
  });
  return "Map(" + count + ") {" + text + (count > ITEMS ? ", ..." : "") + "}";
}
function inspectSet(set, depth, budget) {
  let text = "", count = 0;
  eachOfSet(set, (value) => {
    if (count++ >= ITEMS || budget.room <= 0) return;
    const item = inspect(value, depth + 1, budget);
    budget.room -= item.length;
    text += (text ? ", " : "") + item;
  });
  return "Set(" + count + ") {" + text + (count > ITEMS ? ", ..." : "") + "}";
}
function inspectPlain(value, depth, budget) {
  const type = prototypeName(value), names = ownKeys(value);
  let text = "", i = 0;
  for (; i < names.length && i < ITEMS && budget.room > 0; i++) {
    const found = getOwnPropertyDescriptor(value, names[i]);
    if (!found) continue;
    const name = isPlainName(plainName, names[i]) ? names[i] : stringify(names[i]);
    const item = "value" in found ? inspect(found.value, depth + 1, budget) : "[Getter]";
    budget.room -= item.length + name.length;
    text += (text ? ", " : "") + name + ": " + item;
  }
  if (i < names.length) text += ", ... " + (names.length - i) + " more";
  return (type && type !== "Object" ? type + " " : "") + (text ? "{ " + text + " }" : "{}");
}
`;
