// Who may do what: every documented route asked by nobody, a stranger, a reader and the owner; then the
// proofs themselves (tokens, links, passwords, cookies, tickets) and the checks on host and page.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type OpenApi, openApiDocument } from "@ticker/core/api/openapi";
import { authenticateUpgrade } from "@ticker/core/api/upgrade";
import { issueCredential, makeSecret, secretKind, sha256 } from "@ticker/core/credential";
import { makeRate } from "@ticker/core/rate";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  apiWorld,
  clock,
  NOW,
  OPERATOR_PASSWORD,
  OPERATOR_TOKEN,
  type World,
} from "./support/api-world.ts";

const blueprint = await apiWorld();
const document: OpenApi = openApiDocument(blueprint.app, "test");
const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    operation,
  })),
);
await blueprint.close();

let world: World;
beforeEach(async () => {
  world = await apiWorld();
});
afterEach(() => world.close());

/** Writes by another name than their method says, decided by hand: only reading. */
const READ_ALL_THE_SAME = new Set([
  "POST /v1/schedule/preview",
  "POST /v1/feed-ticket",
  "DELETE /v1/session",
]);

describe("every route, asked by each", () => {
  test.each(routes)("$name", async ({ name, method, path, operation }) => {
    const mine = clock({ name: "named-by-home" });
    const { id } = (await world.ask("POST", "/v1/tickers", { body: mine })).json;
    await world.ask("PUT", `/v1/tickers/${id}/output`, { body: { text: "mine alone" } });
    await world.ask("PUT", "/v1/secrets/SMTP_KEY", { body: { value: "hush-hush" } });
    const spare = await world.ask("POST", "/v1/tokens", { body: { name: "spare" } });
    if (path.endsWith("/restore")) await world.ask("DELETE", `/v1/tickers/${id}`);
    const fill: Record<string, string> = {
      "{id}": id,
      "{run}": "1",
      "{tokenId}": spare.json.id,
      "{name}": "SMTP_KEY",
      "{page}": "200",
      "{format}": "txt",
    };
    const address = path.replace(/\{[a-zA-Z]+\}/g, (part) => fill[part] ?? part);
    const content = operation.requestBody?.content["application/json"];
    const reference = content?.schema.$ref?.split("/").at(-1) ?? "";
    const example = content?.schema.example ?? document.components.schemas[reference]?.example;
    if (content) expect(example, "a documented body has an example").toBeDefined();
    const ask = async (as: string | null) => {
      const headers = { "if-match": "*", accept: "text/plain, application/json" };
      return world.ask(method, address, { as, headers, ...(content ? { body: example } : {}) });
    };

    const scope = operation.security[0]?.bearer?.[0];
    const isOpen = operation.security.length === 0;
    if (!isOpen) {
      const reads = method === "GET" || READ_ALL_THE_SAME.has(name);
      expect(scope).toBe(reads ? "read" : "write");
      const nobody = await ask(null);
      expect(nobody.status, "nobody").toBe(401);
      expect(nobody.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
    const stranger = await ask(await world.token("away"));
    const isTheirs = /\{(id|tokenId|page)\}/.test(path) || name === "DELETE /v1/secrets/{name}";
    if (isTheirs) expect(stranger.status, "stranger").toBe(404);
    // A refusal may repeat the address that was asked for, and nothing else.
    const told = stranger.text.replace(`There is no ticker \\"${id}\\".`, "");
    for (const word of [id, "named-by-home", "mine alone", "spare"]) {
      expect(told).not.toContain(word);
    }

    const passed = ({ status, text }: Awaited<ReturnType<typeof ask>>) => {
      // The one address that is no plain request: being sent to the socket is being let in.
      if (name === "GET /v1/feed") expect(status, text).toBe(426);
      else expect(status, text).toBeLessThan(300);
    };
    const reader = await ask(await world.token("home", ["read"]));
    if (scope === "write") {
      expect([reader.status, reader.json.code], "reader").toEqual([403, "forbidden"]);
    } else if (name !== "POST /v1/session") passed(reader);

    const owner = await ask(await world.token("home"));
    if (name === "POST /v1/session") expect(owner.status).toBe(401);
    else passed(owner);
  });

  test("nothing a stranger may know tells an absent ticker from somebody else's", async () => {
    const { id } = (await world.ask("POST", "/v1/tickers", { body: clock() })).json;
    const as = await world.token("away");
    const theirs = await world.ask("GET", `/v1/tickers/${id}`, { as });
    const absent = await world.ask("GET", "/v1/tickers/t_0000000000000000", { as });
    expect(theirs.json).toEqual({
      ...absent.json,
      detail: absent.json.detail.replace("t_0000000000000000", id),
    });
  });
});

describe("tokens", () => {
  test("are shown once, work, are listed without their text, and end when revoked", async () => {
    const body = { name: "deploy", scopes: ["read"], expiresAt: NOW + 1000 };
    const made = await world.ask("POST", "/v1/tokens", { body });
    expect(made.json.token).toMatch(/^tkr_[0-9A-Za-z]{38}$/);
    const as = made.json.token;
    expect((await world.ask("GET", "/v1/session", { as })).json.account.id).toBe("home");
    const list = await world.ask("GET", "/v1/tokens");
    expect(list.text).not.toContain(as);
    expect(list.json.items).toMatchObject([{ name: "deploy", scopes: ["read"], lastUsedAt: NOW }]);
    world.time.now += 2000;
    expect((await world.ask("GET", "/v1/session", { as })).status).toBe(401);
    const id = made.json.id;
    expect((await world.ask("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
    expect((await world.ask("DELETE", `/v1/tokens/${id}`)).status).toBe(404);
  });

  test("hand on no right they have not", async () => {
    const as = await world.token("home", ["write"]);
    const wider = { name: "wider", scopes: ["read", "write"] };
    const refused = await world.ask("POST", "/v1/tokens", { body: wider, as });
    expect([refused.status, refused.json.issues?.[0].path]).toEqual([403, "scopes"]);
    const made = await world.ask("POST", "/v1/tokens", { body: { name: "same" }, as });
    expect(made.json.scopes).toEqual(["write"]);
  });

  test("last no longer than who made them", async () => {
    const ask = { kind: "token", owner: "home", name: "short", scopes: ["read", "write"] } as const;
    const short = await issueCredential(world.platform, { ...ask, expiresAt: NOW + 5000 } as never);
    const made = await world.ask("POST", "/v1/tokens", {
      body: { name: "child", expiresAt: NOW + 9e9 },
      as: short.secret,
    });
    expect(made.json.expiresAt).toBe(NOW + 5000);
    const past = await world.ask("POST", "/v1/tokens", { body: { name: "p", expiresAt: NOW } });
    expect([past.status, past.json.issues[0].path]).toEqual([422, "expiresAt"]);
  });

  test("only their hash is in the database's files", async () => {
    const { token } = (await world.ask("POST", "/v1/tokens", { body: { name: "deploy" } })).json;
    await world.ask("PUT", "/v1/secrets/SMTP_KEY", { body: { value: "in-the-clear" } });
    const cookie = await signIn({ password: OPERATOR_PASSWORD });
    const bytes = Buffer.concat(
      readdirSync(world.folder).map((file) => readFileSync(join(world.folder, file))),
    ).toString("latin1");
    expect(bytes).toContain(await sha256(token));
    for (const secret of [token, token.slice(4, 36), cookie, "in-the-clear", OPERATOR_TOKEN]) {
      expect(bytes).not.toContain(secret);
    }
  });

  test("malformed ones are refused without a look into the store", async () => {
    world.store.useCredential = () => Promise.reject(new Error("looked"));
    const good = makeSecret(world.platform.random, "token");
    const slip = good.slice(0, -1) + (good.endsWith("0") ? "1" : "0");
    for (const as of ["x", "tkr_short", slip, good.toLowerCase(), `${good}0`]) {
      expect((await world.ask("GET", "/v1/status", { as })).status, as).toBe(401);
      world.time.now += 60_000;
    }
    expect((await world.ask("GET", "/v1/status", { as: good })).status).toBe(500);
    expect([secretKind(good), secretKind(slip)]).toEqual(["token", null]);
  });

  test("a session's or a ticket's secret is no bearer token", async () => {
    const { ticket } = (await world.ask("POST", "/v1/feed-ticket")).json;
    expect((await world.ask("GET", "/v1/status", { as: ticket })).status).toBe(401);
    const session = await signIn({ password: OPERATOR_PASSWORD });
    expect((await world.ask("GET", "/v1/status", { as: session })).status).toBe(401);
    const basic = { authorization: "Basic aG9tZTpob21l" };
    expect((await world.ask("GET", "/v1/status", { as: null, headers: basic })).status).toBe(401);
  });
});

/** Signs in and answers the cookie's value. */
async function signIn(body: object): Promise<string> {
  const signed = await world.ask("POST", "/v1/session", { as: null, body });
  expect(signed.status, signed.text).toBe(200);
  const cookie = signed.headers.get("set-cookie") ?? "";
  return /^(?:__Host-)?ticker_session=([^;]+);/.exec(cookie)?.[1] ?? "";
}

describe("sessions", () => {
  const own = { origin: "http://localhost", "sec-fetch-site": "same-origin" };

  test("by link, once", async () => {
    const ask = { kind: "link", owner: "home", name: "printed", expiresAt: NOW + 1000 } as const;
    const scopes: ("read" | "write")[] = ["read", "write"];
    const { secret } = await issueCredential(world.platform, { ...ask, scopes });
    const both = await Promise.all(
      [1, 2].map(() => world.ask("POST", "/v1/session", { as: null, body: { link: secret } })),
    );
    expect(both.map((one) => one.status).sort()).toEqual([200, 401]);
    const late = await issueCredential(world.platform, { ...ask, scopes });
    world.time.now += 2000;
    const body = { link: late.secret };
    expect((await world.ask("POST", "/v1/session", { as: null, body })).status).toBe(401);
  });

  test("by password: the cookie is HttpOnly, Strict, and ends with signing out", async () => {
    const body = { password: OPERATOR_PASSWORD };
    const signed = await world.ask("POST", "/v1/session", { as: null, body, headers: own });
    expect(signed.json).toEqual({ account: { id: "home", name: "home account" } });
    const set = signed.headers.get("set-cookie") ?? "";
    expect(set).toMatch(/HttpOnly/);
    expect(set).toMatch(/SameSite=Strict/);
    expect(set).toMatch(/Path=\//);
    expect(set).not.toMatch(/Secure/);
    const headers = { ...own, cookie: set.split(";")[0] ?? "" };
    const who = await world.ask("GET", "/v1/session", { as: null, headers });
    expect(who.json).toEqual({
      account: { id: "home", name: "home account" },
      version: "0.1.0-test",
    });
    const out = await world.ask("DELETE", "/v1/session", { as: null, headers });
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/Max-Age=0/);
    expect((await world.ask("GET", "/v1/session", { as: null, headers })).status).toBe(401);
  });

  test("by token: no wider, no longer, and over when the token is revoked", async () => {
    const { json } = await world.ask("POST", "/v1/tokens", {
      body: { name: "reader", scopes: ["read"], expiresAt: NOW + 5000 },
    });
    const cookie = `ticker_session=${await signIn({ token: json.token })}`;
    const as = null;
    const headers = { ...own, cookie };
    expect((await world.ask("GET", "/v1/status", { as, headers })).status).toBe(200);
    expect((await world.ask("POST", "/v1/killall", { as, headers })).status).toBe(403);
    await world.ask("DELETE", `/v1/tokens/${json.id}`);
    expect((await world.ask("GET", "/v1/status", { as, headers })).status).toBe(401);
  });

  test("https cookies are __Host- and Secure", async () => {
    await world.close();
    world = await apiWorld({ secureCookies: true });
    const body = { password: OPERATOR_PASSWORD };
    const signed = await world.ask("POST", "/v1/session", { as: null, body });
    expect(signed.headers.get("set-cookie")).toMatch(/^__Host-ticker_session=[^;]+;.*Secure/);
  });

  test("exactly one proof, and the right one", async () => {
    for (const [body, status] of [
      [{}, 422],
      [{ password: "x", link: "y" }, 422],
      [{ password: "wrong" }, 401],
      [{ link: "tkl_wrong" }, 401],
    ] as const) {
      const tried = await world.ask("POST", "/v1/session", { as: null, body });
      expect(tried.status, JSON.stringify(body)).toBe(status);
      expect(tried.headers.get("set-cookie")).toBe(null);
    }
  });

  test("attempts are limited, right or wrong, and the answer says when to come back", async () => {
    const attempt = (password: string) =>
      world.ask("POST", "/v1/session", { as: null, body: { password } });
    for (let i = 0; i < 5; i++) expect((await attempt("wrong")).status).toBe(401);
    const over = await attempt(OPERATOR_PASSWORD);
    expect([over.status, over.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(over.json.retryAfterMs).toBe(10_000);
    world.time.now += 10_000;
    expect((await attempt(OPERATOR_PASSWORD)).status).toBe(200);
  });

  test("a right link or token gets in whatever was tried before it", async () => {
    const attempt = (body: object) => world.ask("POST", "/v1/session", { as: null, body });
    for (let i = 0; i < 6; i++) await attempt({ password: "wrong" });
    const wrong = [];
    for (let i = 0; i < 6; i++) wrong.push((await attempt({ token: `tkr_wrong${i}` })).status);
    expect(wrong).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await attempt({ token: OPERATOR_TOKEN })).status).toBe(200);
    expect((await attempt({ password: OPERATOR_PASSWORD })).status).toBe(429);
  });

  test("passwords from many addresses are limited together", async () => {
    await world.close();
    let address = 0;
    world = await apiWorld({ addressOf: () => `10.0.0.${address++}` });
    const attempt = (password: string) =>
      world.ask("POST", "/v1/session", { as: null, body: { password } });
    for (let i = 0; i < 60; i++) expect((await attempt("wrong")).status).toBe(401);
    expect((await attempt(OPERATOR_PASSWORD)).status).toBe(429);
    world.time.now += 1000;
    expect((await attempt(OPERATOR_PASSWORD)).status).toBe(200);
  });

  test("without a password set, none is right", async () => {
    await world.close();
    world = await apiWorld({ operatorPassword: null, operatorToken: null });
    for (const body of [{ password: "null" }, { password: "" }, { token: "null" }]) {
      const tried = await world.ask("POST", "/v1/session", { as: null, body });
      expect(tried.status).toBeGreaterThanOrEqual(401);
    }
  });
});

describe("other sites' pages", () => {
  const session = async () => `ticker_session=${await signIn({ password: OPERATOR_PASSWORD })}`;

  test.each([
    ["its own page", { origin: "http://localhost" }, 200],
    ["its own page, as new browsers say", { "sec-fetch-site": "same-origin" }, 200],
    ["another site", { origin: "https://evil.example" }, 403],
    ["another port of the same host", { origin: "http://localhost:8080" }, 403],
    ["a page that hides where it is from", { origin: "null" }, 403],
    ["another site, as new browsers say", { "sec-fetch-site": "cross-site" }, 403],
    ["a sibling site", { "sec-fetch-site": "same-site" }, 403],
    ["nobody knows where", {}, 403],
  ])("a cookie from %s", async (_, headers: Record<string, string>, status) => {
    const cookie = await session();
    const asked = await world.ask("POST", "/v1/killall", {
      as: null,
      headers: { cookie, ...headers },
    });
    expect(asked.status).toBe(status);
    const held = (await world.store.readAccount("home"))?.hold ?? null;
    expect(held !== null).toBe(status === 200);
  });

  test("cannot sign a visitor in", async () => {
    const body = { password: OPERATOR_PASSWORD };
    const headers = { origin: "https://evil.example" };
    const tried = await world.ask("POST", "/v1/session", { as: null, body, headers });
    expect([tried.status, tried.headers.get("set-cookie")]).toEqual([403, null]);
  });

  test("are given no permission by CORS", async () => {
    const headers = { origin: "https://evil.example" };
    const read = await world.ask("GET", "/v1/tickers", { headers });
    expect([...read.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual(
      [],
    );
  });

  test("cannot reach us under a name of their own", async () => {
    for (const host of ["evil.example", "localhost:9999", "localhost.evil.example", ""]) {
      const asked = await world.ask("GET", "/healthz", { as: null, headers: { host } });
      expect([asked.status, asked.json.code], host).toEqual([421, "misdirected"]);
    }
    const own = await world.ask("GET", "/healthz", { headers: { host: "Ticker.test:4000" } });
    expect(own.status).toBe(200);
  });
});

describe("sockets", () => {
  const open = (headers: Record<string, string>) =>
    authenticateUpgrade(world.api, {
      headers: { host: "localhost", "sec-websocket-protocol": "ticker.v1", ...headers },
      address: "1.2.3.4",
    });
  const status = async (headers: Record<string, string>) => {
    const upgrade = await open(headers);
    return upgrade.ok ? upgrade.actor.account : upgrade.status;
  };

  test("by bearer, from anywhere", async () => {
    const authorization = `Bearer ${await world.token("away")}`;
    expect(await status({ authorization, origin: "https://elsewhere.example" })).toBe("away");
    expect(await status({ authorization: "Bearer nonsense" })).toBe(401);
  });

  test("by cookie only from our own pages", async () => {
    const cookie = `ticker_session=${await signIn({ password: OPERATOR_PASSWORD })}`;
    expect(await status({ cookie, origin: "http://localhost" })).toBe("home");
    expect(await status({ cookie, origin: "https://evil.example" })).toBe(401);
    expect(await status({ cookie })).toBe(401);
    expect(await status({})).toBe(401);
  });

  test("by ticket, once and soon", async () => {
    const ticket = async () =>
      `ticker.v1, ticket.${(await world.ask("POST", "/v1/feed-ticket")).json.ticket}`;
    const offered = await ticket();
    const from = { origin: "https://elsewhere.example" };
    expect(await status({ ...from, "sec-websocket-protocol": offered })).toBe("home");
    expect(await status({ ...from, "sec-websocket-protocol": offered })).toBe(401);
    const late = await ticket();
    world.time.now += 31_000;
    expect(await status({ "sec-websocket-protocol": late })).toBe(401);
  });

  test("only under our own name and protocol", async () => {
    const authorization = `Bearer ${OPERATOR_TOKEN}`;
    expect(await status({ authorization, host: "evil.example" })).toBe(421);
    expect(await status({ authorization, "sec-websocket-protocol": "graphql-ws" })).toBe(400);
  });

  test("wrong proofs are counted by address", async () => {
    for (let i = 0; i < 5; i++) expect(await status({ authorization: "Bearer x" })).toBe(401);
    const over = await open({ authorization: "Bearer x" });
    expect(over).toMatchObject({ ok: false, status: 429, headers: { "retry-after": "10" } });
  });
});

describe("rates", () => {
  test("an account's requests are limited, another's are not touched", async () => {
    const [mine, theirs] = [await world.token("home"), await world.token("away")];
    world.api.requests = makeRate(world.platform.clock, 3, 1);
    const statuses = [];
    for (let i = 0; i < 5; i++) {
      statuses.push((await world.ask("GET", "/v1/secrets", { as: mine })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await world.ask("GET", "/v1/secrets", { as: theirs })).status).toBe(200);
  });

  test("a bucket fills with time, never beyond its brim, and full ones are forgotten", () => {
    const time = { at: 0 };
    const rate = makeRate({ now: () => 0, monotonic: () => time.at, after: () => () => {} }, 2, 1);
    expect([rate.take("a"), rate.take("a"), rate.take("a")]).toEqual([0, 0, 1000]);
    time.at = 500;
    expect(rate.take("a")).toBe(500);
    time.at = 60_000;
    expect([rate.take("a"), rate.take("a"), rate.take("a")]).toEqual([0, 0, 1000]);
    for (let i = 0; i < 30_000; i++) rate.take(`k${i}`);
    expect(rate.take("k29999")).toBe(0);
    expect(rate.take("k29999")).toBe(1000);
  });
});
