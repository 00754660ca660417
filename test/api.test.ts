// Each route's happy path over the real store, its answer held to the documented shape, and each refusal
// with the place it names.

import type { z } from "@hono/zod-openapi";
import { ProblemSchema } from "@ticker/core/api/schema";
import { RunSchema, RunWithEventsSchema } from "@ticker/core/api/schema-run";
import { TickerViewSchema } from "@ticker/core/api/schema-ticker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiWorld, clock, NOW, type World } from "./support/api-world.ts";

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

describe("tickers", () => {
  test("a create answers the whole ticker, its place and its revision", async () => {
    const made = await world.ask("POST", "/v1/tickers", { body: clock() });
    expect(made.status).toBe(201);
    shaped(TickerViewSchema, made.json);
    expect(made.headers.get("location")).toBe(`/v1/tickers/${made.json.id}`);
    expect(made.headers.get("etag")).toBe('"1"');
    expect(made.json).toMatchObject({
      page: 200,
      name: "clock",
      schedule: { every: 1000, from: "start" },
      when: "every 1s",
      revision: 1,
      createdAt: NOW,
      status: { state: "started", nextDueAt: NOW },
    });
    expect(world.engine.changes).toEqual([["home", made.json.id, false]]);
  });

  test("pages are the lowest free, and gone beyond the last", async () => {
    await create({ name: "a" });
    await create({ name: "b", page: 202 });
    expect((await create({ name: "c" })).page).toBe(201);
    expect((await create({ name: "d" })).page).toBe(203);
    const used = Array.from({ length: 400 }, (_, i) => 200 + i);
    world.store.usedPages = async () => used;
    expect((await create({ name: "e" })).page).toBe(null);
  });

  test("names and pages that are taken are conflicts that say which", async () => {
    await create();
    const name = await world.ask("POST", "/v1/tickers", { body: clock() });
    expect([name.status, name.json.issues]).toEqual([409, [{ path: "name", message: "is taken" }]]);
    const page = await world.ask("POST", "/v1/tickers", { body: clock({ name: "b", page: 200 }) });
    expect([page.status, page.json.issues[0].path]).toEqual([409, "page"]);
  });

  test("a ticker created stopped is not due", async () => {
    expect((await create({ state: "stopped" })).status).toMatchObject({
      state: "stopped",
      nextDueAt: null,
    });
  });

  test("it is found by id, page and name; deleted ones only when asked for", async () => {
    const { id } = await create();
    for (const address of [id, "200", "clock"]) {
      const read = await world.ask("GET", `/v1/tickers/${address}`);
      expect([read.status, read.json.id]).toEqual([200, id]);
    }
    expect((await world.ask("DELETE", "/v1/tickers/200")).status).toBe(204);
    expect((await world.ask("GET", `/v1/tickers/${id}`)).status).toBe(404);
    const binned = await world.ask("GET", `/v1/tickers/${id}?deleted=1`);
    expect(binned.json.deletedAt).toBe(NOW);
    expect(world.engine.changes.at(-1)).toEqual(["home", id, true]);
    const back = await world.ask("POST", `/v1/tickers/${id}/restore`);
    expect([back.status, back.json.deletedAt, back.json.status.state]).toEqual([
      200,
      null,
      "stopped",
    ]);
  });

  test("lists go on by cursor, leave the code out, and filter by tag", async () => {
    for (const name of ["a", "b", "c"]) await create({ name, tags: name === "b" ? ["ops"] : [] });
    const first = await world.ask("GET", "/v1/tickers?limit=2");
    expect(first.json.items.map((one: { name: string }) => one.name)).toEqual(["a", "b"]);
    expect(first.json.items[0].script).toEqual({ language: "javascript" });
    const rest = await world.ask("GET", `/v1/tickers?limit=2&source=1&cursor=${first.json.next}`);
    expect(rest.json.items.map((one: { name: string }) => one.name)).toEqual(["c"]);
    expect(rest.json.items[0].script.source).toBe("print(1)");
    expect(rest.json.next).toBe(null);
    const tagged = await world.ask("GET", "/v1/tickers?tag=ops");
    expect(tagged.json.items).toHaveLength(1);
    await world.ask("DELETE", "/v1/tickers/a");
    const bin = await world.ask("GET", "/v1/tickers?deleted=1");
    expect(bin.json.items.map((one: { name: string }) => one.name)).toEqual(["a"]);
  });

  test("an unchanged ticker answers 304; a tick changes the ETag though not the revision", async () => {
    const { id } = await create();
    const etag = (await world.ask("GET", `/v1/tickers/${id}`)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"1\.[0-9a-f]{16}"$/);
    const headers = { "if-none-match": etag };
    const same = await world.ask("GET", `/v1/tickers/${id}`, { headers });
    expect([same.status, same.text]).toEqual([304, ""]);
    world.tiles.set(id, { runNumber: 1 });
    expect((await world.ask("GET", `/v1/tickers/${id}`, { headers })).status).toBe(200);
  });

  test("a patch merges one level deep, and null asks for the default", async () => {
    const { id } = await create({ limits: { timeoutMs: 500, cpuMs: 400 }, tags: ["x"] });
    const patch = (body: object) =>
      world.ask("PATCH", `/v1/tickers/${id}`, { body, headers: { "if-match": "*" } });
    const one = await patch({ limits: { cpuMs: 300 }, schedule: { cron: "0 3 * * *" } });
    expect(one.status, one.text).toBe(200);
    expect(one.json).toMatchObject({
      revision: 2,
      limits: { timeoutMs: 500, cpuMs: 300 },
      schedule: { cron: "0 3 * * *", zone: "UTC" },
      tags: ["x"],
    });
    expect(one.json.status.nextDueAt).toBe(Date.UTC(2026, 10, 22, 3));
    expect(one.headers.get("etag")).toBe('"2"');
    const two = await patch({ limits: { timeoutMs: null }, tags: null, policy: null });
    expect(two.json).toMatchObject({ limits: { timeoutMs: 10_000, cpuMs: 300 }, tags: [] });
    // The schedule stayed as it was, so the ticker is due when it was.
    expect(two.json.status.nextDueAt).toBe(one.json.status.nextDueAt);
  });

  test("an edited interval waits for its first whole step", async () => {
    const { id } = await create();
    const edit = await world.ask("PATCH", `/v1/tickers/${id}`, {
      body: { schedule: { every: 3_600_000 } },
      headers: { "if-match": '"1"' },
    });
    expect(edit.json.status.nextDueAt).toBe(NOW + 3_600_000);
  });

  test("a conflict carries what is there now; If-Match takes the long ETag too", async () => {
    const { id } = await create();
    const { headers } = await world.ask("GET", `/v1/tickers/${id}`);
    const long = { "if-match": headers.get("etag") ?? "" };
    const first = await world.ask("PATCH", `/v1/tickers/${id}`, {
      body: { name: "mine" },
      headers: long,
    });
    expect(first.status, first.text).toBe(200);
    const second = await world.ask("PATCH", `/v1/tickers/${id}`, {
      body: { name: "yours" },
      headers: long,
    });
    expect([second.status, second.json.code]).toEqual([409, "conflict"]);
    expect(second.json.current).toMatchObject({ name: "mine", revision: 2 });
    shaped(TickerViewSchema, second.json.current);
    expect(second.json).not.toHaveProperty("currentEntry");
  });

  test("an edit without If-Match is refused, and so is nonsense in it", async () => {
    await create();
    const without = await world.ask("PATCH", "/v1/tickers/200", { body: { tags: [] } });
    expect([without.status, without.json.code]).toEqual([428, "precondition-required"]);
    const odd = await world.ask("PATCH", "/v1/tickers/200", {
      body: { tags: [] },
      headers: { "if-match": "eight" },
    });
    expect([odd.status, odd.json.issues[0].path]).toEqual([422, "If-Match"]);
  });

  test("stop, start and their repeats", async () => {
    await create();
    const stop = await world.ask("POST", "/v1/tickers/200/stop");
    expect(stop.json.status).toMatchObject({ state: "stopped", nextDueAt: null });
    world.time.now += 5000;
    const start = await world.ask("POST", "/v1/tickers/200/start");
    expect(start.json.status).toMatchObject({ state: "started", nextDueAt: NOW + 5000 });
    world.time.now += 100;
    const again = await world.ask("POST", "/v1/tickers/200/start");
    expect(again.json.status.nextDueAt).toBe(NOW + 5000);
    const patched = await world.ask("PATCH", "/v1/tickers/200", {
      body: { state: "stopped" },
      headers: { "if-match": "*" },
    });
    expect(patched.json.status.state).toBe("stopped");
  });

  test("a schedule that is over cannot be started", async () => {
    await create({ schedule: { at: NOW + 1000 }, state: "stopped" });
    world.time.now += 5000;
    const start = await world.ask("POST", "/v1/tickers/200/start");
    expect([start.status, start.json.issues[0].path]).toEqual([422, "schedule"]);
  });
});

describe("idempotency", () => {
  const send = (key: string, body: object) =>
    world.ask("POST", "/v1/tickers", { body, headers: { "idempotency-key": key } });

  test("a repeat answers the first ticker, even once it has changed", async () => {
    const first = await send("k1", clock());
    expect(first.headers.get("idempotency-replayed")).toBe(null);
    await world.ask("PATCH", "/v1/tickers/200", {
      body: { name: "renamed" },
      headers: { "if-match": "*" },
    });
    const second = await send("k1", clock());
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect([second.json.id, second.json.name]).toEqual([first.json.id, "renamed"]);
    expect((await world.ask("GET", "/v1/tickers")).json.items).toHaveLength(1);
  });

  test("two at once make one", async () => {
    const both = await Promise.all([send("k2", clock()), send("k2", clock())]);
    expect(new Set(both.map((one) => one.json.id)).size).toBe(1);
  });

  test("the order of fields does not matter, their values do", async () => {
    const { name, ...rest } = clock();
    await send("k3", { name, ...rest });
    expect((await send("k3", { ...rest, name })).headers.get("idempotency-replayed")).toBe("true");
    const other = await send("k3", clock({ schedule: { every: 2000 } }));
    expect([other.status, other.json.issues[0].path]).toEqual([422, "Idempotency-Key"]);
  });

  test("a stranger's key is another key", async () => {
    const first = await send("k4", clock());
    const stranger = await world.ask("POST", "/v1/tickers", {
      body: clock(),
      as: await world.token("away"),
      headers: { "idempotency-key": "k4" },
    });
    expect(stranger.status).toBe(201);
    expect(stranger.json.id).not.toBe(first.json.id);
  });
});

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
    for (const query of ["limit=0", "limit=many", "limt=3", "deleted=maybe"]) {
      expect((await world.ask("GET", `/v1/tickers?${query}`)).status, query).toBe(422);
    }
  });
});

describe("runs", () => {
  test("a run by hand, its list and its record", async () => {
    const { id } = await create();
    const run = await world.ask("POST", "/v1/tickers/200/run");
    expect(run.status, run.text).toBe(202);
    shaped(RunSchema, run.json);
    expect(run.json).toMatchObject({ tickerId: id, number: 1, trigger: "hand", state: "running" });
    expect(run.json).not.toHaveProperty("owner");
    expect(run.json).not.toHaveProperty("lease");
    const open = await world.ask("GET", "/v1/runs");
    expect(open.json.items).toMatchObject([{ number: 1, name: "clock", page: 200 }]);
    const kill = await world.ask("POST", "/v1/tickers/200/runs/1/kill");
    expect([kill.status, kill.json.killAskedAt]).toEqual([200, NOW]);
    expect((await world.ask("POST", "/v1/tickers/200/runs/9/kill")).status).toBe(404);
  });

  test("text from outside, as JSON and as text; events come by pieces", async () => {
    await create();
    const one = await world.ask("PUT", "/v1/tickers/200/output", { body: { text: "42" } });
    expect(one.status, one.text).toBe(200);
    world.time.now++;
    const two = await world.app.request("/v1/tickers/200/output", {
      method: "PUT",
      body: "plain\ntext",
      headers: {
        authorization: `Bearer ${await world.token("home")}`,
        "content-type": "text/plain; charset=utf-8",
      },
    });
    expect(two.status).toBe(200);
    const latest = await world.ask("GET", "/v1/tickers/200/runs/latest");
    shaped(RunWithEventsSchema, latest.json);
    expect(latest.json).toMatchObject({ number: 2, trigger: "outside", lastLine: "plain\ntext" });
    expect(latest.json.events).toHaveLength(2);
    const piece = await world.ask("GET", "/v1/tickers/200/runs/2?limit=1");
    expect([piece.json.events.length, piece.json.nextSeq]).toEqual([1, 2]);
    const rest = await world.ask("GET", "/v1/tickers/200/runs/2?limit=1&from=2");
    expect([rest.json.events[0].kind, rest.json.nextSeq]).toEqual(["finished", null]);
    const list = await world.ask("GET", "/v1/tickers/200/runs?limit=1");
    expect([list.json.items[0].number, list.json.next]).toEqual([2, "2"]);
    const older = await world.ask("GET", `/v1/tickers/200/runs?limit=1&before=${list.json.next}`);
    expect([older.json.items[0].number, older.json.next]).toEqual([1, null]);
    expect((await world.ask("GET", "/v1/tickers/200/runs/last-failed")).status).toBe(404);
    expect((await world.ask("GET", "/v1/tickers/200/runs/zero")).status).toBe(422);
    expect((await world.ask("PUT", "/v1/tickers/200/output", { body: { txt: 1 } })).status).toBe(
      422,
    );
  });

  test("kept state", async () => {
    const { id } = await create();
    world.store.readState = async (asked) =>
      asked === id ? { last: "42", __proto__x: '{"a":[1]}' } : {};
    const state = await world.ask("GET", "/v1/tickers/200/state");
    expect(state.json).toEqual({ items: { last: 42, __proto__x: { a: [1] } } });
  });

  test("try it: one answer, or a line for each event", async () => {
    const body = { script: { language: "javascript", source: "print(1)" }, limits: { cpuMs: 77 } };
    const whole = await world.ask("POST", "/v1/try", { body });
    expect(whole.json).toMatchObject({
      events: [{ kind: "output", text: "print(1)" }],
      result: { outcome: "succeeded", cpuMs: 77 },
    });
    const lines = await world.ask("POST", "/v1/try", {
      body,
      headers: { accept: "application/x-ndjson" },
    });
    expect(lines.headers.get("content-type")).toBe("application/x-ndjson");
    expect(
      lines.text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).kind),
    ).toEqual(["output", "result"]);
    const bad = { script: { language: "javascript", source: "!!syntax!!" } };
    expect((await world.ask("POST", "/v1/try", { body: bad })).json.issues[0].path).toBe(
      "script.source",
    );
    const absent = await world.ask("POST", "/v1/try", { body: { ...body, ticker: "nobody" } });
    expect(absent.status).toBe(404);
  });

  test("a dry run that is refused before it began is a problem, not a broken stream", async () => {
    const { VisibleError } = await import("@ticker/core/error");
    world.engine.tryScript = () =>
      Promise.reject(new VisibleError("limit", "enough", { retryAfterMs: 1000 }));
    const refused = await world.ask("POST", "/v1/try", {
      body: { script: { language: "javascript", source: "1" } },
      headers: { accept: "application/x-ndjson" },
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  });
});

describe("the rest of the house", () => {
  test("schedules are previewed from shapes and from words", async () => {
    const shape = await world.ask("POST", "/v1/schedule/preview", {
      body: { schedule: { every: 10_000 }, count: 2 },
    });
    expect(shape.json).toMatchObject({
      schedule: { every: 10_000, from: "start" },
      zone: "UTC",
      next: [{ at: NOW + 10_000 }, { at: NOW + 20_000 }],
      perDay: 8640,
    });
    const words = await world.ask("POST", "/v1/schedule/preview", {
      body: { text: "0 3 * * *", zone: "Europe/Oslo" },
    });
    expect([words.json.zone, words.json.next.length]).toEqual(["Europe/Oslo", 5]);
    expect(words.json.next[0].at).toBe(Date.UTC(2026, 10, 22, 2));
    for (const body of [{}, { text: "10s", schedule: { every: 1000 } }, { text: "soonish" }]) {
      expect((await world.ask("POST", "/v1/schedule/preview", { body })).status).toBe(422);
    }
  });

  test("killall holds, says who and why, and release lets go", async () => {
    const kill = await world.ask("POST", "/v1/killall", { body: { reason: "leak" } });
    expect(kill.json).toEqual({ held: { at: NOW, by: "operator", reason: "leak" }, killed: 0 });
    expect((await world.ask("GET", "/v1/status")).json.held.reason).toBe("leak");
    expect((await world.ask("POST", "/v1/release")).json).toEqual({ held: null });
    const bare = await world.ask("POST", "/v1/killall");
    expect([bare.status, bare.json.held.reason]).toEqual([200, null]);
  });

  test("status, health and numbers", async () => {
    await create();
    const status = await world.ask("GET", "/v1/status");
    expect(status.json).toMatchObject({
      version: "0.1.0-test",
      now: NOW,
      account: { id: "home", name: "home account" },
      held: null,
      counts: { tickers: 1, started: 1 },
      engine: { runsStarted: 7 },
    });
    expect((await world.ask("GET", "/healthz", { as: null })).json.status).toBe("ok");
    const metrics = await world.ask("GET", "/metrics");
    expect(metrics.text).toContain('ticker_objects{kind="tickers"} 1\n');
    expect(metrics.text).toContain('ticker_runs_finished_total{outcome="succeeded"} 5\n');
    for (const line of metrics.text.trim().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_]+(\{[a-z]+="[^"]*"\})? -?[0-9.e+]+)$/);
    }
  });

  test("secrets go in and never out", async () => {
    const put = await world.ask("PUT", "/v1/secrets/SMTP_KEY", { body: { value: "hush-hush" } });
    expect(put.json).toEqual({ name: "SMTP_KEY", updatedAt: NOW });
    const list = await world.ask("GET", "/v1/secrets");
    expect(list.json.items).toEqual([{ name: "SMTP_KEY", updatedAt: NOW }]);
    expect((await world.ask("PUT", "/v1/secrets/lower", { body: { value: "x" } })).status).toBe(
      422,
    );
    expect((await world.ask("DELETE", "/v1/secrets/SMTP_KEY")).status).toBe(204);
    expect((await world.ask("DELETE", "/v1/secrets/SMTP_KEY")).status).toBe(404);
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
