// Tickers over HTTP, on the real store: every answer is held to the documented shape on its way
// here.

import type { z } from "@hono/zod-openapi";
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

  test("an account with all its tickers gets no other, nor one back from the bin", async () => {
    const { id } = await create();
    await world.ask("DELETE", `/v1/tickers/${id}`);
    world.store.tickerCount = async () => 10_000;
    const more = await world.ask("POST", "/v1/tickers", { body: clock({ name: "b" }) });
    expect([more.status, more.json.code]).toEqual([429, "limit"]);
    expect((await world.ask("POST", `/v1/tickers/${id}/restore`)).status).toBe(429);
  });

  test("a delete with a stale If-Match deletes nothing", async () => {
    const { id } = await create();
    const remove = (ifMatch: string) =>
      world.ask("DELETE", `/v1/tickers/${id}`, { headers: { "if-match": ifMatch } });
    const stale = await remove('"9"');
    expect([stale.status, stale.json.current?.revision]).toEqual([409, 1]);
    expect((await remove("nonsense")).status).toBe(422);
    expect((await remove('"1"')).status).toBe(204);
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
