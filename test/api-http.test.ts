// The API behind a real HTTP server on loopback: what only shows on the wire. Bodies without a
// length, answers that come by and by, and askers who leave.

import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { apiWorld, clock, OPERATOR_TOKEN, type World } from "./support/api-world.ts";
import { type TestServer, TOKEN, testServer } from "./support/server.ts";

let world: World;
let server: Server;
let port = 0;
beforeEach(async () => {
  world = await apiWorld({ hostAllowed: () => true });
  server = createServer(getRequestListener(world.app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await world.close();
});

/** Writes bytes as they are and answers all that comes back until the server closes. */
const raw = (...pieces: string[]) => rawTo(port, ...pieces);
const rawTo = (to: number, ...pieces: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(to, "127.0.0.1", () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
const head = (line: string, ...headers: string[]) =>
  [
    `${line} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    `Authorization: Bearer ${OPERATOR_TOKEN}`,
    ...headers,
    "\r\n",
  ].join("\r\n");
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const json = "Content-Type: application/json";

describe("bodies", () => {
  test("none at all, where one may be", async () => {
    expect(await raw(head("POST /v1/killall"))).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw(head("POST /v1/release"))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("by pieces without a length", async () => {
    const text = JSON.stringify(clock());
    const pieces = [chunk(text.slice(0, 20)), chunk(text.slice(20)), "0\r\n\r\n"];
    const answer = await raw(
      head("POST /v1/tickers", json, "Transfer-Encoding: chunked"),
      ...pieces,
    );
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
    const plain = head(
      "PUT /v1/tickers/clock/output",
      "Content-Type: text/plain",
      "Transfer-Encoding: chunked",
    );
    const told = await raw(plain, chunk("42 "), chunk("widgets"), "0\r\n\r\n");
    expect(told).toMatch(/"lastLine":"42 widgets"/);
  });

  test("by pieces over the limit", async () => {
    const lots = chunk(" ".repeat(60_000));
    const answer = await raw(
      head("POST /v1/tickers", json, "Transfer-Encoding: chunked"),
      ...Array.from({ length: 5 }, () => lots),
      "0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toMatch(/"code":"too-large"/);
  });

  test("announced over the limit, not waited for", async () => {
    const answer = await raw(head("POST /v1/tickers", json, "Content-Length: 300000"));
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe("what never reaches the app", () => {
  let service: TestServer;
  beforeAll(async () => {
    service = await testServer();
  });
  afterAll(() => service.close());

  test.each([
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["a garbled length", `${head("POST /v1/tickers", json, "Content-Length: -5")}{}`, 400],
    [
      "a garbled chunk",
      `${head("POST /v1/tickers", json, "Transfer-Encoding: chunked")}zz\r\n`,
      400,
    ],
    ["a flood of headers", head("GET /healthz", `X: ${"y".repeat(20_000)}`), 431],
    ["an address that is none", head("GET *"), 400],
    ["a host that is none", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
  ])("%s is refused as everything else is", async (_, request, status) => {
    const answer = await rawTo(service.port, request);
    const [headers = "", body = ""] = answer.split("\r\n\r\n");
    expect(headers).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(headers).toContain("application/problem+json");
    expect(JSON.parse(body.replace(/^[0-9a-f]+\r\n/, ""))).toMatchObject({ status });
  });

  test.each([
    ["/203/edit", "*/*", 200, "text/html"],
    ["/@me/with.dots", "*/*", 200, "text/html"],
    ["/healthz/", "*/*", 404, "application/problem+json"],
    ["/.git/config", "*/*", 404, "application/problem+json"],
    ["/lost", "text/html,*/*", 404, "text/html"],
  ])("%s for %s: %i", async (path, accept, status, type) => {
    const answer = await fetch(service.url + path, { headers: { accept } });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      status,
      expect.stringContaining(type),
    ]);
  });
});

test("who asks while the service starts is told to come back, and nothing else", async () => {
  const spare = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => spare.once("listening", resolve));
  const free = (spare.address() as AddressInfo).port;
  await new Promise((resolve) => spare.close(resolve));
  let isUp = false;
  const starting = testServer({ port: free }).finally(() => {
    isUp = true;
  });
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answers = new Set<number | "refused">();
  while (!isUp) {
    const asked = fetch(`http://127.0.0.1:${free}/v1/status`, { headers });
    answers.add(
      await asked.then(
        ({ status }) => status,
        () => "refused" as const,
      ),
    );
  }
  await (await starting).close();
  expect(answers).toContain(503);
  for (const answer of answers) expect([200, 503, "refused"]).toContain(answer);
});

describe("dry runs", () => {
  const body = JSON.stringify({ script: { language: "javascript", source: "1" } });
  const ask = (signal: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/v1/try`, {
      method: "POST",
      body,
      signal,
      headers: {
        authorization: `Bearer ${OPERATOR_TOKEN}`,
        "content-type": "application/json",
        accept: "application/x-ndjson",
      },
    });

  test("are told line by line, and end when nobody listens any more", async () => {
    const ended = Promise.withResolvers<void>();
    world.engine.tryScript = (_owner, { signal }, onEvents) =>
      new Promise((_, reject) => {
        onEvents([{ kind: "output", at: 1, text: "first", stream: "out" }]);
        signal.addEventListener("abort", () => {
          ended.resolve();
          reject(new Error("left"));
        });
      });
    const asker = new AbortController();
    const response = await ask(asker.signal);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(JSON.parse(new TextDecoder().decode(value))).toMatchObject({ text: "first" });
    asker.abort();
    await ended.promise;
  });

  test("end too when the asker leaves before the first word", async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    world.engine.tryScript = (_owner, { signal }) =>
      new Promise((_, reject) => {
        begun.resolve();
        signal.addEventListener("abort", () => {
          ended.resolve();
          reject(new Error("left"));
        });
      });
    const asker = new AbortController();
    const asked = ask(asker.signal).catch((error: Error) => error.name);
    await begun.promise;
    asker.abort();
    await ended.promise;
    expect(await asked).toBe("AbortError");
  });
});
