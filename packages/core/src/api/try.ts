// Try it: a dry run of unsaved code, told as it happens (one JSON event a line) or at its end.
// Nothing is stored; the connection's end ends the script. How many at once is the engine's to say.

import { z } from "@hono/zod-openapi";
import type { TryEvent } from "../engine.ts";
import { checkInput, mergeSettings, SETTINGS_DEFAULT } from "../ticker-input.ts";
import { demandScriptCompiles, findTicker } from "../tickers.ts";
import { type Api, type ApiApp, actorOf, operation } from "./context.ts";
import { TryEventSchema, TryResultSchema } from "./schema-run.ts";
import { ScriptSchema, TickerPatchAsk } from "./schema-ticker.ts";

const Ask = z
  .strictObject({
    script: ScriptSchema,
    limits: TickerPatchAsk.shape.limits,
    ticker: z.string().max(80).optional().openapi({
      description: "A ticker that lends its kept state and facts.",
    }),
  })
  .openapi("TryAsk", {
    example: { script: { language: "javascript", source: "print('hello')" } },
  });
const Answer = z
  .strictObject({ events: z.array(TryEventSchema), result: TryResultSchema })
  .openapi("TryAnswer");

export function addTry(app: ApiApp, api: Api): void {
  const attempt = operation(api, "write", {
    method: "post",
    path: "/v1/try",
    tags: ["Runs"],
    summary: "Try code without saving it",
    description:
      "With `Accept: application/x-ndjson` the events come as they happen, one JSON a line, and last a line of kind `result`.",
    request: { body: { required: true, content: { "application/json": { schema: Ask } } } },
    responses: {
      200: {
        description: "What it printed and how it ended.",
        content: {
          "application/json": { schema: Answer },
          "application/x-ndjson": { schema: z.string() },
        },
      },
    },
    errors: [404, 409],
  });
  app.openapi(attempt, async (c) => {
    const { account } = actorOf(c);
    const { script, limits, ticker } = c.req.valid("json");
    checkInput({ script });
    const entry = ticker === undefined ? null : await findTicker(api.platform, account, ticker);
    await demandScriptCompiles(api.platform, script);
    const lent = entry ? { ...SETTINGS_DEFAULT, limits: entry.ticker.limits } : SETTINGS_DEFAULT;
    const ask = {
      script,
      limits: mergeSettings(lent, { limits }).limits,
      tickerId: entry?.ticker.id ?? null,
    };
    const { signal } = c.req.raw;
    if (/application\/x-ndjson/.test(c.req.header("accept") ?? "")) {
      return (await stream(api, account, ask, signal)) as never;
    }
    const events: TryEvent[] = [];
    const result = await api.engine.tryScript(account, { ...ask, signal }, (more) => {
      events.push(...more);
    });
    return c.json({ events, result }, 200);
  });
}

type TryAsk = Omit<Parameters<Api["engine"]["tryScript"]>[1], "signal">;

/**
 * Lines as they come. The answer begins with the first event or the end, so that a refusal before
 * that is still a problem with its own status.
 */
async function stream(api: Api, account: string, ask: TryAsk, asker: AbortSignal) {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, asker]);
  const encoder = new TextEncoder();
  let out: ReadableStreamDefaultController<Uint8Array> | null = null;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      out = controller;
    },
    cancel: () => left.abort(),
  });
  const say = (line: object) => {
    if (!signal.aborted) out?.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
  };
  const first = Promise.withResolvers<void>();
  const ended = api.engine
    .tryScript(account, { ...ask, signal }, (events) => {
      for (const event of events) say(event);
      first.resolve();
    })
    .then((result) => {
      say({ kind: "result", ...result });
      if (!signal.aborted) out?.close();
    });
  ended.then(first.resolve, (error) => {
    first.reject(error);
    // Once lines went out the status did too: breaking off is the only honest way left to say so.
    if (!signal.aborted) out?.error(error);
  });
  await first.promise;
  return new Response(body, {
    headers: { "content-type": "application/x-ndjson", "x-accel-buffering": "no" },
  });
}
