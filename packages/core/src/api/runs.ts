// Runs over HTTP: run now, list, read with events, kill, set the output from outside, read the kept
// state.

import { z } from "@hono/zod-openapi";
import { VisibleError } from "../error.ts";
import type { Run } from "../run.ts";
import type { Entry } from "../store.ts";
import { refusal } from "../ticker-input.ts";
import { findTicker } from "../tickers.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { Flag, Limit, listOf, TickerAddress, whole } from "./schema.ts";
import { RunSchema, RunWithEventsSchema } from "./schema-run.ts";
import { runView } from "./view.ts";

const tags = ["Runs"];
const RunNumber = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, "must be a run's number")
  .optional()
  .openapi({ description: "Only runs with a lower number: `next` of the page before." });
const RunAddress = TickerAddress.extend({
  run: z
    .string()
    .regex(
      /^([1-9]\d{0,14}|latest|last-failed)$/,
      "must be a run's number, `latest` or `last-failed`",
    )
    .openapi({
      param: { name: "run", in: "path" },
      description: "The run's number, `latest` or `last-failed`.",
      example: "latest",
    }),
});

export function addRuns(app: ApiApp, api: Api): void {
  addReading(app, api);
  addDoing(app, api);
}

function addReading(app: ApiApp, api: Api): void {
  const { platform } = api;
  const list = operation(api, "read", {
    method: "get",
    path: "/v1/tickers/{id}/runs",
    tags,
    summary: "List a ticker's runs",
    description: "Newest first. Skipped and missed due times have records too.",
    request: {
      params: TickerAddress,
      query: z.strictObject({
        before: RunNumber,
        cursor: RunNumber,
        limit: Limit,
        failed: Flag.openapi({ description: "1: only failures." }),
      }),
    },
    responses: { 200: json(listOf(RunSchema), "The runs.") },
    errors: [404],
  });
  app.openapi(list, async (c) => {
    const { account } = actorOf(c);
    const { before, cursor, limit, failed } = c.req.valid("query");
    if (before !== undefined && cursor !== undefined) {
      throw refusal("The runs were not listed", [
        { path: "before", message: "and cursor say the same: send one of them" },
      ]);
    }
    const { ticker } = await findTicker(platform, account, c.req.valid("param").id, true);
    const below = before ?? cursor;
    const runs = await platform.store.listRuns(account, ticker.id, {
      before: below === undefined ? null : Number(below),
      limit,
      failed,
    });
    const last = runs.length === limit ? runs.at(-1) : undefined;
    const next = last && last.number > 1 ? String(last.number) : null;
    return c.json({ items: runs.map(runView), next }, 200);
  });

  const read = operation(api, "read", {
    method: "get",
    path: "/v1/tickers/{id}/runs/{run}",
    tags,
    summary: "Read a run with its events",
    description: "While it runs too: ask again with `from` = `nextSeq`, or follow the feed.",
    request: {
      params: RunAddress,
      query: z.strictObject({
        from: whole(1, Number.MAX_SAFE_INTEGER, 1, "First event number wanted."),
        limit: whole(1, 5000, 1000, "How many events at most."),
      }),
    },
    responses: { 200: json(RunWithEventsSchema, "The run.") },
    errors: [404],
  });
  app.openapi(read, async (c) => {
    const { account } = actorOf(c);
    const { id, run: which } = c.req.valid("param");
    const { from, limit } = c.req.valid("query");
    const run = await findRun(api, account, await findTicker(platform, account, id, true), which);
    const { store } = platform;
    const events = await store.readEvents(account, run.tickerId, run.number, from, limit);
    const last = events.at(-1);
    const nextSeq = last && events.length === limit && last.seq < run.seq ? last.seq + 1 : null;
    return c.json({ ...runView(run), events, nextSeq }, 200);
  });

  const state = operation(api, "read", {
    method: "get",
    path: "/v1/tickers/{id}/state",
    tags,
    summary: "Read what the script keeps between runs",
    description: "The values of `state.set`, by key.",
    request: { params: TickerAddress },
    responses: {
      200: json(z.strictObject({ items: z.record(z.string(), z.unknown()) }), "The kept values."),
    },
    errors: [404],
  });
  app.openapi(state, async (c) => {
    const { ticker } = await findTicker(
      platform,
      actorOf(c).account,
      c.req.valid("param").id,
      true,
    );
    const kept = await platform.store.readState(ticker.id);
    const items = Object.fromEntries(
      Object.entries(kept).map(([key, text]) => [key, JSON.parse(text) as unknown]),
    );
    return c.json({ items }, 200);
  });
}

function addDoing(app: ApiApp, api: Api): void {
  const { platform, engine } = api;
  const run = operation(api, "write", {
    method: "post",
    path: "/v1/tickers/{id}/run",
    tags,
    summary: "Run a ticker now",
    description:
      "Beside its schedule. What happens while another run is going is the overlap policy's.",
    request: { params: TickerAddress },
    responses: { 202: json(RunSchema, "The run, running or queued.") },
    errors: [404, 409],
  });
  app.openapi(run, async (c) => {
    const { account } = actorOf(c);
    const { ticker } = await findTicker(platform, account, c.req.valid("param").id);
    return c.json(runView(await engine.runNow(account, ticker.id)), 202);
  });

  const kill = operation(api, "write", {
    method: "post",
    path: "/v1/tickers/{id}/runs/{run}/kill",
    tags,
    summary: "Kill a run",
    description:
      "It is over within a second, and when this answers. One that had ended is answered as it is.",
    request: { params: RunAddress },
    responses: { 200: json(RunSchema, "The run, over.") },
    errors: [404],
  });
  app.openapi(kill, async (c) => {
    const { account } = actorOf(c);
    const { id, run: which } = c.req.valid("param");
    const entry = await findTicker(platform, account, id, true);
    const { number } = await findRun(api, account, entry, which);
    return c.json(runView(await engine.kill(account, entry.ticker.id, number)), 200);
  });

  const output = operation(api, "write", {
    method: "put",
    path: "/v1/tickers/{id}/output",
    tags,
    summary: "Set a ticker's text from outside",
    description:
      "A finished run of its own, as if a script had printed that. Send `{text}` as JSON or the text itself as text/plain.",
    request: {
      params: TickerAddress,
      body: {
        // A required body would be read as JSON even where it is text; the document says it right.
        required: false,
        content: {
          "application/json": {
            schema: z.strictObject({ text: z.string() }).openapi("OutputAsk", {
              example: { text: "42 widgets\n80%" },
            }),
          },
          "text/plain": { schema: z.string() },
        },
      },
    },
    responses: { 200: json(RunSchema, "The run that holds the text.") },
    errors: [404],
  });
  const { body } = output.request;
  const documented = {
    ...output,
    request: { ...output.request, body: { ...body, required: true } },
  };
  app.openAPIRegistry.registerPath(documented);
  app.openapi({ ...output, hide: true }, async (c) => {
    const { account } = actorOf(c);
    const { ticker } = await findTicker(platform, account, c.req.valid("param").id);
    const isPlain = /^text\/plain\b/i.test(c.req.header("content-type") ?? "");
    const body = c.req.valid("json") as { text?: string };
    const text = isPlain ? await c.req.text() : body.text;
    if (text === undefined) {
      throw refusal("The output was not set", [{ path: "text", message: "is needed" }]);
    }
    return c.json(runView(await engine.setOutput(account, ticker.id, text)), 200);
  });
}

/** By number, `latest` or `last-failed`; throws `not-found`. */
async function findRun(api: Api, owner: string, entry: Entry, which: string): Promise<Run> {
  const { store } = api.platform;
  const { id, name } = entry.ticker;
  const [newest] =
    which === "latest" || which === "last-failed"
      ? await store.listRuns(owner, id, {
          before: null,
          limit: 1,
          failed: which === "last-failed",
        })
      : [await store.readRun(owner, id, Number(which))];
  if (newest) return newest;
  throw new VisibleError("not-found", `Ticker ${name} has no run ${which}, or keeps it no longer.`);
}
