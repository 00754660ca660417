// The sandbox as the engine sees it: what a script may use, how each limit ends it, what its owner is
// told, and that nothing of a run is left when it is over.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SandboxEvent, SandboxJob } from "../packages/core/src/platform.ts";
import type { GuardedRequest } from "../packages/core/src/sandbox/guarded-fetch.ts";
import { HOST_API } from "../packages/core/src/sandbox/host-api.ts";
import { buildImage, engineUrl } from "../packages/core/src/sandbox/image.ts";
import { Machines } from "../packages/core/src/sandbox/machines.ts";
import { LIMITS_DEFAULT } from "../packages/core/src/ticker.ts";
import { nodeClock } from "../packages/server/src/clock.ts";
import { Crowd } from "../packages/server/src/workers/crowd.ts";
import { type WorkerSandbox, workerSandbox } from "../packages/server/src/workers/sandbox.ts";
import { jobFor, type Ran, ranIn } from "./support/sandbox.ts";

const requests: GuardedRequest[] = [];
let aborted = 0;
let sandbox: WorkerSandbox;

beforeAll(async () => {
  sandbox = workerSandbox({
    fetch: (request, signal) => {
      requests.push(request);
      signal.addEventListener("abort", () => aborted++);
      const { pathname } = new URL(request.url);
      if (pathname === "/refused") return Promise.reject(new Error("a private address"));
      if (pathname === "/never") return Promise.withResolvers<never>().promise;
      return Promise.resolve({
        status: pathname === "/missing" ? 404 : 200,
        statusText: "OK",
        url: request.url,
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode(pathname === "/text" ? "grüße" : '{"price":42}'),
      });
    },
  });
  await sandbox.ready();
});

afterAll(() => sandbox.close());

afterEach(() => {
  expect(sandbox.stats()).toMatchObject({ jobs: 0, queued: 0, machinesBusy: 0, fetches: 0 });
});

const run = (source: string, more: Partial<SandboxJob> = {}): Promise<Ran> =>
  ranIn(sandbox, source, more);
const limits = (more: Partial<typeof LIMITS_DEFAULT>) => ({
  limits: { ...LIMITS_DEFAULT, ...more },
});
const typescript = (source: string) => ({
  script: { language: "typescript" as const, source },
});
const metrics = (ran: Ran) =>
  ran.events.flatMap((event) => (event.kind === "metric" ? [[event.name, event.value]] : []));

describe("printing", () => {
  test("values look as they should, on the stream they belong to", async () => {
    const ran = await run(`
      print("a", 1, null, undefined, true, -0, 10n);
      print({ a: [1, "x", { b: new Map([["k", new Set([1])]]) }], get g() { return 1; } });
      print([1, , 3], new Date(0), /x/g, Symbol("s"), () => 1, class A {}, new Uint8Array(2));
      const c = {}; c.self = c; print(c);
      console.warn("careful"); console.error(new TypeError("bad").message); console.log();
    `);
    expect(ran.text.split("\n")).toEqual([
      "a 1 null undefined true -0 10n",
      '{ a: [1, "x", { b: Map(1) {"k" => Set(1) {1}} }], g: [Getter] }',
      "[1, <empty>, 3] 1970-01-01T00:00:00.000Z /x/g Symbol(s) [Function (anonymous)] [class A] Uint8Array(2) [ 0, 0 ]",
      "{ self: [Circular] }",
      "careful",
      "bad",
      "",
    ]);
    const errors = ran.events.filter((event) => event.kind === "output" && event.stream === "err");
    expect(errors.map((event) => "text" in event && event.text).join("\n")).toBe("careful\nbad");
    expect(ran.outputBytes).toBe(ran.text.length + 1);
  });

  test("colours, surrogates and control characters arrive as data", async () => {
    const ran = await run(String.raw`print(green("up"), bold("x"), "\ud800", "\0|\x1b]0;t\x07");`);
    expect(ran.text).toBe("\x1b[32mup\x1b[39m \x1b[1mx\x1b[22m \ufffd \0|\x1b]0;t\x07");
  });

  test("what only looks like something, or throws when looked at, spoils nothing beside it", async () => {
    const ran = await run(`
      print([1, Object.create(Date.prototype), new Proxy({}, { ownKeys() { throw 1 } })], new DataView(new ArrayBuffer(1)));
      const e = new AggregateError([new RangeError("a")], "all"); e.cause = e;
      print(String(Object.keys(e)), (e.stack = "", e.errors[0].stack = "", e));`);
    expect(ran.text).toBe(
      "[1, [unprintable], [unprintable]] DataView {}\ncause AggregateError: all\n[errors]: [RangeError: a]\n[cause]: [Circular]",
    );
  });

  test("a text is never cut in the middle of a character", async () => {
    const ran = await run(`print("€".repeat(6000)); progress(0.5, "€".repeat(999))`);
    expect(ran.text).toMatch(/^€{5461} \[1616 bytes more were cut\]$/);
    expect(ran.events).toMatchObject([{}, { message: "€".repeat(999) }]);
  });

  test("a long text is cut with a mark, and counted whole", async () => {
    const ran = await run(`print("ä".repeat(40000)); print("x".repeat(2000000).length)`);
    expect(ran.text.slice(0, 8192)).toBe("ä".repeat(8192));
    expect(ran.text).toContain("[63616 bytes more were cut]");
    expect(ran.outputBytes).toBe(80_001 + 8);
  });

  test("it leaves while the script still computes", async () => {
    const job = jobFor(`print("early"); for (;;);`, limits({ timeoutMs: 5_000 }));
    const seen: SandboxEvent[] = [];
    const result = await sandbox.run(job, (events) => {
      seen.push(...events);
      sandbox.kill(job.id);
    });
    expect(seen).toMatchObject([{ kind: "output", text: "early" }]);
    expect(result).toMatchObject({ outcome: "killed", error: null });
  });
});

describe("the host API", () => {
  test("progress and metrics, with bad ones refused at their line", async () => {
    const ran = await run(
      `progress(0.25, "a quarter"); progress(7); metric("usd", 1.5); metric("n", "2");`,
    );
    expect(ran.events).toMatchObject([
      { kind: "progress", fraction: 0.25, message: "a quarter" },
      { kind: "progress", fraction: 1, message: null },
      { kind: "metric", name: "usd", value: 1.5 },
      { kind: "metric", name: "n", value: 2 },
    ]);
    for (const source of [
      "progress(NaN)",
      "metric('', 1)",
      "metric('a', NaN)",
      "metric('a'.repeat(65), 1)",
      "metric('a', null)",
      "metric('a', ' ')",
      "metric('a', Symbol())",
      "metric('a\\nb', 1)",
      "progress(null)",
      "progress('')",
    ]) {
      const refused = await run(`\n ${source}`);
      expect(refused.outcome).toBe("failed");
      expect(refused.error).toMatchObject({ name: "TypeError", line: 2 });
    }
    const many = await run("for (let i = 0; i < 17; i++) metric('m' + i, i)");
    expect(many.error?.message).toContain("at most 16");
  });

  test("a flood of metrics keeps the newest, not all", async () => {
    const ran = await run("for (let i = 0; i < 50000; i++) metric('m', i)");
    expect(metrics(ran).at(-1)).toEqual(["m", 49_999]);
    expect(metrics(ran).length).toBeLessThan(5_000);
  });

  test("state: what was, what is written, and that a failed run writes nothing", async () => {
    const kept = { state: { last: "41", gone: '"x"', same: "[1]" } };
    const source = `
      const last = await state.get("last");
      await state.set("last", last + 1);
      state.set("same", [1]); state.set("__proto__", { a: 1 });
      print(state.delete("gone"), state.delete("gone"), state.get("gone"), state.keys());`;
    const ran = await run(source, kept);
    expect(ran.text).toBe('true false undefined ["__proto__", "last", "same"]');
    expect(Object.entries(ran.stateWrites)).toEqual([
      ["__proto__", '{"a":1}'],
      ["gone", null],
      ["last", "42"],
    ]);
    const failed = await run(`${source}\nthrow new Error("no");`, kept);
    expect(failed.stateWrites).toEqual({});
  });

  test.each([
    ["state.set('k', 'x'.repeat(65535))", "65536 is the most"],
    ["state.set('k', 'ä'.repeat(40000))", "65536 is the most"],
    ["state.set('k'.repeat(257), 1)", "1 to 256 characters"],
    ["for (let i = 0; i < 201; i++) state.set('k' + i, i)", "200 keys already"],
    [
      "for (let i = 0; i < 5; i++) state.set('k' + i, 'x'.repeat(60000))",
      "262144 is the most in all",
    ],
    ["state.set('k', () => 1)", "cannot be written as JSON"],
    ["state.set('\\ud800', 1)", "half a surrogate pair"],
  ])("state over its size: %s", async (source, message) => {
    const ran = await run(source);
    expect(ran).toMatchObject({ outcome: "failed", stateWrites: {}, error: { line: 1 } });
    expect(ran.error?.message).toContain(message);
  });

  test("secrets: the given ones, and an error that names what is missing", async () => {
    const secrets = { API_KEY: "s3cret", __proto__: null } as unknown as Record<string, string>;
    expect((await run(`print(secret("API_KEY"))`, { secrets })).text).toBe("s3cret");
    const ran = await run(`\nsecret("OTHER")`, { secrets });
    expect(ran.error?.message).toContain("no secret named OTHER");
    expect(ran.error).toMatchObject({ line: 2, column: 1 });
  });

  test("the facts of the run are there, frozen, and only there when asked for", async () => {
    const facts = jobFor("").facts;
    const last = { outcome: "succeeded" as const, at: 5, line: "41", metrics: { usd: 41 } };
    const ran = await run(
      `print(run.number, run.trigger, run.dueAt, run.last.metrics.usd, run.lastFailure, run.service.running, ticker.name, ticker.page);
       for (const f of [() => { run.number = 2 }, () => { run.last.metrics.usd = 0 }, () => { ticker.x = 1 }, () => { run.service.runs = 1 }])
         try { f(); print("changed") } catch (e) { print(e.name) }`,
      { facts: { ...facts, last } },
    );
    expect(ran.text.split("\n")).toEqual([
      "1 hand 1700000000000 41 null 0 price 203",
      ...Array(4).fill("TypeError"),
    ]);
  });

  test.each(["5", "null", "{ run() {} }"])("export default %s is no script", async (value) => {
    const ran = await run(`export default ${value}`);
    expect(ran).toMatchObject({ outcome: "failed", error: { name: "TypeError" } });
    expect(ran.error?.message).toContain("must be a function");
  });

  test("a generator as the script is refused, since nobody would ask it for what it yields", async () => {
    const ran = await run("export default async function* () { yield 1 }");
    expect(ran).toMatchObject({ outcome: "failed", error: { name: "TypeError" } });
    expect(ran.error?.message).toContain("must not be a generator");
  });

  test("a script may be a module that exports its function", async () => {
    const ran = await run(`import { ticker } from "ticker";
export default ticker(async (t) => {
  const last = await t.state.get("last");
  const res = await t.fetch("https://api.test/price", { signal: t.signal });
  const { price } = await res.json();
  t.metric("usd", price);
  t.print(last === undefined ? t.green("new") : t.red("old"), price, t.run.number, t.ticker.name);
  await t.state.set("last", price);
});`);
    expect(ran).toMatchObject({ outcome: "succeeded", stateWrites: { last: "42" } });
    expect(ran.text).toBe("\x1b[32mnew\x1b[39m 42 1 price");
    const bare = await run("export default (t) => { t.print('called') }");
    expect(bare.text).toBe("called");
  });

  test("timers run in order, can be cleared, and the run lasts as long as they do", async () => {
    const ran = await run(`
      setTimeout((x) => print("b", x), 100, 7);
      setTimeout(() => print("a"), 1);
      clearTimeout(setTimeout(() => print("never"), 2));
      let n = 0;
      const each = setInterval(() => { if (++n === 3) { clearInterval(each); print("thrice"); } }, 1);
      queueMicrotask(() => print("first"));`);
    expect(ran.text.split("\n")).toEqual(["first", "a", "thrice", "b 7"]);
  });

  test("the web's words work and survive from run to run", async () => {
    const source = `
      const url = new URL("../b?x=1#h", "https://user@a.test:8443/c/d");
      url.searchParams.append("é", "a b&"); url.hash = ""; url.port = "443";
      print(url.href, URL.canParse("nope"), new URLSearchParams({ a: "1" }).toString());
      print(new TextDecoder().decode(new TextEncoder().encode("ä😀")), atob(btoa("hi")));
      print(crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(4)).length);
      const copy = structuredClone({ d: new Date(0), m: new Map([[1, new Set([2])]]), b: new Uint8Array([1]) });
      print(copy.d.getTime(), copy.m.get(1).has(2), copy.b);
      try { AbortSignal.abort().throwIfAborted() } catch (e) { print(e.name) }`;
    const [one, two] = await Promise.all([run(source), run(source)]);
    expect(one?.text).toBe(two?.text);
    expect(one?.text.split("\n")).toEqual([
      "https://user@a.test/b?x=1&%C3%A9=a+b%26 false a=1",
      "ä😀 hi",
      "36 4",
      "0 true Uint8Array(1) [ 1 ]",
      "AbortError",
    ]);
  });

  test("the web's words take what the web's take, and refuse what they cannot do", async () => {
    const ran = await run(`
      const url = new URL("https://a.test/?a=1&b=2&a=3");
      url.searchParams.delete("a", "1");
      print(url.search, url.searchParams.has("a", "9"), String(new URLSearchParams(new Map([["m", "1"]]))));
      const kept = url.searchParams; url.hash = "h"; url.search = "?n=1"; kept.append("o", "\\ud800");
      print(url.href, kept === url.searchParams, Object.getOwnPropertyNames(URLSearchParams).length);
      print(String(new URLSearchParams("a=%zz&b=%41%ff")), new Headers(new Map([["X", "1"]])).get("x"));
      print(new TextEncoder().encode("\\ud800"), structuredClone(new AggregateError([1], "m")).message);
      for (const f of [
        () => new URL("https://a.test/" + "é".repeat(40000)), () => { url.hash = "é".repeat(40000) },
        () => new URLSearchParams([["a"]]), () => new TextDecoder().decode(new Uint8Array(9 << 20)),
        () => new TextDecoder().decode(new Uint8Array(1), { stream: true }), () => structuredClone(Promise.resolve()),
        () => AbortSignal.abort().addEventListener("abort", {}),
      ]) try { f(); print("taken") } catch (e) { print(e.name) }`);
    expect(ran.text.split("\n")).toEqual([
      "?b=2&a=3 false m=1",
      "https://a.test/?n=1&o=%EF%BF%BD#h true 3",
      "a=%25zz&b=A%EF%BF%BD 1",
      "Uint8Array(3) [ 239, 191, 189 ] m",
      ..."TypeError RangeError TypeError RangeError TypeError DataCloneError TypeError".split(" "),
    ]);
  });

  test("random numbers differ from run to run", async () => {
    const drawn = await Promise.all(
      Array.from({ length: 20 }, () => run("print(Math.random(), crypto.randomUUID())")),
    );
    expect(new Set(drawn.map((ran) => ran.text)).size).toBe(20);
    const numbers = drawn.map((ran) => Number(ran.text.split(" ")[0]));
    expect(new Set(numbers).size).toBe(20);
  });

  test("nothing of a run reaches the next, of the same script or another", async () => {
    const source = `print(typeof leak, "x" in {}, state.keys().length, Array.prototype.at.mine);
      globalThis.leak = 1; Object.prototype.x = 1; Array.prototype.at.mine = 1; state.set("k", 1);`;
    for (let i = 0; i < 12; i++) {
      expect((await run(`${source} // ${i % 3}`)).text).toBe("undefined false 0 undefined");
    }
  });

  test("thousands of different scripts at once cost no thread its life", async () => {
    const before = sandbox.stats().reruns;
    const ran = await Promise.all(Array.from({ length: 5_000 }, (_, i) => run(`print(${i})`)));
    expect(
      ran.filter((each, i) => each.text !== String(i)).map((r) => [r.outcome, r.error, r.text]),
    ).toEqual([]);
    expect(sandbox.stats().reruns).toBe(before);
  });

  test("the declaration names exactly what the sandbox has", async () => {
    const plain = "Object Function Error Array Map"; // The engine's own begin like this.
    const ran = await run("print(Object.getOwnPropertyNames(globalThis).join(' '))");
    const names = ran.text.split(" ");
    expect(ran.text.startsWith(plain.slice(0, 15))).toBe(true);
    const own = names.slice(names.indexOf("print"));
    const [globals = "", inModule = ""] = HOST_API.split('declare module "ticker"');
    const declared = [...globals.matchAll(/^declare (?:function|const|class) (\w+)/gm)];
    expect(new Set(declared.map((found) => found[1]))).toEqual(new Set(own));

    const toolbox = await run(
      "export default (t) => print(Object.getOwnPropertyNames(t).join(' '))",
    );
    const members = [...inModule.matchAll(/^ {4}readonly (\w+):/gm)].map((found) => found[1]);
    expect(new Set(members)).toEqual(new Set(toolbox.text.split(" ")));
    const exported = await run(`import * as all from "ticker"; print(Object.keys(all).join(" "))`);
    expect(exported.text).toBe("default ticker");
    expect(inModule).toContain("export function ticker(");
    expect(inModule).toContain("export default ticker;");

    for (const [, name = "", body = ""] of globals.matchAll(
      /^declare (?:class|const) (\w+)[^{;]*\{\n([\s\S]*?)^\}/gm,
    )) {
      const listed = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:<]/gm)].map((found) => found[1]);
      const wanted = listed.filter((member) => member !== "constructor");
      const has = await run(`const all = new Set();
        for (let o of [${name}, ${name}.prototype]) for (; o && o !== Object.prototype; o = Object.getPrototypeOf(o))
          for (const k of Object.getOwnPropertyNames(o)) all.add(k);
        print(${JSON.stringify(wanted)}.filter((k) => !all.has(k) && k !== "onabort").join(" "))`);
      expect(`${name} lacks: ${has.text}`).toBe(`${name} lacks: `);
    }
  });
});

describe("fetch", () => {
  test("the guard does it; the script sees the answer, and Try it the fact", async () => {
    requests.length = 0;
    const ran = await run(`
      const res = await fetch(new URL("https://api.test/text"), {
        method: "put", headers: new Headers({ "X-A": "1" }), body: JSON.stringify({ a: "ü" }) });
      print(res.status, res.ok, res.url, res.headers.get("Content-Type"), await res.text(), (await res.bytes()).length);
      print((await fetch("https://api.test/missing")).ok);`);
    expect(ran.text).toBe("200 true https://api.test/text application/json grüße 7\nfalse");
    expect(requests[0]).toEqual({
      url: "https://api.test/text",
      method: "PUT",
      headers: { "x-a": "1", "content-type": "text/plain;charset=UTF-8" },
      body: '{"a":"ü"}',
    });
    const facts = ran.events.filter((event) => event.kind === "fetch");
    expect(facts).toMatchObject([
      { method: "PUT", url: "https://api.test/text", note: "200" },
      { method: "GET", url: "https://api.test/missing", note: "404" },
    ]);
  });

  test("a refusal is an error at the caller's own line", async () => {
    const ran = await run(
      `async function price() {\n  return await fetch("https://api.test/refused");\n}\nawait price();`,
    );
    expect(ran.outcome).toBe("failed");
    expect(ran.error).toMatchObject({ message: "a private address", line: 2, column: 16 });
    expect(ran.events).toMatchObject([{ kind: "fetch", note: "a private address" }]);
    const bad = await run(`\nawait fetch("file.json")`);
    expect(bad.error).toMatchObject({
      line: 2,
      message: expect.stringContaining("no whole address"),
    });
  });

  test.each([
    ["{ signal: {} }", "must be an AbortSignal"],
    ["{ redirect: 'manual' }", "always followed"],
    ["5", "must be an object"],
    ["{ headers: [['a']] }", "pairs of a name and a value"],
    ["{ headers: { a: 'b\\nc' } }", 'the header "a" cannot be sent'],
  ])("what it cannot do as asked it refuses at once: %s", async (init, message) => {
    const ran = await run(`\nawait fetch("https://api.test/", ${init})`);
    expect(ran.error).toMatchObject({ line: 2, message: expect.stringContaining(message) });
    expect(ran.events).toEqual([]);
  });

  test("a run does not last for the sake of a time-out that nobody needs any more", async () => {
    const ran = await run(`
      for (let i = 0; i < 100; i++) await fetch("https://api.test/", { signal: AbortSignal.timeout(60_000) });
      print("done")`);
    expect(ran).toMatchObject({ outcome: "succeeded", text: "done" });
    const waits = await run(
      `await new Promise((r) => AbortSignal.timeout(5).addEventListener("abort", r)); print("over")`,
    );
    expect(waits.text).toBe("over");
  });

  test("an aborted fetch and one still under way at the end are given up", async () => {
    aborted = 0;
    const ran = await run(`
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 5);
      print(await fetch("https://api.test/never", { signal: stop.signal }).catch((e) => e.name));
      print(await fetch("https://api.test/never", { signal: AbortSignal.timeout(5) }).catch((e) => e.name));`);
    expect(ran.text).toBe("AbortError\nTimeoutError");
    const late = await run(`await fetch("https://api.test/never")`, limits({ timeoutMs: 50 }));
    expect(late.outcome).toBe("timed-out");
    expect(aborted).toBe(3);
  });
});

describe("errors", () => {
  test.each([
    ["let a = 1;\n  throw new RangeError('far');", "RangeError", "far", 2, 13],
    ["let x = ;", "SyntaxError", "unexpected token in expression: ';'", 1, 9],
    ["\r\n\r\n  nope();", "ReferenceError", "nope is not defined", 3, 3],
    ["\u{feff}#!/usr/bin/env node\nnull.x", "TypeError", "cannot read property 'x' of null", 2, 1],
    ["#!/usr/bin/env node\nnull.x", "TypeError", "cannot read property 'x' of null", 2, 1],
    ["'😀é'; nope()", "ReferenceError", "nope is not defined", 1, 8],
    ["await 1;\n\n Promise.reject(new Error('left alone'))", "Error", "left alone", 3, 21],
    ["\nsetTimeout(() => {\n  nope();\n}, 1)", "ReferenceError", "nope is not defined", 3, 3],
    [
      "function a() { b(); }\nfunction b() { nope; }\na()",
      "ReferenceError",
      "nope is not defined",
      2,
      16,
    ],
    ["\n  return 5", "SyntaxError", "return not in a function", 2, 3],
    ["(function f() { f() })()", "RangeError", "Maximum call stack size exceeded", 1, undefined],
  ])("%j", async (source, name, message, line, column) => {
    const { outcome, error } = await run(source);
    expect(outcome).toBe("failed");
    expect(error).toMatchObject({ name, message, line, ...(column ? { column } : {}) });
    expect(error?.stack).toMatch(/^at /);
  });

  test.each([
    ["throw null", "null"],
    ["throw { code: 7 }", "{ code: 7 }"],
    ["throw Symbol('s')", "Symbol(s)"],
    ["await Promise.reject(undefined)", "undefined"],
    ["throw Object.create(null)", "[null prototype] {}"],
  ])("whatever is thrown is shown: %s", async (source, message) => {
    expect((await run(source)).error).toMatchObject({ name: "Thrown", message });
  });

  test.each([
    [
      "throw new Error('no price', { cause: new TypeError('bad') })",
      "no price (cause: TypeError: bad)",
    ],
    ["const e = new Error('x'); e.cause = e; throw e", "x"],
    ["throw Object.assign(new Error('x'), { stack: 'at f (main.js:77:1)' })", "x"],
    [
      "Object.prototype.toJSON = Array.prototype.toJSON = () => { throw 1 }; throw new Error('x')",
      "x",
    ],
    ["class A { static { throw new Error('x') } }", "x"],
    ["throw new Error('\\ud800')", "\ufffd"],
    ["throw new Error('m'.repeat(3000))", `${"m".repeat(1960)} [1040 characters more were cut]`],
  ])("an error's words: %s", async (source, message) => {
    const { outcome, error } = await run(source);
    expect(outcome).toBe("failed");
    expect(error?.message).toBe(message);
    expect(error?.stack ?? "").not.toContain(":0:");
    expect(error?.line ?? 1).toBe(1);
  });

  test("of many rejections the one that nobody handles fails the run", async () => {
    const ran = await run(`
      const all = Array.from({ length: 65 }, (_, i) => Promise.reject(i));
      Promise.allSettled(all.slice(0, 64)); await sleep(1); print("end")`);
    expect(ran).toMatchObject({ outcome: "failed", error: { name: "UnhandledRejection" } });
    const handled = await run(
      `await Promise.allSettled(Array.from({ length: 99 }, (_, i) => Promise.reject(i))); print("end")`,
    );
    expect(handled).toMatchObject({ outcome: "succeeded", text: "end" });
  });

  test("waiting for what can never happen ends at once, and says so", async () => {
    const ran = await run("await new Promise(() => {})", limits({ timeoutMs: 20_000 }));
    expect(ran).toMatchObject({ outcome: "failed", error: { name: "Stuck" } });
  });

  test("there is nothing to import", async () => {
    const ran = await run('\nimport {\n  a } from "node:fs"');
    expect(ran.error?.message).toContain('cannot import "node:fs"');
    expect(ran.error).toMatchObject({ line: 3, column: 12 });
    const named = await run('\nimport { nothing } from "ticker"');
    expect(named.error).toMatchObject({ line: 2, column: 25 });
  });
});

describe("TypeScript", () => {
  test("types are taken out and every place stays", async () => {
    const source =
      "interface P { usd: number }\nconst p: P = JSON.parse('{}') as P;\nprint(p.usd satisfies number | undefined);\n  (p as any).a.b;";
    const ran = await run("", typescript(source));
    expect(ran).toMatchObject({
      text: "undefined",
      outcome: "failed",
      error: { line: 4, column: 4 },
    });
    expect(ran.error?.stack).toContain("main.ts:4:4");
  });

  test("what cannot be taken out is an error with its place", async () => {
    const ran = await run("", typescript("let a = 1;\n  enum B { C }"));
    expect(ran).toMatchObject({ outcome: "failed", error: { line: 2, column: 3 } });
    expect(ran.error?.message).toContain("enum");
  });
});

describe("check", () => {
  const check = (language: "javascript" | "typescript", source: string) =>
    sandbox.check({ language, source });

  test("what compiles is fine, and nothing of it runs", async () => {
    expect(await check("javascript", "await 1; for (;;);")).toBe(null);
    expect(await check("typescript", "export default async (t: any): Promise<void> => {}")).toBe(
      null,
    );
  });

  test.each([
    ["javascript", "let a = 1;\n  a b", 2, 5],
    ["javascript", "await (async () => {\n", 2, 1],
    ["typescript", "let a = 1;\n\n\tlet b: = 3;", 3, 9],
    ["typescript", "class A {\n  constructor(private x: number) {}\n}", 2, 23],
    ["typescript", "let é = 'ü'; enum E {}", 1, 14],
    ["typescript", "let a: number = 1;\nlet a = 2;", 2, 7],
    ["typescript", "let a = 1;\nlet b = (2", 2, 11],
    ["javascript", "let a;\na = /(/g;\na()", 2, 7],
  ] as const)("%s %j", async (language, source, line, column) => {
    expect(await check(language, source)).toMatchObject({ name: "SyntaxError", line, column });
  });

  test("a source that breaks the compiler is refused, and the next is compiled", async () => {
    const deep = "(".repeat(100_000);
    expect((await check("typescript", deep))?.message).toContain("nested too deeply");
    expect((await check("javascript", deep))?.name).toBeTypeOf("string");
    expect(await check("typescript", "let x: number = 2")).toBe(null);
  });
});

describe("limits", () => {
  test.each([
    ["timed-out", "for (;;);", { timeoutMs: 60 }],
    ["timed-out", "await sleep(1e12)", { timeoutMs: 60 }],
    ["timed-out", "for (;;) await null", { timeoutMs: 60 }],
    ["timed-out", "setInterval(() => {}, 5)", { timeoutMs: 60 }],
    ["cpu-limit", "for (;;);", { cpuMs: 60 }],
    ["cpu-limit", "for (;;) await null", { cpuMs: 60 }],
    ["out-of-memory", "const a = []; for (;;) a.push([1, 2, 3])", {}],
    ["out-of-memory", "new Uint8Array(40 << 20)", {}],
    ["output-limit", "for (;;) print('x'.repeat(100))", { outputBytes: 1_000 }],
    ["host-call-limit", "for (;;) await sleep(0)", { hostCalls: 5 }],
    ["host-call-limit", "for (;;) await fetch('https://api.test/')", { hostCalls: 5 }],
    ["out-of-memory", "'\\u1e9b\\u0323'.repeat(2e6).normalize('NFKD')", {}],
  ] as const)("%s: %s", async (outcome, source, more) => {
    const ran = await run(source, limits(more));
    expect(ran.outcome).toBe(outcome);
    expect(ran.error?.message).toMatch(/limit|longer|more than/);
    expect(ran.stateWrites).toEqual({});
  });

  test("a flood is cut off at sixteen times its limit", async () => {
    const ran = await run("for (;;) print('x'.repeat(99))", limits({ outputBytes: 1_000 }));
    expect(ran.text.length + 1).toBe(16_000);
  });

  test("at most 64 calls are under way at once", async () => {
    const ran = await run(`
      const all = await Promise.allSettled(Array.from({ length: 100 }, () => sleep(1)));
      print(all.filter((one) => one.status === "fulfilled").length, all[99].reason.message)`);
    expect(ran.text).toBe("64 at most 64 calls may be under way at once");
  });

  test("no limit lets a script have more memory than there is", async () => {
    const greedy = limits({ memoryBytes: 2 ** 31 });
    const ran = await run("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))", greedy);
    expect(ran.outcome).toBe("out-of-memory");
  });

  test("a script that only calls out is ended without its thread", async () => {
    const before = sandbox.stats().hardKills;
    for (const source of [
      `const s = "https://a.test/" + "x".repeat(60000); for (;;) new URL(s)`,
      `const b = new Uint8Array(1 << 20), d = new TextDecoder("gb18030"); for (;;) d.decode(b)`,
      `const v = "x".repeat(60000); for (let i = 0; ; i++) try { state.set("k", v + i) } catch {} finally { print("on") }`,
    ])
      expect((await run(source, limits({ timeoutMs: 60 }))).outcome).toBe("timed-out");
    expect(sandbox.stats().hardKills).toBe(before);
  });

  test("a native operation that heeds nothing is ended by force, and its neighbours are not", async () => {
    const before = sandbox.stats();
    const waiting = Array.from({ length: 10 }, (_, i) => run(`await sleep(300); print(${i})`));
    const stuck = await run("new Array(2 ** 32 - 1).join('x')", limits({ timeoutMs: 100 }));
    expect(stuck).toMatchObject({ outcome: "timed-out", error: { name: "Timeout" } });
    expect((await Promise.all(waiting)).map((ran) => ran.text)).toEqual([..."0123456789"]);
    expect(sandbox.stats().hardKills).toBe(before.hardKills + 1);
    expect(sandbox.stats().strikes).toBeGreaterThan(before.strikes);
    const again = await run("new Array(2 ** 32 - 1).join('x')", limits({ timeoutMs: 100 }));
    expect(again.outcome).toBe("timed-out");
  });
});

describe("kill", () => {
  test.each([
    ["one that waits", "await sleep(10000)"],
    ["one that computes", "print(1); for (;;);"],
    ["one that floods its own queue", "print(1); for (;;) await null"],
    ["one that heeds nothing", "await sleep(1); new Array(2 ** 32 - 1).join('x')"],
  ])("%s", async (_what, source) => {
    const job = jobFor(`print("on"); await null; ${source}`);
    let asked = 0;
    const result = await sandbox.run(job, () => {
      asked ||= performance.now();
      sandbox.kill(job.id);
    });
    expect(result).toMatchObject({ outcome: "killed", error: null, stateWrites: {} });
    expect(performance.now() - asked).toBeLessThan(1_000);
  });

  test("one that has not begun never begins; an unknown one is nothing", async () => {
    const job = jobFor("print('began')");
    const events: SandboxEvent[] = [];
    const ended = sandbox.run(job, (told) => events.push(...told));
    sandbox.kill(job.id);
    sandbox.kill("nobody");
    expect(await ended).toMatchObject({ outcome: "killed", startedAt: null });
    expect(events).toEqual([]);
  });
});

describe("many at once", () => {
  test("hundreds of short ones and waiting ones, each with its own answer", async () => {
    const room = sandbox.room();
    expect(room).toBeGreaterThanOrEqual(200);
    const all = Array.from({ length: 500 }, (_, i) =>
      run(i % 5 ? `print(${i})` : `await sleep(${i % 40}); print(${i})`),
    );
    expect(sandbox.room()).toBe(0);
    expect((await Promise.all(all)).map((ran) => Number(ran.text))).toEqual(
      Array.from({ length: 500 }, (_, i) => i),
    );
    expect(sandbox.room()).toBe(room);
  });

  test("a machine is used again with a clean stack, or not at all when its stack went too deep", async () => {
    const world = {
      clock: nodeClock(),
      random: { bytes: (n: number) => new Uint8Array(n), fraction: () => 0 },
    };
    const engine = new Uint8Array(readFileSync(engineUrl()));
    const machines = new Machines(await buildImage(engine, 2 ** 25, world), world);
    const host = { call: () => 0, interrupt: () => true, rejection() {} };
    const { dataAt } = machines.image;
    const used = machines.take(host, 2 ** 24);
    used.bytes.fill(7, dataAt - 280 * 1024, dataAt + 1024);
    machines.release(used, true);
    const again = machines.take(host, 2 ** 24);
    expect(again).toBe(used);
    expect(again.bytes.subarray(0, dataAt).every((byte) => byte === 0)).toBe(true);
    expect(again.bytes[dataAt + 512]).toBe(new Uint8Array(machines.image.memory)[512]);
    again.bytes.fill(7, dataAt - 300 * 1024, dataAt);
    machines.release(again, true);
    expect(machines.idle).toBe(0);
  });

  test("more threads come with a crowd and go when it is over", () => {
    const crowd = new Crowd(3);
    expect(crowd.grows([49], 0)).toBe(false);
    expect(crowd.grows([50], 1_000)).toBe(true);
    // The second is on its way.
    expect(crowd.grows([80], 1_010)).toBe(false);
    expect(crowd.grows([80, 12], 2_000)).toBe(false);
    expect(crowd.grows([80, 60], 3_000)).toBe(true);
    expect(crowd.grows([90, 90, 90], 20_000)).toBe(false);
    crowd.rest(49_999);
    expect(crowd.threads).toBe(3);
    crowd.rest(50_000);
    crowd.rest(50_001);
    expect(crowd.threads).toBe(2);
    crowd.rest(80_000);
    expect(crowd.threads).toBe(1);
  });

  test("a thread that goes away takes no job with it: begun anew, or interrupted if it was seen", async () => {
    const threads: Worker[] = [];
    const seen = (message: unknown) => threads.push((message as { worker: Worker }).worker);
    subscribe("worker_threads", seen);
    const other = workerSandbox();
    const unseen = Array.from({ length: 20 }, (_, i) =>
      ranIn(other, `await sleep(500); print(${i})`),
    );
    const job = jobFor("print('seen'); await sleep(5000)");
    const shown = await new Promise<() => Promise<{ outcome: string }>>((resolve) => {
      const ended = other.run(job, () => resolve(() => ended));
    });
    unsubscribe("worker_threads", seen);
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(await shown()).toMatchObject({ outcome: "interrupted", error: { name: "Interrupted" } });
    expect((await Promise.all(unseen)).map((ran) => Number(ran.text))).toEqual([
      ...Array(20).keys(),
    ]);
    expect(other.stats()).toMatchObject({ jobs: 0, machinesBusy: 0 });
    expect(other.stats().reruns).toBeGreaterThan(0);
    await other.close();
  });

  test("scripts that hold much memory wait for each other instead of filling the machine", async () => {
    const greedy =
      "const b = new Uint8Array(24 << 20).fill(1); await sleep(100); print(b.length >> 20)";
    const all = await Promise.all(Array.from({ length: 60 }, () => run(greedy)));
    expect(all.map((ran) => ran.text)).toEqual(Array(60).fill("24"));
    expect(process.memoryUsage().rss).toBeLessThan(2_000 * 1024 * 1024);
  });

  test("a closed sandbox interrupts what is under way and takes nothing more", async () => {
    const other = workerSandbox();
    const going = ranIn(other, "await sleep(10000)");
    const early = ranIn(other, "print(1)", typescript("print(1)"));
    await other.close();
    expect([(await going).outcome, (await early).outcome]).toEqual(["interrupted", "interrupted"]);
    expect((await ranIn(other, "print(1)")).outcome).toBe("interrupted");
    await other.close();
  });

  test("without a guard there is no network", async () => {
    const other = workerSandbox();
    const ran = await ranIn(other, "await fetch('https://api.test/')");
    expect(ran.error?.message).toContain("no network");
    await other.close();
  });
});
