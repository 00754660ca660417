// What the API does not take: each refusal names the place, and HTTP's own faults have their own
// answers.

import type { z } from "@hono/zod-openapi";
import { ProblemSchema } from "@ticker/core/api/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiWorld, clock, NOW, OPERATOR_TOKEN, type World } from "./support/api-world.ts";

let world: World;
beforeEach(async () => {
  world = await apiWorld();
});
afterEach(() => world.close());

const create = async (more: object = {}) => {
  const made = await world.ask("POST", "/v1/tickers", { body: clock(more) });
  expect(made.status, made.text).toBe(201);
  return made.json;
};
const shaped = (schema: z.ZodType, value: unknown) =>
  expect(schema.safeParse(value).error?.issues ?? []).toEqual([]);

describe("what a request may not say", () => {
  test.each([
    ["no name", { name: undefined }, "name"],
    ["a name that is a page number", { name: "203" }, "name"],
    ["a name that asks for a format", { name: "a.txt" }, "name"],
    ["a name with capitals", { name: "Clock" }, "name"],
    ["a name that is a number", { name: 7 }, "name"],
    ["no schedule", { schedule: undefined }, "schedule"],
    ["an interval under the floor", { schedule: { every: 1 } }, "schedule.every"],
    ["a schedule of two kinds", { schedule: { every: 1000, hand: true } }, "schedule"],
    ["a field nobody knows", { colour: "red" }, "colour"],
    ["an owner", { owner: "away" }, "owner"],
    ["a revision", { revision: 9 }, "revision"],
    ["a status", { status: { state: "started" } }, "status"],
    ["a field deep inside", { policy: { retry: { attempts: 1 } } }, "policy.retry.backoffMs"],
    ["an unknown policy", { policy: { overlap: { mode: "explode" } } }, "policy.overlap.mode"],
    ["a limit over its bound", { limits: { timeoutMs: 9e9 } }, "limits.timeoutMs"],
    ["an unknown limit", { limits: { diskBytes: 1 } }, "limits.diskBytes"],
    ["a page out of range", { page: 100 }, "page"],
    ["an unknown language", { script: { language: "cobol", source: "" } }, "script.language"],
    ["too many tags", { tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }, "tags"],
    ["a tag with blanks", { tags: ["a b"] }, "tags.0"],
    [
      "a script that does not compile",
      { script: { language: "javascript", source: "!!syntax!!" } },
      "script.source",
    ],
    [
      "a script over its size",
      { script: { language: "javascript", source: "é".repeat(110_000) } },
      "script.source",
    ],
  ])("%s", async (_, more, path) => {
    const refused = await world.ask("POST", "/v1/tickers", { body: clock(more) });
    expect(refused.status, refused.text).toBe(422);
    shaped(ProblemSchema, refused.json);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(refused.json.issues.map((issue: { path: string }) => issue.path)).toContain(path);
    expect(refused.json.detail).toContain(path.split(".").at(-1));
    expect((await world.ask("GET", "/v1/tickers")).json.items).toHaveLength(0);
  });

  test("a compile error says line and column", async () => {
    const script = { language: "javascript", source: "!!syntax!!" };
    const refused = await world.ask("POST", "/v1/tickers", { body: clock({ script }) });
    expect(refused.json.issues[0].message).toContain("line 2, column 7");
  });

  test("__proto__ is a field nobody knows", async () => {
    const body = `{"__proto__":{"owner":"away"},${JSON.stringify(clock()).slice(1)}`;
    const refused = await world.app.request("/v1/tickers", {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${await world.token("home")}`,
        "content-type": "application/json",
      },
    });
    expect(refused.status).toBe(422);
  });

  test("a page number cannot be changed", async () => {
    await create();
    const patch = (page: number) =>
      world.ask("PATCH", "/v1/tickers/200", { body: { page }, headers: { "if-match": "*" } });
    expect((await patch(201)).json.issues[0].path).toBe("page");
    expect((await patch(200)).status).toBe(200);
  });

  test("queries are strict too", async () => {
    const whole = ["limit=0", "limit=1e2", "limit=0x10", "limit=%201", "limit=", "limit=1&limit=2"];
    for (const query of [...whole, "limit=many", "limt=3", "deleted=maybe"]) {
      expect((await world.ask("GET", `/v1/tickers?${query}`)).status, query).toBe(422);
    }
    await create();
    for (const query of ["/runs?before=2&cursor=3", ".svg?format=txt"]) {
      expect((await world.ask("GET", `/v1/tickers/200${query}`)).status, query).toBe(422);
    }
  });

  test("an address no ticker can have, or a zone no place has", async () => {
    const long = await world.ask("DELETE", `/v1/tickers/${"x".repeat(81)}`);
    expect(long.json.issues).toEqual([{ path: "id", message: "must have at most 80 characters" }]);
    for (const schedule of [{ every: 1000 }, { at: NOW + 1000 }]) {
      const body = { schedule, zone: "Mars/Phobos" };
      const refused = await world.ask("POST", "/v1/schedule/preview", { body });
      expect([refused.status, refused.json.issues?.[0].path]).toEqual([422, "zone"]);
    }
  });

  test.each(["\u0000", "\u001b[31m", "\u202e"])("a name or reason with %j in it", async (mark) => {
    const token = await world.ask("POST", "/v1/tokens", { body: { name: `a${mark}b` } });
    expect([token.status, token.json.issues?.[0].path]).toEqual([422, "name"]);
    const killall = await world.ask("POST", "/v1/killall", { body: { reason: `a${mark}b` } });
    expect([killall.status, killall.json.issues?.[0].path]).toEqual([422, "reason"]);
  });
});

describe("HTTP itself", () => {
  test("unknown addresses, wrong methods, HEAD and OPTIONS", async () => {
    await create();
    const absent = await world.ask("GET", "/v1/nothing");
    expect([absent.status, absent.json.code]).toEqual([404, "not-found"]);
    const wrong = await world.ask("PUT", "/v1/tickers");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "OPTIONS, GET, HEAD, POST"]);
    const head = await world.ask("HEAD", "/v1/tickers/200");
    expect([head.status, head.text]).toEqual([200, ""]);
    const options = await world.ask("OPTIONS", "/v1/tickers/200");
    expect([options.status, options.headers.get("allow")]).toEqual([
      204,
      "OPTIONS, DELETE, GET, HEAD, PATCH",
    ]);
    expect(options.headers.get("access-control-allow-origin")).toBe(null);
    expect((await world.ask("OPTIONS", "/nothing")).status).toBe(404);
    expect((await world.ask("POST", "/nothing", { body: {} })).status).toBe(404);
  });

  test("bodies: too large, not JSON, of another type, too deep", async () => {
    const bearer = { authorization: `Bearer ${await world.token("home")}` };
    const post = (body: string | ReadableStream, type: string | null) =>
      world.app.request("/v1/tickers", {
        method: "POST",
        body,
        headers: { ...bearer, ...(type ? { "content-type": type } : {}) },
        ...(typeof body === "string" ? {} : { duplex: "half" }),
      } as RequestInit);
    const json = "application/json";
    const big = JSON.stringify(clock({ tags: ["x".repeat(300_000)] }));
    expect((await post(big, json)).status).toBe(413);
    const chunks = new ReadableStream({
      pull: (out) => out.enqueue(new TextEncoder().encode(" ".repeat(65_536))),
    });
    expect((await post(chunks, json)).status).toBe(413);
    expect((await post("{", json)).status).toBe(400);
    expect((await post(JSON.stringify(clock()), "text/plain")).status).toBe(415);
    expect((await post("a=b", "application/x-www-form-urlencoded")).status).toBe(415);
    expect((await post("[".repeat(33) + "]".repeat(33), json)).status).toBe(400);
    expect((await post(`"${"[".repeat(40)}"`, json)).status).toBe(422);
    expect((await post("[".repeat(33) + "]".repeat(33), "application/x+json")).status).toBe(415);
    expect((await post("{}", `${json}; charset=utf-16`)).status).toBe(415);
  });

  test("a body that breaks off is no fault of ours to be logged", async () => {
    const body = new ReadableStream({ pull: (out) => out.error(new Error("aborted")) });
    const answer = await world.app.request("/v1/tickers", {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": "application/json" },
      duplex: "half",
    } as RequestInit);
    expect([answer.status, world.logged]).toEqual([400, []]);
  });

  test.each([
    ["broken off", '{"name":"a"', "position"],
    ["a name twice", '{"name":"a","n\\u0061me" : "b"}', 'says "name" twice'],
    ["half a surrogate pair", '{"name":"\\ud800"}', "surrogate"],
    ["Latin-1", new Uint8Array([0x22, 0xe9, 0x22]), "UTF-8"],
  ])("JSON that a parser would mend or drop: %s", async (_, body, told) => {
    const refused = await world.app.request("/v1/tickers", {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": "application/json" },
    });
    const problem = (await refused.json()) as { detail: string };
    expect([refused.status, problem.detail]).toEqual([400, expect.stringContaining(told)]);
  });

  test("the same name in two objects is no name twice", async () => {
    const retry = { attempts: 1, backoffMs: 1, backoffMaxMs: 1, on: [] };
    await create({ policy: { overlap: { mode: "skip" }, catchUp: { mode: "none" }, retry } });
  });

  test("text from outside is UTF-8 text or JSON, and the refusal says so", async () => {
    await create();
    const put = (body: Uint8Array<ArrayBuffer>, type: string) =>
      world.app.request("/v1/tickers/200/output", {
        method: "PUT",
        body,
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": type },
      });
    const latin = await put(new Uint8Array([0xe9]), "text/plain");
    expect(latin.status).toBe(400);
    const form = await put(new Uint8Array([0x61]), "application/x-www-form-urlencoded");
    expect([form.status, await form.text()]).toEqual([415, expect.stringContaining("text/plain")]);
  });

  test("every answer carries the headers that keep browsers safe", async () => {
    await create();
    for (const path of ["/v1/tickers", "/v1/nothing", "/200.svg", "/docs", "/healthz"]) {
      const { headers } = await world.ask("GET", path);
      expect(headers.get("content-security-policy"), path).toContain("default-src 'self'");
      expect(headers.get("content-security-policy"), path).toContain("frame-ancestors 'none'");
      expect(headers.get("content-security-policy"), path).not.toContain("unsafe");
      expect(headers.get("x-content-type-options"), path).toBe("nosniff");
      expect(headers.get("referrer-policy"), path).toBe("no-referrer");
      expect(headers.get("cache-control"), path).toBe(
        path === "/docs" ? "public, max-age=300" : "no-store",
      );
    }
  });

  test("our own faults are logged and not told", async () => {
    world.store.listTickers = () => Promise.reject(new Error("secret detail"));
    const broken = await world.ask("GET", "/v1/tickers");
    expect([broken.status, broken.json.code]).toEqual([500, "internal"]);
    expect(broken.text).not.toContain("secret detail");
    expect(world.logged).toHaveLength(1);
    expect(world.logged[0]).toContain("secret detail");
  });

  test("a store that does not answer is 503 with a time to come back", async () => {
    const { TransientError } = await import("@ticker/core/error");
    world.store.listTickers = () => Promise.reject(new TransientError("busy"));
    const busy = await world.ask("GET", "/v1/tickers");
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "1"]);
  });
});
