// Tokens for programs. A token's text is shown once and kept only as a hash; scopes and life are
// never wider than those of whoever makes it.

import { z } from "@hono/zod-openapi";
import type { Actor } from "../access.ts";
import { revokeToken } from "../access.ts";
import type { Credential, Scope } from "../account.ts";
import { issueCredential } from "../credential.ts";
import { VisibleError } from "../error.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { Instant, Line } from "./schema.ts";

const ScopeSchema = z.enum(["read", "write"]);
const TOKEN = {
  id: z.string(),
  name: z.string(),
  scopes: z.array(ScopeSchema),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
  lastUsedAt: Instant.nullable(),
};
const TokenSchema = z.strictObject(TOKEN).openapi("Token");
const NewTokenSchema = z
  .strictObject({ ...TOKEN, token: z.string().openapi({ description: "Shown this once." }) })
  .openapi("NewToken");

export function addTokens(app: ApiApp, api: Api): void {
  const { platform } = api;
  const tags = ["Tokens"];
  const list = operation(api, "read", {
    method: "get",
    path: "/v1/tokens",
    tags,
    summary: "List tokens",
    description: "Without their texts, which nobody knows any more.",
    responses: { 200: json(z.strictObject({ items: z.array(TokenSchema) }), "The tokens.") },
  });
  app.openapi(list, async (c) => {
    const tokens = await platform.store.listCredentials(actorOf(c).account, ["token"]);
    return c.json({ items: tokens.map(tokenView) }, 200);
  });

  const create = operation(api, "hand-on", {
    method: "post",
    path: "/v1/tokens",
    tags,
    summary: "Create a token",
    description:
      "It may do no more, and last no longer, than whoever creates it; revoking that one does not end it.",
    request: {
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({
                name: Line.min(1, "must not be empty").max(64),
                scopes: z
                  .array(ScopeSchema)
                  .min(1, "must hold read, write or both")
                  .max(2)
                  .optional(),
                expiresAt: Instant.nullable().optional().openapi({
                  description: "Must lie in the future; left out or null: no end of its own.",
                  example: 4102444800000,
                }),
              })
              .openapi("TokenAsk", { example: { name: "deploy", scopes: ["read", "write"] } }),
          },
        },
      },
    },
    responses: { 201: json(NewTokenSchema, "The token, with its text this once.") },
  });
  app.openapi(create, async (c) => {
    const actor = actorOf(c);
    const ask = c.req.valid("json");
    refuseWider(actor, ask.scopes ?? []);
    const { secret, credential } = await issueCredential(platform, {
      kind: "token",
      owner: actor.account,
      name: ask.name,
      scopes: ask.scopes ? [...new Set(ask.scopes)] : actor.scopes,
      expiresAt: notAfter(actor, ask.expiresAt ?? null),
    });
    return c.json({ ...tokenView(credential), token: secret }, 201);
  });

  const remove = operation(api, "hand-on", {
    method: "delete",
    path: "/v1/tokens/{tokenId}",
    tags,
    summary: "Revoke a token",
    description: "At once, with the sessions opened by it. Tokens it created stay: see the list.",
    request: {
      params: z.strictObject({
        tokenId: z.string().max(80).openapi({ description: "`id` in the list." }),
      }),
    },
    responses: { 204: { description: "It is gone." } },
    errors: [404],
  });
  app.openapi(remove, async (c) => {
    const gone = await revokeToken(platform, actorOf(c).account, c.req.valid("param").tokenId);
    if (!gone) throw new VisibleError("not-found", "There is no such token.");
    return c.body(null, 204);
  });
}

function refuseWider(actor: Actor, scopes: Scope[]): void {
  const wider = scopes.filter((scope) => !actor.scopes.includes(scope));
  if (wider.length === 0) return;
  throw new VisibleError(
    "forbidden",
    `This ${actor.via} may only ${actor.scopes.join(" and ")}; it cannot hand on ${wider.join(" and ")}.`,
    { issues: [{ path: "scopes", message: `must be within ${actor.scopes.join(", ")}` }] },
  );
}

/** No longer than the actor's own. */
function notAfter(actor: Actor, expiresAt: number | null): number | null {
  // Only sessions are renewed by signing in again; a token made in one may outlive it.
  if (actor.via !== "token" || actor.expiresAt === null) return expiresAt;
  return Math.min(expiresAt ?? actor.expiresAt, actor.expiresAt);
}

const tokenView = (token: Credential) => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes,
  createdAt: token.createdAt,
  expiresAt: token.expiresAt,
  lastUsedAt: token.lastUsedAt,
});
