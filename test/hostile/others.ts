// More scripts of the kinds in js/, one line each: what it is, how it ends, and what it prints if that
// says something. Natives that heed nothing, traps in whatever the sandbox looks at, floods of each call.

/** As the index says it: by the time limit, by the memory limit, by an error, normally, or any of these. */
export type End = "timeout" | "memory" | "error" | "ok" | "any";
type Row = [source: string, end: End, prints?: string];

export const OTHERS: Row[] = [
  // Natives.
  ["/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(50))", "timeout"],
  ["let s = 'a'.repeat(1e4); for (;;) s = s.replace(/a/g, '$&$&')", "memory"],
  ["new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", "error"],
  ["'x'.repeat(5e6).replaceAll('', 'yyyyyyyy')", "memory"],
  ["'\\u1e9b\\u0323'.repeat(2e6).normalize('NFKD')", "memory"],
  ["const a = new Uint8Array(20 << 20); for (;;) a.fill(1)", "timeout"],
  ["Array.prototype.join.call({ length: 2 ** 53 - 1 })", "timeout"],
  ["const o = { toJSON() { return { a: o } } }; JSON.stringify(o)", "any"],
  ["JSON.parse('['.repeat(1e6))", "error"],
  ["const a = []; a.push(a); a.flat(Infinity)", "error"],
  [
    "const a = [3, 2, 1]; a.sort(() => { a.push(a.slice()); a.length = 2; return NaN }); print('ok')",
    "ok",
    "ok",
  ],
  [
    "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); try { p.x } catch (e) { print(e.name) }",
    "ok",
    "RangeError",
  ],
  ["try { eval('({a:'.repeat(2e4) + '1' + '})'.repeat(2e4)) } catch {}", "any"],
  ["const s = 'https://a.test/' + 'x'.repeat(6e4); for (;;) new URL(s)", "timeout"],
  // Jobs, generators, promises.
  ["await Array.fromAsync((async function* () { for (;;) yield 1 })())", "timeout"],
  [
    "function* g() { try { yield 1 } finally { for (;;); } } const i = g(); i.next(); i.return()",
    "timeout",
  ],
  ["for (let i = 0; i < 1e5; i++) Promise.reject(i); await sleep(1)", "error"],
  [
    "const f = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1e5; i++) f.register({}, i); await sleep(5)",
    "any",
  ],
  ["for (let i = 0; i < 1e5; i++) import('x' + i).catch(() => {}); await sleep(5)", "memory"],
  ["export function then() {}", "error"],
  ["export default () => ({ then() { for (;;); } })", "timeout"],
  // What the host reads of an error.
  ["throw Object.defineProperty(new Error('x'), 'name', { get() { for (;;); } })", "timeout"],
  [
    "const e = new Error('x'); for (const k of ['name', 'message', 'stack', 'cause']) Object.defineProperty(e, k, { get() { throw e } }); throw e",
    "error",
  ],
  ["throw new Proxy({}, { getPrototypeOf() { for (;;); } })", "timeout"],
  ["Error.prepareStackTrace = () => { for (;;); }; null.x", "timeout"],
  ["Error.prepareStackTrace = function f() { return new Error('y').stack }; null.x", "error"],
  ["Array.prototype.toJSON = () => { for (;;); }; throw new Error('x')", "error"],
  [
    "Object.defineProperty(Error, Symbol.hasInstance, { value: () => true }); throw undefined",
    "error",
  ],
  ["const e = new Error('x'); e.cause = e; e.errors = [e]; print(e); throw e", "error"],
  [
    "const e = new Error('m'.repeat(1e6)); e.name = 'n'.repeat(1e6); e.stack = '    at x (main.js:1:1)\\n'.repeat(1e5); throw e",
    "error",
  ],
  // What the host's own calls look at.
  [
    "Object.prototype.toJSON = () => null; await fetch('https://example.test/ok'); print('ok')",
    "ok",
    "ok",
  ],
  [
    "Promise.prototype.then = Map.prototype.get = String.prototype.slice = () => { for (;;); }; print({ a: 1 })",
    "ok",
    "{ a: 1 }",
  ],
  [
    "for (const k of ['url', 'method', 'headers', 'room', 'seen', '0']) Object.defineProperty(Object.prototype, k, { set() { throw 1 }, get() {} }); print({ a: [1] })",
    "ok",
    "{ a: [1] }",
  ],
  [
    "let o = {}; for (let i = 0; i < 50; i++) o = { a: o, b: o, c: o }; print(o); print(Array(1e6).fill(o))",
    "ok",
  ],
  [
    "for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k] } catch {}",
    "ok",
  ],
  [
    "Object.freeze(globalThis); for (const p of [Object, Array, Promise, Map]) Object.freeze(p.prototype); print(new Map([[1, [2]]]))",
    "ok",
    "Map(1) {1 => [2]}",
  ],
  ["for (;;) crypto.getRandomValues(new Uint8Array(65536))", "timeout"],
  ["for (;;) print('')", "any"],
  ["for (let i = 0; ; i++) { print(i); console.error(i) }", "any"],
  ["for (;;) metric('m', 1)", "timeout"],
  ["print('\\n'.repeat(1e5)); print(...Array(6e4).fill('xxxxxxxxxx'))", "ok"],
  ["setInterval(() => { globalThis.a = [globalThis.a, new Uint8Array(4 << 20)] }, 1)", "memory"],
  ["let n = 0; (function f() { if (++n < 200) setTimeout(f, 0); else print(n) })()", "ok", "200"],
];
