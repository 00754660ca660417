// Secrets for scripts, write-only: sealed by the vault on the way in, never on the way out.

import { z } from "@hono/zod-openapi";
import { VisibleError } from "../error.ts";
import { SECRET_CHARS_MIN } from "../mask.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { Instant } from "./schema.ts";

export const SECRETS_MAX = 200;
const SECRET_CHARACTERS_MAX = 8192;

const SecretAddress = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,63}$/, "must be 1-64 of A-Z, 0-9 and underscore, a letter first")
    .openapi({
      param: { name: "name", in: "path" },
      description: "What scripts ask for.",
      example: "SMTP_KEY",
    }),
});
const SecretSchema = z.strictObject({ name: z.string(), updatedAt: Instant }).openapi("Secret");

export function addSecrets(app: ApiApp, api: Api): void {
  const { store, vault, clock } = api.platform;
  const tags = ["Secrets"];
  const list = operation(api, "read", {
    method: "get",
    path: "/v1/secrets",
    tags,
    summary: "List secrets",
    description: "Their names only: nobody can read a value back.",
    responses: { 200: json(z.strictObject({ items: z.array(SecretSchema) }), "The names.") },
  });
  app.openapi(list, async (c) => {
    const secrets = await store.readSecrets(actorOf(c).account, null);
    return c.json({ items: secrets.map(({ name, updatedAt }) => ({ name, updatedAt })) }, 200);
  });

  const put = operation(api, "hand-on", {
    method: "put",
    path: "/v1/secrets/{name}",
    tags,
    summary: "Set a secret",
    description: "Scripts read it as `secret(name)`; it is masked wherever it would be printed.",
    request: {
      params: SecretAddress,
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({
                value: z
                  .string()
                  .min(
                    SECRET_CHARS_MIN,
                    `must have at least ${SECRET_CHARS_MIN} characters: a shorter one could not be masked in output`,
                  )
                  .max(SECRET_CHARACTERS_MAX, `is over ${SECRET_CHARACTERS_MAX} characters`),
              })
              .openapi("SecretAsk", { example: { value: "correct horse" } }),
          },
        },
      },
    },
    responses: { 200: json(SecretSchema, "It is kept.") },
  });
  app.openapi(put, async (c) => {
    const { account } = actorOf(c);
    const { name } = c.req.valid("param");
    const others = (await store.readSecrets(account, null)).filter((one) => one.name !== name);
    if (others.length >= SECRETS_MAX) {
      throw new VisibleError(
        "limit",
        `This account has its ${SECRETS_MAX} secrets: delete some first.`,
      );
    }
    const updatedAt = clock.now();
    await store.putSecret(account, name, await vault.seal(c.req.valid("json").value), updatedAt);
    return c.json({ name, updatedAt }, 200);
  });

  const remove = operation(api, "hand-on", {
    method: "delete",
    path: "/v1/secrets/{name}",
    tags,
    summary: "Delete a secret",
    description: "Scripts that ask for it fail from now on.",
    request: { params: SecretAddress },
    responses: { 204: { description: "It is gone." } },
    errors: [404, 422],
  });
  app.openapi(remove, async (c) => {
    const gone = await store.removeSecret(actorOf(c).account, c.req.valid("param").name);
    if (!gone) throw new VisibleError("not-found", "There is no such secret.");
    return c.body(null, 204);
  });
}
