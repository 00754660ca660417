// Signing browsers in and out, and the one-time tickets that open a feed from a page elsewhere.

import { z } from "@hono/zod-openapi";
import { deleteCookie, setCookie } from "hono/cookie";
import { TICKET_LIFE_MS, ticketName } from "../access.ts";
import { issueCredential } from "../credential.ts";
import { accountOf } from "./account.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";
import { addressOf, sessionCookie } from "./guard.ts";
import { HttpRefusal } from "./problem.ts";
import { Instant } from "./schema.ts";

const tags = ["Session"];
const AccountSchema = z.strictObject({ id: z.string(), name: z.string() }).openapi("Account");
const Proof = z.string().min(1).max(512);
const SignInAsk = z
  .strictObject({ link: Proof.optional(), password: Proof.optional(), token: Proof.optional() })
  .refine((ask) => Object.values(ask).filter((value) => value !== undefined).length === 1, {
    message: "exactly one of link, password and token is needed",
  })
  .openapi("SignInAsk", {
    example: { link: "tkl_..." },
    oneOf: [{ required: ["link"] }, { required: ["password"] }, { required: ["token"] }],
  });

export function addSession(app: ApiApp, api: Api): void {
  const { access, options, platform } = api;
  const cookie = sessionCookie(options.secureCookies);
  const attributes = {
    httpOnly: true,
    sameSite: "Strict" as const,
    path: "/",
    secure: options.secureCookies,
  };

  const signIn = operation(api, "open", {
    method: "post",
    path: "/v1/session",
    tags,
    summary: "Sign in",
    description:
      "By one-time link, password or token; answers with an HttpOnly, SameSite=Strict cookie. Passwords, and wrong links and tokens, are limited; a right link or token always gets in.",
    request: { body: { required: true, content: { "application/json": { schema: SignInAsk } } } },
    responses: { 200: json(z.strictObject({ account: AccountSchema }), "Signed in.") },
    errors: [401, 403],
  });
  app.openapi(signIn, async (c) => {
    const ask = c.req.valid("json");
    const by =
      ask.link !== undefined
        ? { link: ask.link }
        : ask.password !== undefined
          ? { password: ask.password }
          : { token: ask.token ?? "" };
    const { secret, expiresAt, actor } = await access.signIn(by, addressOf(api, c));
    setCookie(c, cookie, secret, { ...attributes, expires: new Date(expiresAt) });
    const { id, name } = await accountOf(api, actor.account);
    return c.json({ account: { id, name } }, 200);
  });

  const whoAmI = operation(api, "read", {
    method: "get",
    path: "/v1/session",
    tags,
    summary: "Who is signed in",
    description: "401 when nobody is.",
    responses: {
      200: json(z.strictObject({ account: AccountSchema, version: z.string() }), "You are."),
    },
  });
  app.openapi(whoAmI, async (c) => {
    const { id, name } = await accountOf(api, actorOf(c).account);
    return c.json({ account: { id, name }, version: options.version }, 200);
  });

  const signOut = operation(api, "read", {
    method: "delete",
    path: "/v1/session",
    tags,
    summary: "Sign out",
    description: "The session ends here and everywhere it was copied to.",
    responses: { 204: { description: "Signed out." } },
  });
  app.openapi(signOut, async (c) => {
    await access.signOut(actorOf(c));
    deleteCookie(c, cookie, attributes);
    return c.body(null, 204);
  });

  const feed = operation(api, "read", {
    method: "get",
    path: "/v1/feed",
    tags: ["Feed"],
    summary: "Open the feed",
    description:
      "A WebSocket with the subprotocol `ticker.v1`: what is said on it stands in the feed's own part. A plain GET is told so.",
    responses: { 101: { description: "The feed is open." } },
    errors: [426],
  });
  app.openapi(feed, () => {
    throw new HttpRefusal(
      "upgrade-required",
      "The feed is a WebSocket: ask for an upgrade and offer the subprotocol ticker.v1.",
      { upgrade: "websocket" },
    );
  });

  const ticket = operation(api, "read", {
    method: "post",
    path: "/v1/feed-ticket",
    tags: ["Feed"],
    summary: "Get a ticket for one socket",
    description:
      "For a page elsewhere that must not hold a token: offer it as WebSocket subprotocol `ticket.<secret>` beside `ticker.v1`, once, within 30 seconds.",
    responses: {
      201: json(z.strictObject({ ticket: z.string(), expiresAt: Instant }), "The ticket."),
    },
  });
  app.openapi(ticket, async (c) => {
    const actor = actorOf(c);
    const expiresAt = platform.clock.now() + TICKET_LIFE_MS;
    const { secret } = await issueCredential(platform, {
      kind: "ticket",
      owner: actor.account,
      name: ticketName(actor),
      scopes: actor.scopes,
      expiresAt,
    });
    return c.json({ ticket: secret, expiresAt }, 201);
  });
}
