// Tickers over HTTP: create, list, read, edit, delete, restore, start, stop. Decodes, calls one use
// case, tells the engine that something changed, and answers the view.

import { z } from "@hono/zod-openapi";
import { sha256 } from "../credential.ts";
import { VisibleError } from "../error.ts";
import {
  createTicker,
  deleteTicker,
  demandRevision,
  editTicker,
  findTicker,
  listTickers,
  restoreTicker,
  startTicker,
} from "../tickers.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { answerPage, splitFormat } from "./pages.ts";
import { HttpRefusal } from "./problem.ts";
import { Cursor, Flag, Limit, listOf, TickerAddress } from "./schema.ts";
import { TickerAsk, TickerPatchAsk, TickerViewSchema } from "./schema-ticker.ts";
import { viewMany, viewOne, withCurrent } from "./view.ts";

const tags = ["Tickers"];
const ETAG = {
  ETag: { description: 'The revision in quotes, `"8"`.', schema: { type: "string" as const } },
};
const KEY = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, "must be 1-200 visible ASCII characters")
  .optional()
  .openapi({
    description: "The same key and body make one ticker, however often they are sent.",
    example: "1f0c7f4e-created-once",
  });

export function addTickers(app: ApiApp, api: Api): void {
  addCollection(app, api);
  addReading(app, api);
  addEditing(app, api);
  addVerbs(app, api);
}

function addCollection(app: ApiApp, api: Api): void {
  const { platform, engine, options } = api;
  const create = operation(api, "write", {
    method: "post",
    path: "/v1/tickers",
    tags,
    summary: "Create a ticker",
    description:
      "It ticks at once unless `state` is `stopped`. What is left out gets its default; an unknown field is refused.",
    request: {
      headers: z.object({ "Idempotency-Key": KEY }),
      body: { required: true, content: { "application/json": { schema: TickerAsk } } },
    },
    responses: {
      201: {
        ...json(TickerViewSchema, "The ticker. `Idempotency-Replayed: true`: it was made earlier."),
        headers: { ...ETAG, Location: { schema: { type: "string" as const } } },
      },
    },
    errors: [409],
  });
  app.openapi(create, async (c) => {
    const { account } = actorOf(c);
    const key = c.req.valid("header")["Idempotency-Key"] ?? null;
    const body = c.req.valid("json");
    const made = await createTicker(platform, account, body, { key, zone: options.zone });
    const { id, revision } = made.entry.ticker;
    if (made.replayed) c.header("idempotency-replayed", "true");
    else engine.changed(account, id);
    c.header("location", `/v1/tickers/${id}`);
    c.header("etag", `"${revision}"`);
    return c.json(await viewOne(api, made.entry), 201);
  });

  const list = operation(api, "read", {
    method: "get",
    path: "/v1/tickers",
    tags,
    summary: "List tickers",
    description: "In order of page number. `script.source` comes along only when asked for.",
    request: {
      query: z.strictObject({
        limit: Limit,
        cursor: Cursor,
        tag: z.string().max(32).optional().openapi({ description: "Only those with this tag." }),
        deleted: Flag.openapi({ description: "1: those in the bin instead." }),
        source: Flag.openapi({ description: "1: with their code." }),
      }),
    },
    responses: { 200: json(listOf(TickerViewSchema), "The tickers.") },
  });
  app.openapi(list, async (c) => {
    const { limit, cursor, tag, deleted, source } = c.req.valid("query");
    const page = await listTickers(platform, actorOf(c).account, {
      limit,
      cursor: cursor ?? null,
      deleted,
      tag: tag ?? null,
    });
    return c.json({ items: await viewMany(api, page.items, source), next: page.next }, 200);
  });
}

function addReading(app: ApiApp, api: Api): void {
  const read = operation(api, "read", {
    method: "get",
    path: "/v1/tickers/{id}",
    tags,
    summary: "Read a ticker",
    description:
      "Answers JSON, or the page as text with `?format=` or a suffix on the address: `/v1/tickers/203.txt`, `.ansi`, `.svg`, `.json`. The ETag covers status and tile too; its part before the dot is the revision, and If-Match takes it whole or in part.",
    request: {
      params: TickerAddress,
      query: z.strictObject({
        format: z
          .enum(["json", "txt", "ansi", "svg"])
          .optional()
          .openapi({ description: "Left out: the suffix of the address, or JSON." }),
        deleted: Flag.openapi({ description: "1: look in the bin too." }),
      }),
      headers: z.object({
        "If-None-Match": z
          .string()
          .optional()
          .openapi({ description: "ETags you have: 304 where one is still right." }),
      }),
    },
    responses: {
      200: {
        description: "The ticker.",
        headers: ETAG,
        content: {
          "application/json": { schema: TickerViewSchema },
          "text/plain": { schema: z.string() },
          "image/svg+xml": { schema: z.string() },
        },
      },
      304: { description: "Nothing changed since that ETag." },
    },
    errors: [404],
  });
  app.openapi(read, async (c) => {
    const query = c.req.valid("query");
    const { address, format } = splitFormat(c.req.valid("param").id, query.format);
    const entry = await findTicker(api.platform, actorOf(c).account, address, query.deleted);
    if (format !== "json") return answerPage(api, c, entry, format) as never;
    const view = await viewOne(api, entry);
    const body = JSON.stringify(view);
    const etag = `"${entry.ticker.revision}.${(await sha256(body)).slice(0, 16)}"`;
    c.header("etag", etag);
    const known = c.req.valid("header")["If-None-Match"];
    if (known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)) {
      return c.body(null, 304) as never;
    }
    return c.json(view, 200);
  });
}

function addEditing(app: ApiApp, api: Api): void {
  const { platform, engine, options } = api;
  const edit = operation(api, "write", {
    method: "patch",
    path: "/v1/tickers/{id}",
    tags,
    summary: "Edit a ticker",
    description:
      "A JSON merge patch, one level deep: policy, limits and retention are merged, script, schedule and tags replaced. If-Match is needed, so that nobody's edit is lost; a conflict carries `current`.",
    request: {
      params: TickerAddress,
      headers: z.object({
        "If-Match": z
          .string()
          .optional()
          .openapi({
            param: { required: true },
            description: 'The ETag you read, or `*` for "whatever it is now".',
            pattern: IF_MATCH.source,
            example: '"8"',
          }),
      }),
      body: { required: true, content: { "application/json": { schema: TickerPatchAsk } } },
    },
    responses: { 200: { ...json(TickerViewSchema, "The ticker as it is now."), headers: ETAG } },
    errors: [404, 409, 428],
  });
  app.openapi(edit, async (c) => {
    const { account } = actorOf(c);
    const { id } = c.req.valid("param");
    const revision = revisionOf(c.req.valid("header")["If-Match"]);
    const patch = c.req.valid("json");
    const zone = options.zone;
    let entry = await withCurrent(api, () =>
      editTicker(platform, account, id, patch, { revision, zone }),
    );
    const tickerId = entry.ticker.id;
    if (patch.state === "stopped") entry = await engine.stop(account, tickerId);
    if (patch.state === "started") entry = await startTicker(platform, account, tickerId);
    engine.changed(account, tickerId);
    c.header("etag", `"${entry.ticker.revision}"`);
    return c.json(await viewOne(api, entry), 200);
  });

  const remove = operation(api, "write", {
    method: "delete",
    path: "/v1/tickers/{id}",
    tags,
    summary: "Delete a ticker",
    description:
      "Into the bin: it stops, its queue is killed, and it rests there 30 days with its runs and page number. A run under way goes on: kill it if it must end.",
    request: {
      params: TickerAddress,
      headers: z.object({
        "If-Match": z.string().optional().openapi({
          description: "The ETag you read: only if it is still that.",
          pattern: IF_MATCH.source,
        }),
      }),
    },
    responses: { 204: { description: "It is in the bin." } },
    errors: [404, 409],
  });
  app.openapi(remove, async (c) => {
    const { account } = actorOf(c);
    const entry = await findTicker(platform, account, c.req.valid("param").id);
    const ifMatch = c.req.valid("header")["If-Match"];
    if (ifMatch !== undefined) {
      await withCurrent(api, async () => demandRevision(entry, revisionOf(ifMatch)));
    }
    // First stopped, so that queued runs end as killed and are told of.
    await engine.stop(account, entry.ticker.id);
    await deleteTicker(platform, account, entry.ticker.id);
    engine.changed(account, entry.ticker.id, true);
    return c.body(null, 204);
  });
}

function addVerbs(app: ApiApp, api: Api): void {
  const { platform, engine } = api;
  const verb = <const P extends string>(path: P, summary: string, description: string) =>
    operation(api, "write", {
      method: "post",
      path,
      tags,
      summary,
      description,
      request: { params: TickerAddress },
      responses: { 200: json(TickerViewSchema, "The ticker as it is now.") },
      errors: [404, 409, 422],
    });

  const restore = verb("/v1/tickers/{id}/restore", "Restore a ticker", "Out of the bin, stopped.");
  app.openapi(restore, async (c) => {
    const { account } = actorOf(c);
    const entry = await restoreTicker(platform, account, c.req.valid("param").id);
    engine.changed(account, entry.ticker.id);
    return c.json(await viewOne(api, entry), 200);
  });

  const start = verb(
    "/v1/tickers/{id}/start",
    "Start a ticker",
    "It is due at once, then by schedule.",
  );
  app.openapi(start, async (c) => {
    const { account } = actorOf(c);
    const entry = await startTicker(platform, account, c.req.valid("param").id);
    engine.changed(account, entry.ticker.id);
    return c.json(await viewOne(api, entry), 200);
  });

  const stop = verb(
    "/v1/tickers/{id}/stop",
    "Stop a ticker",
    "After this answer no new run starts. A run under way goes on: kill it if it must end.",
  );
  app.openapi(stop, async (c) => {
    const { account } = actorOf(c);
    const { ticker } = await findTicker(platform, account, c.req.valid("param").id);
    return c.json(await viewOne(api, await engine.stop(account, ticker.id)), 200);
  });
}

const IF_MATCH = /^(?:\*|(?:W\/)?"(\d{1,15})(?:\.[0-9a-f]+)?")$/;

/** The revision an If-Match asks for: `"8"`, or the longer ETag of a read; null for `*`. */
function revisionOf(ifMatch: string | undefined): number | null {
  if (ifMatch === undefined) {
    throw new HttpRefusal(
      "precondition-required",
      'An edit needs If-Match with the ETag you read (such as "8"), or *.',
    );
  }
  const match = IF_MATCH.exec(ifMatch.trim());
  if (match) return match[1] === undefined ? null : Number(match[1]);
  throw new VisibleError("invalid", "If-Match is not an ETag of a ticker.", {
    issues: [{ path: "If-Match", message: 'must be the ETag you read, such as "8", or *' }],
  });
}
