// A world for the API's tests: the real app over the real SQLite store in a folder of its own, a clock that
// moves when told, and an engine that is a small object, since running things is tested elsewhere.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "@ticker/core/account";
import { makeApi, makeApiContext } from "@ticker/core/api/app";
import type { ApiOptions } from "@ticker/core/api/context";
import { type OpenApi, openApiDocument } from "@ticker/core/api/openapi";
import { issueCredential } from "@ticker/core/credential";
import type { Engine } from "@ticker/core/engine";
import { assert } from "@ticker/core/error";
import type { Platform } from "@ticker/core/platform";
import { type Run, runId } from "@ticker/core/run";
import { describeSchedule } from "@ticker/core/schedule";
import type { Entry, Store } from "@ticker/core/store";
import type { Tile } from "@ticker/core/tile";
import { sqliteStore } from "../../packages/server/src/sqlite.ts";
import { faults } from "./openapi-check.ts";

/** Sat 21 Nov 2026, 20:45:31 UTC. */
export const NOW = Date.UTC(2026, 10, 21, 20, 45, 31);
export const OPERATOR_TOKEN = "operator-token-of-the-test";
export const OPERATOR_PASSWORD = "correct horse battery";

export type World = Awaited<ReturnType<typeof apiWorld>>;

export async function apiWorld(more: Partial<ApiOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "ticker-api-"));
  const path = join(folder, "ticker.db");
  const store = sqliteStore(path, { synchronous: "normal", lazyMs: 0 });
  const time = { now: NOW };
  const logged: string[] = [];
  const tiles = new Map<string, Partial<Tile>>();
  const platform = platformOf(store, time, logged);
  const engine = engineOf(platform, tiles);
  for (const id of ["home", "away"]) {
    await store.openAccount({ id, name: `${id} account`, createdAt: NOW, hold: null });
  }
  const options: ApiOptions = {
    version: "0.1.0-test",
    owner: "home",
    operatorToken: OPERATOR_TOKEN,
    operatorPassword: OPERATOR_PASSWORD,
    hostAllowed: (host) => host === "localhost" || host === "ticker.test:4000",
    secureCookies: false,
    zone: "UTC",
    hostApi: "declare function print(...values: unknown[]): void;",
    ...more,
  };
  const api = makeApiContext({ platform, engine, options });
  const app = makeApi(api);

  async function token(owner: string, scopes: Scope[] = ["read", "write"]): Promise<string> {
    const ask = { kind: "token", owner, name: `of ${owner}`, scopes, expiresAt: null } as const;
    return (await issueCredential(platform, ask)).secret;
  }

  let document: OpenApi | null = null;
  const documented = () => {
    document ??= openApiDocument(app, "test");
    return document;
  };

  /** A request as the owner's token, unless `as` says otherwise; null for nobody. Its answer is held to the document. */
  async function ask(
    method: string,
    path: string,
    {
      body,
      as = OPERATOR_TOKEN,
      headers = {},
    }: { body?: unknown; as?: string | null; headers?: Record<string, string> } = {},
  ) {
    const response = await app.request(path, {
      method,
      headers: {
        ...(as === null ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    const isJson = /[/+]json/.test(type);
    if (isJson && text !== "" && !path.startsWith("/v1/openapi")) {
      const status = response.status;
      const wrong = faults(documented(), { method, path, status, type, body: JSON.parse(text) });
      assert(
        wrong.length === 0 || status >= 500,
        `${method} ${path}: ${wrong.join("; ")}: ${text}`,
      );
    }
    return {
      status: response.status,
      headers: response.headers,
      text,
      // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect, and fail where it is not
      json: (isJson && text !== "" ? JSON.parse(text) : null) as any,
    };
  }

  return {
    api,
    app,
    ask,
    engine,
    folder,
    logged,
    path,
    platform,
    store,
    tiles,
    time,
    token,
    async close() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function platformOf(store: Store, time: { now: number }, logged: string[]): Platform {
  let serial = 0;
  return {
    store,
    clock: { now: () => time.now, monotonic: () => time.now, after: () => () => {} },
    random: {
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fraction: () => (serial++ % 10) / 10,
    },
    alarm: { set: () => {} },
    sandbox: {
      run: () => Promise.reject(new Error("no script runs in this world")),
      kill: () => {},
      room: () => 1,
      begunAt: () => null,
      check: async ({ source }) =>
        source.includes("!!syntax!!")
          ? { name: "SyntaxError", message: "unexpected token", line: 2, column: 7 }
          : null,
    },
    broadcast: { publish: () => {}, revoked: () => {} },
    vault: {
      seal: async (text) => `sealed:${Buffer.from(text).toString("base64")}`,
      open: async (sealed) => Buffer.from(sealed.slice(7), "base64").toString(),
    },
    log: {
      info: () => {},
      error: (message, facts) => logged.push(`${message} ${JSON.stringify(facts)}`),
    },
    memoryBytes: () => 0,
  };
}

/** Keeps to the verbs' promises through the store, without a scheduler or a sandbox. */
function engineOf(platform: Platform, tiles: Map<string, Partial<Tile>>) {
  const { store, clock } = platform;
  const changes: [string, string, boolean][] = [];
  const entryOf = async (owner: string, id: string): Promise<Entry> => {
    const entry = await store.readTicker(owner, { id }, true);
    assert(entry, `the API asked the engine for ${id}, which is not ${owner}'s`);
    return entry;
  };
  const engine: Engine = {
    changed: (owner, id, removed = false) => {
      changes.push([owner, id, removed]);
    },
    async runNow(owner, tickerId) {
      const { status } = await entryOf(owner, tickerId);
      const at = clock.now();
      const claimed = await store.claim({
        tickerId,
        dueAt: null,
        revision: status.revision,
        nextDueAt: status.nextDueAt,
        done: false,
        unrun: null,
        run: { id: runId(tickerId, at, "hand"), trigger: "hand", dueAt: at },
        queueMax: 0,
        lease: { holder: "test", untilAt: at + 10_000 },
        at,
      } as Parameters<Store["claim"]>[0]);
      assert(claimed.claimed && claimed.run, "a run by hand was claimed");
      return claimed.run;
    },
    async stop(owner, tickerId) {
      const change = { state: "stopped", reason: "asked", at: clock.now() } as const;
      const done = await store.setState(owner, tickerId, change);
      assert(done, "the ticker was there to be stopped");
      return done.entry;
    },
    async kill(owner, tickerId, number) {
      const run = await store.readRun(owner, tickerId, number);
      assert(run, "the run was there to be killed");
      const lease = { holder: "test", untilAt: clock.now() + 10_000 };
      await store.askKill(owner, run.id, clock.now(), { lease, done: false });
      return (await store.readRun(owner, tickerId, number)) as Run;
    },
    async killAll(owner, by, reason) {
      const held = { at: clock.now(), by, reason };
      await store.setHold(owner, held);
      return { held, killed: 0 };
    },
    async release(owner) {
      await store.setHold(owner, null);
    },
    async setOutput(owner, tickerId, text) {
      await entryOf(owner, tickerId);
      const at = clock.now();
      const stored = await store.recordRun({
        id: runId(tickerId, at, "outside"),
        owner,
        tickerId,
        at,
        happenings: [
          { kind: "output", at, text, stream: "out" },
          { kind: "finished", at, outcome: "succeeded", error: null, durationMs: 0 },
        ],
        lastLine: text,
        metrics: {},
        progress: null,
        outputBytes: text.length,
        droppedBytes: 0,
      });
      assert(stored, "the ticker was there to be told");
      return stored.run;
    },
    async tryScript(_owner, { script, limits }, onEvents) {
      const at = clock.now();
      onEvents([{ kind: "output", at, text: script.source, stream: "out" }]);
      return {
        outcome: "succeeded",
        error: null,
        startedAt: at,
        finishedAt: at,
        cpuMs: limits.cpuMs,
        stateWrites: {},
        outputBytes: script.source.length,
      };
    },
    tiles: async (entries) => entries.map((entry) => tileOf(entry, tiles.get(entry.ticker.id))),
    numbers: () => ({
      startedAt: NOW - 60_000,
      runsStarted: 7,
      runsFinished: { succeeded: 5, failed: 1 },
      skipped: 2,
      missed: 1,
      late: { p50: 1, p95: 3, p99: 4, max: 9 },
      running: 1,
      sandboxRoom: 3,
      watchers: 2,
      deliveries: 99,
      gaps: 0,
    }),
  };
  return Object.assign(engine, { changes });
}

function tileOf({ ticker, status }: Entry, more: Partial<Tile> = {}): Tile {
  return {
    tickerId: ticker.id,
    page: ticker.page,
    name: ticker.name,
    schedule: ticker.schedule,
    when: describeSchedule(ticker.schedule),
    revision: ticker.revision,
    state: status.state,
    stopReason: status.stopReason,
    running: status.active.length,
    runNumber: status.runNumber,
    nextDueAt: status.nextDueAt,
    lastOutcome: status.lastOutcome,
    lastFinishedAt: status.lastFinishedAt,
    failuresInRow: status.failuresInRow,
    error: null,
    lines: [],
    progress: null,
    metric: null,
    startedAt: null,
    late: null,
    skipped: 0,
    missed: 0,
    ...more,
  };
}

/** What a create needs, with anything else on top. */
export const clock = (more: object = {}) => ({
  name: "clock",
  script: { language: "javascript", source: "print(1)" },
  schedule: { every: 1000 },
  ...more,
});
