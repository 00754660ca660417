// The verbs of the running service, through its API and with the real sandbox: begin, stop, kill, killall
// and release are exact; dry runs keep nothing; secrets never show.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TickerViewSchema } from "@ticker/core/api/schema-ticker";
import { deleteTicker } from "@ticker/core/tickers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestServer, testServer } from "./support/server.ts";

type RunView = {
  number: number;
  state: string;
  outcome: string | null;
  reason: string | null;
  attempt: number;
  lastLine: string | null;
  error: { message: string; line?: number; column?: number } | null;
  metrics: Record<string, number>;
  events?: { kind: string; text?: string }[];
};

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

/** Opens a feed on a ticker, to wait for what happens to it. */
async function follow(id: string) {
  const client = await server.feed();
  client.send({ type: "subscribe", id: "f", feed: id });
  await client.message((m) => m.type === "live");
  const event = (kind: string, run?: number) =>
    client.message(
      (m) =>
        m.type === "events" &&
        (run === undefined || m.run === run) &&
        m.events.some((e) => e.kind === kind),
    );
  return { client, event };
}

const runs = async (id: string): Promise<RunView[]> =>
  (await server.ask<{ items: RunView[] }>("GET", `/v1/tickers/${id}/runs`)).items;
const run = (id: string, number: number | string) =>
  server.ask<RunView>("GET", `/v1/tickers/${id}/runs/${number}`);

test("a ticker that ran by its schedule is told as the document says", async () => {
  const { id } = await server.ticker("scheduled", 'print("usd=5")', 50);
  const { event } = await follow(id);
  await event("finished");
  const view = await server.ask<{ tile: { late: object | null } }>("GET", `/v1/tickers/${id}`);
  expect(view.tile.late).not.toBe(null);
  expect(TickerViewSchema.safeParse(view).error?.issues ?? []).toEqual([]);
  await server.ask("POST", `/v1/tickers/${id}/stop`);
});

test("what was queued when its ticker went into the bin is told as killed", async () => {
  const overlap = { policy: { overlap: { mode: "queue", queueMax: 2 } } };
  const { id } = await server.ticker("binned", "await sleep(10000)", undefined, overlap);
  const { event } = await follow(id);
  await server.ask("POST", `/v1/tickers/${id}/run`);
  await server.ask("POST", `/v1/tickers/${id}/run`);
  await deleteTicker(server.platform, "home", id);
  await event("finished", 2);
  expect(await run(id, 2)).toMatchObject({ outcome: "killed" });
  expect(await run(id, 1)).toMatchObject({ state: "running" });
  await server.ask("POST", `/v1/tickers/${id}/runs/1/kill`);
});

describe("run now", () => {
  test("runs a ticker that ticks by hand only, and records it", async () => {
    const { id } = await server.ticker("by-hand", 'print("usd=5"); print("hi")');
    const { event } = await follow(id);
    const asked = await server.ask<RunView>("POST", `/v1/tickers/${id}/run`);
    expect(asked).toMatchObject({ number: 1, state: "running" });
    await event("finished", 1);
    expect(await run(id, 1)).toMatchObject({
      outcome: "succeeded",
      lastLine: "hi",
      metrics: { usd: 5 },
    });
  });

  test("while it runs: refused with the reason when overlap is skip, queued when it is queue", async () => {
    const one = await server.ticker("busy-skip", "await sleep(10000)");
    await server.ask("POST", `/v1/tickers/${one.id}/run`);
    await expect(server.ask("POST", `/v1/tickers/${one.id}/run`)).rejects.toThrow(
      /409.*still running/,
    );
    await server.ask("POST", `/v1/tickers/${one.id}/runs/1/kill`);

    const overlap = { policy: { overlap: { mode: "queue", queueMax: 2 } } };
    const two = await server.ticker("busy-queue", "await sleep(10000)", undefined, overlap);
    const { event } = await follow(two.id);
    await server.ask("POST", `/v1/tickers/${two.id}/run`);
    expect(await server.ask("POST", `/v1/tickers/${two.id}/run`)).toMatchObject({
      state: "queued",
    });
    await server.ask("POST", `/v1/tickers/${two.id}/runs/1/kill`);
    await event("started", 2);
    await server.ask("POST", `/v1/tickers/${two.id}/runs/2/kill`);
    expect((await runs(two.id)).map((r) => r.outcome)).toEqual(["killed", "killed"]);
  });
});

describe("kill", () => {
  test.each([
    ["a sleeping run", "await sleep(60000)"],
    ["a spinning run", "for (;;);"],
    ["a run deep in a native call", "new Array(2 ** 32 - 1).join('x')"],
    ["a run that floods", "for (;;) print('x')"],
  ])("ends %s, and the answer says so", async (_what, source) => {
    const { id } = await server.ticker(`kill-${source.length}`, source, undefined, {
      limits: { timeoutMs: 30_000, cpuMs: 30_000 },
    });
    const { event } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("started", 1);
    const killed = await server.ask<RunView>("POST", `/v1/tickers/${id}/runs/1/kill`);
    expect(["killed", "output-limit"]).toContain(killed.outcome);
    if (!source.includes("print")) expect(killed.outcome).toBe("killed");
    expect(killed.state).toBe("finished");
  });

  test("a run that is over is answered as it is; one that never was is absent", async () => {
    const { id } = await server.ticker("over", "print(1)");
    const { event } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("finished", 1);
    expect(await server.ask("POST", `/v1/tickers/${id}/runs/1/kill`)).toMatchObject({
      outcome: "succeeded",
    });
    await expect(server.ask("POST", `/v1/tickers/${id}/runs/9/kill`)).rejects.toThrow(/404/);
  });
});

describe("stop and start", () => {
  test("no run starts after stop is answered; start ticks at once", async () => {
    const { id } = await server.ticker("stops", "print(run.number)", 50);
    const { event } = await follow(id);
    await event("finished", 3);
    await server.ask("POST", `/v1/tickers/${id}/stop`);
    const answeredAt = Date.now();
    // A neighbour that ticks on shows that time passed in which a run could have started.
    const other = await server.ticker("stops-neighbour", "print(1)", 50);
    await (await follow(other.id)).event("finished", 8);
    await server.ask("POST", `/v1/tickers/${other.id}/stop`);
    const started = (await runs(id)).map((r) => (r as unknown as { startedAt: number }).startedAt);
    expect(Math.max(...started)).toBeLessThanOrEqual(answeredAt);
    const before = (await runs(id)).length;
    await server.ask("POST", `/v1/tickers/${id}/start`);
    await event("finished", before + 1);
    await server.ask("POST", `/v1/tickers/${id}/stop`);
  });
});

describe("killall and release", () => {
  test("everything ends, nothing starts until release, and what was not run is recorded", async () => {
    const sleeper = await server.ticker("ka-sleeper", "await sleep(60000)");
    const spinner = await server.ticker("ka-spinner", "for (;;);", undefined, {
      limits: { timeoutMs: 30_000, cpuMs: 30_000 },
    });
    const fast = await server.ticker("ka-fast", "print(1)", 50);
    const events = await follow(fast.id);
    await server.ask("POST", `/v1/tickers/${sleeper.id}/run`);
    await server.ask("POST", `/v1/tickers/${spinner.id}/run`);
    await events.event("finished", 2);

    const held = await server.ask<{ killed: number }>("POST", "/v1/killall", { reason: "a test" });
    expect(held.killed).toBeGreaterThanOrEqual(2);
    const open = await server.ask<{ items: unknown[] }>("GET", "/v1/runs");
    expect(open.items).toEqual([]);
    expect((await run(sleeper.id, 1)).outcome).toBe("killed");
    expect((await run(spinner.id, 1)).outcome).toBe("killed");
    await expect(server.ask("POST", `/v1/tickers/${sleeper.id}/run`)).rejects.toThrow(
      /409.*killall/,
    );
    await expect(
      server.ask("POST", "/v1/try", { script: { language: "javascript", source: "print(1)" } }),
    ).rejects.toThrow(/409/);

    // Due times go by meanwhile: recorded, not run.
    const skipped = await events.client.message(
      (m) =>
        m.type === "events" &&
        m.events.some((e) => e.kind === "skipped" && e.reason === "kill-all" && e.count >= 3),
    );
    const number = skipped.type === "events" ? skipped.run : 0;
    expect((await runs(fast.id))[0]).toMatchObject({
      number,
      outcome: "skipped",
      reason: "kill-all",
    });
    expect(await server.ask("GET", "/v1/status")).toMatchObject({ held: { reason: "a test" } });

    await server.ask("POST", "/v1/release");
    await events.event("finished", number + 1);
    await server.ask("POST", `/v1/tickers/${fast.id}/stop`);
  });
});

describe("retries", () => {
  test("tried again after a pause, with the attempts shown, until it succeeds", async () => {
    const source =
      'if (run.attempt < 3) throw new Error("try " + run.attempt); print("third time")';
    const retry = { attempts: 5, backoffMs: 20, backoffMaxMs: 50, on: ["failed"] };
    const { id } = await server.ticker("retries", source, undefined, { policy: { retry } });
    const { event } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("finished", 1);
    const done = await run(id, 1);
    expect(done).toMatchObject({ outcome: "succeeded", attempt: 3, lastLine: "third time" });
    expect(done.events?.map((e) => e.kind)).toEqual([
      "started",
      "retry",
      "started",
      "retry",
      "started",
      "output",
      "finished",
    ]);
  });

  test("a ticker that keeps failing stops itself when asked to", async () => {
    const { id } = await server.ticker("gives-up", 'throw new Error("no")', 50, {
      policy: { stopAfterFailures: 3 },
    });
    const { event } = await follow(id);
    await event("finished", 3);
    const view = await server.ask<{ status: object }>("GET", `/v1/tickers/${id}`);
    expect(view.status).toMatchObject({
      state: "stopped",
      stopReason: "failures",
      failuresInRow: 3,
    });
  });
});

describe("state, secrets and output", () => {
  test("state is kept between runs, and only by runs that succeed", async () => {
    const source = `
const n = ((await state.get("n")) ?? 0) + 1;
await state.set("n", n);
print("n=" + n);
if (n === 2 && run.trigger === "hand" && run.number === 2) throw new Error("not kept");`;
    const { id } = await server.ticker("counts", source);
    const { event } = await follow(id);
    for (let number = 1; number <= 3; number++) {
      await server.ask("POST", `/v1/tickers/${id}/run`);
      await event("finished", number);
    }
    expect((await runs(id)).map((r) => [r.outcome, r.lastLine])).toEqual([
      ["succeeded", "n=2"],
      ["failed", "n=2"],
      ["succeeded", "n=1"],
    ]);
  });

  test("a secret is given to the script that names it, and shows nowhere", async () => {
    const value = "correct-horse-battery";
    await server.ask("PUT", "/v1/secrets/API_KEY", { value });
    const source = `
const key = secret("API_KEY");
print("length", key.length, key);
print(btoa("x" + key));
metric(key, 1);
progress(0.5, key);
await state.set("k", key);
throw new Error("with " + key);`;
    const { id } = await server.ticker("secretive", source);
    const { event, client } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("finished", 1);
    const everything = JSON.stringify([await run(id, 1), await runs(id), client.messages]);
    expect(everything).toContain(`length ${value.length} [secret]`);
    expect(everything).not.toContain(value);
    expect(everything).not.toContain(btoa(`x${value}`).slice(4, -4));
    const listed = JSON.stringify(await server.ask("GET", "/v1/secrets"));
    expect(listed).toContain("API_KEY");
    expect(listed).not.toContain(value);
  });

  test("an outside process sets the text", async () => {
    const { id } = await server.ticker("outside", "");
    const told = await server.ask<RunView>("PUT", `/v1/tickers/${id}/output`, {
      text: "21.5\nwarm",
    });
    expect(told).toMatchObject({
      outcome: "succeeded",
      lastLine: "warm",
      metrics: { value: 21.5 },
    });
    const page = await fetch(`${server.url}/v1/tickers/${id}.txt`, { headers: server.headers });
    expect(await page.text()).toContain("warm");
  });

  test("output over its limit is cut in the middle, marked and counted", async () => {
    const source = 'for (let i = 0; i < 2000; i++) print("line " + i)';
    const { id } = await server.ticker("long", source, undefined, {
      limits: { outputBytes: 4096 },
    });
    const { event } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("finished", 1);
    const done = await server.ask<RunView & { droppedBytes: number; outputBytes: number }>(
      "GET",
      `/v1/tickers/${id}/runs/1?limit=500`,
    );
    expect(done.outcome).toBe("succeeded");
    expect(done.events?.some((e) => e.kind === "cut")).toBe(true);
    expect(done.droppedBytes).toBeGreaterThan(10_000);
    const output = done.events?.flatMap((e) => e.text?.split("\n") ?? []) ?? [];
    expect(output[0]).toBe("line 0");
    expect(output.at(-1)).toBe("line 1999");
  });

  test("an error comes with the script's own line and column", async () => {
    const source = 'const a = 1;\nfunction f() {\n  throw new Error("here");\n}\nf();';
    const { id } = await server.ticker("faulty", source);
    const { event } = await follow(id);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await event("finished", 1);
    const { error } = await run(id, 1);
    expect(error).toMatchObject({ message: "here", line: 3 });
    expect(JSON.stringify(error)).not.toMatch(/\.ts|file:|node:/);
  });
});

describe("try", () => {
  test("shows real output while it comes and keeps nothing", async () => {
    const { id } = await server.ticker("tried", 'print("saved")');
    const answer = await fetch(`${server.url}/v1/try`, {
      method: "POST",
      headers: { ...server.headers, accept: "application/x-ndjson" },
      body: JSON.stringify({
        script: {
          language: "typescript",
          source: 'const n: number = 7; print("n=" + n); await state.set("kept", n); print("end")',
        },
        ticker: id,
      }),
    });
    const lines = (await answer.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(
      lines
        .filter((l) => l.kind === "output")
        .map((l) => l.text)
        .join("\n"),
    ).toBe("n=7\nend");
    expect(lines).toContainEqual(expect.objectContaining({ kind: "metric", name: "n", value: 7 }));
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: "state", key: "kept", value: "7" }),
    );
    expect(lines.at(-1)).toMatchObject({ kind: "result", outcome: "succeeded" });
    expect(await runs(id)).toEqual([]);
    expect(await server.ask("GET", `/v1/tickers/${id}/state`)).toEqual({ items: {} });
  });

  test("no word of an error shows a secret", async () => {
    await server.ask("PUT", "/v1/secrets/TRIED", { value: "tried-and-true" });
    const source = `const e = new Error(secret("TRIED")); e.name = secret("TRIED"); throw e`;
    const answer = await server.ask("POST", "/v1/try", {
      script: { language: "javascript", source },
    });
    expect(JSON.stringify(answer)).toContain("[secret]");
    expect(JSON.stringify(answer)).not.toContain("tried-and-true");
  });

  test("hanging up ends it", async () => {
    const abort = new AbortController();
    const source = 'print("begun"); await sleep(60000)';
    const answer = await fetch(`${server.url}/v1/try`, {
      method: "POST",
      signal: abort.signal,
      headers: { ...server.headers, accept: "application/x-ndjson" },
      body: JSON.stringify({
        script: { language: "javascript", source },
        limits: { timeoutMs: 60_000 },
      }),
    });
    const reader = answer.body?.getReader();
    await reader?.read();
    expect(server.platform.sandbox.stats().jobs).toBe(1);
    abort.abort();
    while (server.platform.sandbox.stats().jobs > 0)
      await new Promise((resolve) => setImmediate(resolve));
  });
});

test("a service that ends has recorded what it cut short before it lets go of its folder", async () => {
  const ending = await testServer();
  const { id } = await ending.ticker("endless", 'print("begun"); while (true) {}');
  const client = await ending.feed();
  client.send({ type: "subscribe", id: "f", feed: id });
  await ending.ask("POST", `/v1/tickers/${id}/run`);
  await client.message((m) => m.type === "events" && m.events.some((e) => e.kind === "output"));
  expect(await ending.engine.drain(0)).toEqual({ handedBack: 1 });
  await ending.stop();
  const db = new DatabaseSync(join(ending.folder, "ticker.sqlite"), { readOnly: true });
  const row = db.prepare("SELECT state, outcome, last_line FROM runs").get();
  db.close();
  expect({ ...row }).toEqual({ state: "finished", outcome: "interrupted", last_line: "begun" });
  rmSync(ending.folder, { recursive: true });
});
