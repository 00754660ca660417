// What stands before every route: whose host this is, which page asks, who is asking and how often.
// Middleware only; the rules of access are in ../access.ts, bodies are in body.ts.

import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { type Action, type Actor, demand, type Proof } from "../access.ts";
import { VisibleError } from "../error.ts";
import { spend } from "../rate.ts";
import type { Api, ApiEnv } from "./context.ts";
import { HttpRefusal } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** On everything this service answers, the console's files included. */
export const SECURITY_HEADERS: Record<string, string> = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Cookies carry `__Host-` where the site is https, so that no sibling site can plant one. */
export const sessionCookie = (secure: boolean): string =>
  secure ? "__Host-ticker_session" : "ticker_session";

/** Headers on every answer; nothing but named assets may be kept by caches. */
export const secureHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
};

/** A page elsewhere that points its own name at our address is refused here (DNS rebinding). */
export const ownHost =
  (api: Api): MiddlewareHandler =>
  async (c, next) => {
    const host = hostOf(c.req.raw);
    if (!api.options.hostAllowed(host)) {
      throw new HttpRefusal(
        "misdirected",
        `This service is not ${JSON.stringify(host.slice(0, 100))}: ask it by a name it was told is its own.`,
      );
    }
    await next();
  };

/** Unsafe methods that a browser's cookie could prove must come from our own pages. */
export const ownOrigin =
  (api: Api): MiddlewareHandler =>
  async (c, next) => {
    if (!SAFE.has(c.req.method) && c.req.header("authorization") === undefined) {
      const cookie = getCookie(c, sessionCookie(api.options.secureCookies)) !== undefined;
      if (!fromOwnPage(c.req.raw, cookie)) {
        throw new VisibleError(
          "forbidden",
          "This request does not come from this site's own pages: use a bearer token instead of the cookie.",
        );
      }
    }
    await next();
  };

/**
 * True when the browser says the request comes from this very site, or it is no browser and
 * `proofNeeded` is false.
 */
export function fromOwnPage(request: Request, proofNeeded: boolean): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("origin");
  if (origin === null) return site !== null || !proofNeeded;
  return URL.canParse(origin) && new URL(origin).host === hostOf(request);
}

/** The Host header in lower case, or the address's host where there is none. */
export const hostOf = (request: Request): string =>
  (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();

/** The bearer token of a header; null without one; throws on another scheme. */
export function bearerOf(authorization: string | null | undefined): string | null {
  if (authorization == null) return null;
  const match = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization);
  if (!match?.[1]) {
    throw new VisibleError("unauthenticated", "Authorization must read `Bearer <token>`.");
  }
  return match[1];
}

/** Finds out who asks and stops them if they may not. */
export const requires =
  (api: Api, access: Action | "open"): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    if (access !== "open") {
      const actor = demand(await actorOfRequest(api, c), access);
      spend(api.requests, actor.account, "requests");
      c.set("actor", actor);
    }
    await next();
  };

/** Who asks, by bearer or cookie; wrong proofs are counted against their address. */
export async function actorOfRequest(api: Api, c: Context): Promise<Actor | null> {
  const session = getCookie(c, sessionCookie(api.options.secureCookies)) ?? null;
  return authenticateCounted(api, addressOf(api, c), () => ({
    bearer: bearerOf(c.req.header("authorization")),
    session,
    ticket: null,
  }));
}

export async function authenticateCounted(
  api: Api,
  address: string,
  proof: () => Proof,
): Promise<Actor | null> {
  try {
    return await api.access.authenticate(proof());
  } catch (error) {
    if (error instanceof VisibleError && error.code === "unauthenticated") {
      spend(api.attempts, `proof ${address}`, "wrong tokens");
    }
    throw error;
  }
}

export const addressOf = (api: Api, c: Context): string =>
  api.options.addressOf?.(c.req.raw, c.env) ?? "everyone";
