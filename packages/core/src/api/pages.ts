// A ticker's page and the index as text, colours, picture or JSON: which of them a request wants is
// decided here, in one place. What wants HTML falls through to whoever serves the console.

import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { VisibleError } from "../error.ts";
import type { Row } from "../page/cells.ts";
import { indexPage } from "../page/index-page.ts";
import { renderAnsi, renderSvg, renderText } from "../page/render.ts";
import { tickerPage } from "../page/ticker-page.ts";
import type { Entry } from "../store.ts";
import { refusal } from "../ticker-input.ts";
import { findTicker, listTickers } from "../tickers.ts";
import type { Tile } from "../tile.ts";
import { accountOf } from "./account.ts";
import { type Api, type ApiApp, actorOf, problems } from "./context.ts";
import { requires } from "./guard.ts";
import { listOf } from "./schema.ts";
import { TickerViewSchema } from "./schema-ticker.ts";
import { viewMany, viewOne } from "./view.ts";

export type Format = "json" | "txt" | "ansi" | "svg";

/** Addresses of text pages at the root of the site: the index and the tickers' own numbers. */
export const PAGE_PATH = /^\/(100|[2-5][0-9][0-9])(?:\.(json|txt|ansi|svg))?$/;
const INDEX_LISTED_MAX = 500;

/**
 * `203.txt` is ticker 203 as text; a name or id works the same. `asked`: in the query instead; without
 * either it is JSON.
 */
export function splitFormat(id: string, asked?: Format): { address: string; format: Format } {
  const match = /^(.+)\.(json|txt|ansi|svg)$/.exec(id);
  if (match && asked !== undefined && asked !== match[2]) {
    throw refusal("The page was not drawn", [
      { path: "format", message: `is ${asked}, but the address asks for ${match[2]}` },
    ]);
  }
  const format = (match?.[2] ?? asked ?? "json") as Format;
  return { address: match?.[1] ?? id, format };
}

/** What `/203` should answer to this client; null: it is a browser and wants the console. */
export function formatWanted(accept: string | undefined, userAgent: string | undefined) {
  const wanted = (accept ?? "").toLowerCase();
  if (wanted.includes("text/html")) return null;
  if (wanted.includes("text/plain")) return "txt";
  if (wanted.includes("application/json")) return "json";
  if (wanted.includes("image/svg+xml")) return "svg";
  return /^curl\//i.test(userAgent ?? "") ? "ansi" : null;
}

export function addPages(app: ApiApp, api: Api): void {
  const signedIn = requires(api, "read");
  app.get("/:page{[1-5][0-9][0-9](\\.[a-z]+)?}", async (c, next) => {
    const match = PAGE_PATH.exec(c.req.path);
    if (!match?.[1]) return next();
    const format = (match[2] ??
      formatWanted(c.req.header("accept"), c.req.header("user-agent"))) as Format | null;
    if (format === null) return next();
    const page = match[1];
    let answer: Response | undefined;
    await signedIn(c, async () => {
      answer =
        page === "100"
          ? await answerIndex(api, c, format)
          : await answerTicker(api, c, page, format);
    });
    return answer;
  });
  document(app);
}

async function answerTicker(api: Api, c: Context, page: string, format: Format) {
  const entry = await findTicker(api.platform, actorOf(c).account, page);
  if (format === "json") return c.json(await viewOne(api, entry));
  return answerPage(api, c, entry, format);
}

/** The ticker's page in a format that is not JSON. */
export async function answerPage(
  api: Api,
  c: Context,
  entry: Entry,
  format: Exclude<Format, "json">,
): Promise<Response> {
  const { clock, store } = api.platform;
  const { id, owner, name, page } = entry.ticker;
  const [tile] = await api.engine.tiles([entry]);
  const rows = tickerPage({
    entry,
    tile: tile as Tile,
    runs: await store.listRuns(owner, id, { before: null, limit: 5, failed: false }),
    now: clock.now(),
    zone: api.options.zone,
  });
  return render(c, rows, format, `P${page ?? "---"} ${name}`);
}

async function answerIndex(api: Api, c: Context, format: Format): Promise<Response> {
  const { account } = actorOf(c);
  const ask = { limit: INDEX_LISTED_MAX, cursor: null, deleted: false, tag: null };
  const { items, next } = await listTickers(api.platform, account, ask);
  if (format === "json") return c.json({ items: await viewMany(api, items, false), next });
  const rows = indexPage({
    tiles: await api.engine.tiles(items),
    more: next !== null,
    held: (await accountOf(api, account)).hold !== null,
    now: api.platform.clock.now(),
    zone: api.options.zone,
  });
  return render(c, rows, format, "P100 Ticker: the index");
}

function render(c: Context, rows: Row[], format: Exclude<Format, "json">, title: string): Response {
  const plain = { "content-type": "text/plain; charset=utf-8", vary: "Accept, User-Agent" };
  switch (format) {
    case "txt":
      return c.body(renderText(rows), 200, plain);
    case "ansi":
      return c.body(renderAnsi(rows), 200, plain);
    case "svg":
      return c.body(renderSvg(rows, title), 200, {
        "content-type": "image/svg+xml; charset=utf-8",
        vary: "Accept, User-Agent",
      });
    default:
      throw new VisibleError("not-found", `There is no format ${format satisfies never}.`);
  }
}

/** The router's pattern cannot be said in OpenAPI, so the addresses are documented beside it. */
function document(app: ApiApp): void {
  const drawn = { "text/plain": { schema: z.string() }, "image/svg+xml": { schema: z.string() } };
  const data = z.union([TickerViewSchema, listOf(TickerViewSchema)]);
  const answer = { ...drawn, "application/json": { schema: data } };
  const responses = {
    200: { description: "The page, 40 columns by up to 25 rows.", content: answer },
    ...problems([401, 403, 404, 421, 429, 503]),
  };
  const security = [{ bearer: ["read"] }, { session: ["read"] }];
  const page = z.string().openapi({
    param: { name: "page", in: "path" },
    description: "100 for the index, 200-599 for a ticker.",
    pattern: "^(100|[2-5][0-9][0-9])$",
    example: "203",
  });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/{page}.{format}",
    tags: ["Pages"],
    summary: "A page as text or picture",
    description:
      "The same forty columns in each: plain, with terminal colours, or as SVG; or the data.",
    security,
    request: {
      params: z.object({
        page,
        format: z.enum(["txt", "ansi", "svg", "json"]).openapi({
          param: { name: "format", in: "path" },
          description: "Plain text, text with colours, a picture, or the data.",
        }),
      }),
    },
    responses,
  });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/{page}",
    tags: ["Pages"],
    summary: "A page, in what the client can show",
    description:
      "curl gets colours, `Accept` chooses between text/plain, application/json and image/svg+xml; all others get the console, which is open to all and signs in by itself.",
    security: [...security, {}],
    request: { params: z.object({ page }) },
    responses: {
      ...responses,
      200: { ...responses[200], content: { ...answer, "text/html": { schema: z.string() } } },
    },
  });
}
