// The account as a whole: killall and release, its status and numbers, and the runs under way.

import { z } from "@hono/zod-openapi";
import type { Hold } from "../account.ts";
import type { EngineNumbers } from "../engine.ts";
import { assert } from "../error.ts";
import type { Tally } from "../store.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { agree, Instant, Limit, Line, orNull, type Same } from "./schema.ts";
import { OpenRunSchema } from "./schema-run.ts";
import { runView } from "./view.ts";

const tags = ["Account"];
const HOUR_MS = 3_600_000;

const HoldSchema = z
  .strictObject({ at: Instant, by: z.string(), reason: z.string().nullable() })
  .openapi("Hold", {
    description: "Killall in force: nothing runs and nothing starts until release.",
  });
agree<Same<z.infer<typeof HoldSchema>, Hold>>();

const NumbersSchema = z
  .strictObject({
    startedAt: Instant,
    runsStarted: z.number(),
    runsFinished: z.record(z.string(), z.number()),
    skipped: z.number(),
    missed: z.number(),
    late: z
      .strictObject({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
      .nullable(),
    running: z.number(),
    sandboxRoom: z.number(),
    watchers: z.number(),
    deliveries: z.number(),
    gaps: z.number(),
  })
  .openapi("EngineNumbers", { description: "The service's own numbers since it started." });
agree<Same<z.infer<typeof NumbersSchema>, EngineNumbers>>();

const TallySchema = z.strictObject({
  minuteAt: Instant,
  succeeded: z.number(),
  failed: z.number(),
  skipped: z.number(),
  missed: z.number(),
});
agree<Same<z.infer<typeof TallySchema>, Tally>>();

const StatusSchema = z
  .strictObject({
    version: z.string(),
    now: Instant,
    startedAt: Instant,
    account: z.strictObject({ id: z.string(), name: z.string() }),
    held: orNull(HoldSchema),
    counts: z.strictObject({
      tickers: z.number(),
      started: z.number(),
      running: z.number(),
      queued: z.number(),
      waiting: z.number(),
    }),
    engine: NumbersSchema,
    minutes: z.array(TallySchema).openapi({ description: "The last hour, by minute." }),
  })
  .openapi("Status");

export function addAccount(app: ApiApp, api: Api): void {
  addKillall(app, api);
  addNumbers(app, api);
}

function addKillall(app: ApiApp, api: Api): void {
  const { platform, engine } = api;
  const killall = operation(api, "write", {
    method: "post",
    path: "/v1/killall",
    tags,
    summary: "Kill everything and hold",
    description: "When this answers nothing runs, and nothing starts until release.",
    request: {
      body: {
        required: false,
        content: {
          "application/json": {
            schema: z
              .strictObject({ reason: Line.max(200).nullable().optional() })
              .openapi("KillallAsk", { example: { reason: "the SMTP key leaked" } }),
          },
        },
      },
    },
    responses: {
      200: json(z.strictObject({ held: HoldSchema, killed: z.number() }), "It is quiet."),
    },
    errors: [409],
  });
  app.openapi(killall, async (c) => {
    const actor = actorOf(c);
    const { reason = null } = c.req.valid("json");
    return c.json(await engine.killAll(actor.account, actor.name, reason), 200);
  });

  const release = operation(api, "write", {
    method: "post",
    path: "/v1/release",
    tags,
    summary: "Release the hold",
    description: "Started tickers go on by their schedules.",
    responses: { 200: json(z.strictObject({ held: z.null() }), "No hold is in force.") },
  });
  app.openapi(release, async (c) => {
    await engine.release(actorOf(c).account);
    return c.json({ held: null }, 200);
  });

  const open = operation(api, "read", {
    method: "get",
    path: "/v1/runs",
    tags: ["Runs"],
    summary: "List the runs under way",
    description:
      "Running, queued and waiting runs of the account, newest first. `more`: there are others beyond `limit`.",
    request: { query: z.strictObject({ limit: Limit }) },
    responses: {
      200: json(z.strictObject({ items: z.array(OpenRunSchema), more: z.boolean() }), "The runs."),
    },
  });
  app.openapi(open, async (c) => {
    const { account } = actorOf(c);
    const { limit } = c.req.valid("query");
    const runs = await platform.store.openRuns(account, limit + 1);
    const items = [];
    for (const run of runs.slice(0, limit)) {
      const entry = await platform.store.readTicker(account, { id: run.tickerId }, true);
      // Purged between the two reads: then its run is over as well.
      if (entry) items.push({ ...runView(run), name: entry.ticker.name, page: entry.ticker.page });
    }
    return c.json({ items, more: runs.length > limit }, 200);
  });
}

function addNumbers(app: ApiApp, api: Api): void {
  const { platform, engine, options } = api;
  const status = operation(api, "read", {
    method: "get",
    path: "/v1/status",
    tags,
    summary: "Read the account's status",
    description: "Hold, counts, the service's numbers, and the last hour by minute.",
    responses: { 200: json(StatusSchema, "How things are.") },
  });
  app.openapi(status, async (c) => {
    const { account } = actorOf(c);
    const { id, name, hold } = await accountOf(api, account);
    const now = platform.clock.now();
    const numbers = engine.numbers();
    return c.json(
      {
        version: options.version,
        now,
        startedAt: numbers.startedAt,
        account: { id, name },
        held: hold,
        counts: await platform.store.counts(account),
        engine: numbers,
        minutes: await platform.store.tallies(account, now - HOUR_MS),
      },
      200,
    );
  });
}

/** The actor's account, which exists as long as its credentials do. */
export async function accountOf(api: Api, id: string) {
  const account = await api.platform.store.readAccount(id);
  assert(account, `no account ${id} though somebody signed in to it`);
  return account;
}
