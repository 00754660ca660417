// What every route file is given: the platform, the engine, the options, and the one way to declare
// a route, which ties its access, its documentation and its checks together so that none can be
// forgotten.

import { createRoute, type OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { type Access, type Action, type Actor, SCOPE } from "../access.ts";
import type { Engine } from "../engine.ts";
import { assert } from "../error.ts";
import type { Platform } from "../platform.ts";
import type { Rate } from "../rate.ts";
import { readBody } from "./body.ts";
import { requires } from "./guard.ts";
import { ProblemSchema } from "./schema.ts";

export type ApiOptions = {
  version: string;
  /** Account the operator's token and password act as. */
  owner: string;
  operatorToken: string | null;
  operatorPassword: string | null;
  /** Is this Host header (name and port) one of ours? Guards against DNS rebinding. */
  hostAllowed(host: string): boolean;
  /** Serve cookies `Secure` and `__Host-`: the site is reached by https. */
  secureCookies: boolean;
  /** Zone of schedules that name none, and of the clock on text pages. */
  zone: string;
  /** Whom a request comes from, for rate limits; by default all are one. */
  addressOf?(request: Request, env: unknown): string;
  /** The script's host API as a .d.ts text, for /docs. */
  hostApi?: string;
};

export type Api = {
  platform: Platform;
  engine: Engine;
  options: ApiOptions;
  access: Access;
  /** Wrong proofs and sign-ins, by address. */
  attempts: Rate;
  /** All requests, by account. */
  requests: Rate;
};

export type ApiEnv = { Variables: { actor: Actor | null } };
export type ApiApp = OpenAPIHono<ApiEnv>;

const PROBLEM_TEXT: Record<number, string> = {
  400: "The body cannot be read: not UTF-8, not JSON, nested too deep, or with a name given twice.",
  401: "Nobody is signed in, or the proof is wrong.",
  403: "The token's scopes do not allow it, or the page asking is somebody else's.",
  404: "Absent, or not yours: the two look alike.",
  409: "Somebody changed it since, the name or page is taken, or killall is in force.",
  413: "The body is over 256 KB.",
  415: "The body is of another type than the ones named here.",
  421: "The Host header is not one of this service's names.",
  422: "The input says something impossible; `issues` names each place.",
  426: "This is a WebSocket: ask for an upgrade.",
  428: "If-Match is missing.",
  429: "A limit is reached; Retry-After says when to come back.",
  503: "Starting, shutting down, or the store does not answer; Retry-After says when to come back.",
};

/** Responses with these statuses, as the document says them. */
export const problems = (statuses: number[]) =>
  Object.fromEntries(
    statuses.toSorted().map((status) => {
      const description = PROBLEM_TEXT[status];
      assert(description, `no words for status ${status}`);
      const content = { "application/problem+json": { schema: ProblemSchema } };
      return [status, { description, content }];
    }),
  );

/**
 * A route: `access` says what it needs (`open`: nothing), `errors` which problems it has beside those of
 * its access, its input and every route.
 */
export function operation<const R extends Omit<RouteConfig, "middleware" | "security" | "hide">>(
  api: Api,
  access: Action | "open",
  config: R & { errors?: number[] },
) {
  const { errors = [], ...route } = config;
  const body = route.request?.body;
  const statuses = new Set([
    ...(access === "open" ? [] : [401, 403]),
    ...(body ? [400, 413, 415, 422] : []),
    ...(route.request?.query || route.request?.params ? [422] : []),
    421,
    429,
    503,
    ...errors,
  ]);
  const middleware: MiddlewareHandler[] = [requires(api, access)];
  if (body) middleware.push(readBody(Object.keys(body.content)));
  return createRoute({
    ...route,
    middleware,
    security: access === "open" ? [] : [{ bearer: [SCOPE[access]] }, { session: [SCOPE[access]] }],
    responses: { ...route.responses, ...problems([...statuses]) },
  } as unknown as R & { path: R["path"] });
}

/** The actor of a route that is not open. */
export function actorOf(c: Context<ApiEnv>): Actor {
  const actor = c.get("actor");
  assert(actor, "a route that is not open has an actor");
  return actor;
}

/** A JSON response as OpenAPI wants it said. */
export const json = <T>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
