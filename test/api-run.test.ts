// Runs and the rest of the house over HTTP, on the real store.

import type { z } from "@hono/zod-openapi";
import { RunSchema, RunWithEventsSchema } from "@ticker/core/api/schema-run";
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
    expect(open.json.more).toBe(false);
    await create({ name: "other" });
    await world.ask("POST", "/v1/tickers/201/run");
    expect((await world.ask("GET", "/v1/runs?limit=1")).json).toMatchObject({ more: true });
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
    const short = await world.ask("PUT", "/v1/secrets/SHORT", { body: { value: "abc12" } });
    expect(short.status).toBe(422);
    expect(short.text).toContain("at least 6 characters");
    expect(
      (await world.ask("PUT", "/v1/secrets/lower", { body: { value: "xxxxxx" } })).status,
    ).toBe(422);
    expect((await world.ask("DELETE", "/v1/secrets/SMTP_KEY")).status).toBe(204);
    expect((await world.ask("DELETE", "/v1/secrets/SMTP_KEY")).status).toBe(404);
  });
});
