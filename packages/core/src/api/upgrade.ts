// The WebSocket's door: who may open a feed. Called by whoever accepts the upgrade, before
// accepting.

import { type Actor, demand } from "../access.ts";
import { SUBPROTOCOL } from "../protocol.ts";
import type { Api } from "./context.ts";
import { authenticateCounted, bearerOf, fromOwnPage, hostOf, sessionCookie } from "./guard.ts";
import { HttpRefusal, problemOf } from "./problem.ts";

/** Header names in lower case, as Node gives them. */
export type UpgradeRequest = {
  headers: Record<string, string | string[] | undefined>;
  address: string;
};
export type Upgrade =
  | { ok: true; actor: Actor }
  | { ok: false; status: number; headers: Record<string, string>; body: string };

const TICKET = "ticket.";

/**
 * Answers the actor, or the problem to refuse the upgrade with. Choose `ticker.v1` as subprotocol.
 */
export async function authenticateUpgrade(api: Api, ask: UpgradeRequest): Promise<Upgrade> {
  try {
    return { ok: true, actor: await actorOfUpgrade(api, ask) };
  } catch (error) {
    const { problem, headers } = problemOf(error);
    return {
      ok: false,
      status: problem.status,
      headers: { "content-type": "application/problem+json", ...headers },
      body: JSON.stringify(problem),
    };
  }
}

async function actorOfUpgrade(api: Api, ask: UpgradeRequest): Promise<Actor> {
  const one = (name: string): string | null => {
    const value = ask.headers[name];
    return (Array.isArray(value) ? value.join(", ") : value) ?? null;
  };
  const request = new Request("http://localhost/v1/feed", { headers: plainHeaders(one) });
  const host = hostOf(request);
  if (!api.options.hostAllowed(host)) {
    throw new HttpRefusal(
      "misdirected",
      `This service is not ${JSON.stringify(host.slice(0, 100))}.`,
    );
  }
  const offered = (one("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    throw new HttpRefusal("bad-request", `Offer the WebSocket subprotocol ${SUBPROTOCOL}.`);
  }
  const ticket = offered.find((name) => name.startsWith(TICKET))?.slice(TICKET.length) ?? null;
  const bearer = one("authorization");
  const cookie = cookieOf(one("cookie"), sessionCookie(api.options.secureCookies));
  // CORS does not guard sockets: where only the cookie proves who asks, the page must be our own.
  const session = ticket === null && bearer === null && fromOwnPage(request, true) ? cookie : null;
  const actor = await authenticateCounted(api, ask.address, () => ({
    bearer: bearerOf(bearer),
    ticket,
    session,
  }));
  return demand(actor, "read");
}

/** Only what the checks read: a header the platform's Request would refuse cannot break them. */
function plainHeaders(one: (name: string) => string | null): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["host", "origin", "sec-fetch-site"]) {
    const value = one(name);
    if (value !== null) kept[name] = value;
  }
  return kept;
}

function cookieOf(header: string | null, name: string): string | null {
  for (const part of (header ?? "").split(";")) {
    const [key, ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return null;
}
