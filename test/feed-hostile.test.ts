// The feed's socket against clients that mean harm or have died: frames no client should send, upgrades that
// are never finished, readers that never read, and credentials that end while a socket is open.

import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { makeFeed } from "@ticker/core/feed";
import type { FeedPlatform } from "@ticker/core/platform";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { bind } from "../packages/server/src/http.ts";
import { serveFeed } from "../packages/server/src/socket.ts";
import {
  type FeedClient,
  feedClient,
  type TestServer,
  TOKEN,
  testServer,
} from "./support/server.ts";
import { handClock, until } from "./support/world.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const UPGRADE = {
  host: "127.0.0.1",
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol": "ticker.v1",
  authorization: `Bearer ${TOKEN}`,
};

/** A client that sends what it is told to, byte by byte, and never closes its side. */
async function raw(headers: Record<string, string> = UPGRADE, path = "/v1/feed") {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  const received: Buffer[] = [];
  const ears = new Set<() => void>();
  socket.on("data", (bytes) => {
    received.push(bytes);
    for (const ear of ears) ear();
  });
  socket.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", resolve);
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const text = () => Buffer.concat(received).toString("latin1");
  return {
    socket,
    ended,
    text,
    /** Resolves when this has come. */
    hears: (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const ear = () => {
          if (!pattern.test(text())) return;
          ears.delete(ear);
          resolve();
        };
        ears.add(ear);
        ear();
      }),
    /** The code of the close frame that ended it; null: it was cut. */
    async code(): Promise<number | null> {
      await ended;
      const bytes = Buffer.concat(received);
      const at = bytes.lastIndexOf(0x88);
      return at === -1 ? null : bytes.readUInt16BE(at + 2);
    },
  };
}

/** A client's frame as told, right or wrong. */
function frame(
  opcode: number,
  payload: Buffer | string,
  { fin = true, masked = true, rsv = 0, length = Buffer.byteLength(payload) } = {},
): Buffer {
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((by) => (length >> by) & 255));
  // A mask of zeros leaves the text as it is.
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), Buffer.from(payload)]);
}

const [CONTINUATION, TEXT, BINARY, CLOSE, PING] = [0, 1, 2, 8, 9];
const PING_TEXT = JSON.stringify({ type: "ping", id: "still-there" });

describe("frames", () => {
  test.each<[string, number | null, Buffer]>([
    ["an unmasked one", 1002, frame(TEXT, PING_TEXT, { masked: false })],
    ["a reserved opcode", 1002, frame(3, "x")],
    ["a compressed one that was not agreed on", 1002, frame(TEXT, "x", { rsv: 4 })],
    ["a continuation of nothing", 1002, frame(CONTINUATION, "x")],
    ["a ping of 126 bytes", 1002, frame(PING, Buffer.alloc(126))],
    ["a ping in fragments", 1002, frame(PING, "x", { fin: false })],
    ["a close of one byte", 1002, frame(CLOSE, "x")],
    ["a close with a code nobody may send", 1002, frame(CLOSE, Buffer.from([0x03, 0xed]))],
    ["text that is no UTF-8", 1007, frame(TEXT, Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    ["a binary one", 1003, frame(BINARY, "x")],
    [
      "one announced as 4 GB, of which nothing comes",
      1009,
      frame(TEXT, "", { length: 2 ** 32 - 1 }),
    ],
    [
      "fragments without end",
      1009,
      Buffer.concat([
        frame(TEXT, "x", { fin: false }),
        ...Array.from({ length: 40 }, () => frame(CONTINUATION, "x".repeat(1000), { fin: false })),
      ]),
    ],
    ["a burst of pings", null, Buffer.concat(Array.from({ length: 400 }, () => frame(PING, "x")))],
  ])("%s: closed with %s", async (_name, code, bytes) => {
    const client = await raw();
    await client.hears(/"type":"held"/);
    client.socket.write(bytes);
    expect(await client.code()).toBe(code);
    client.socket.destroy();
  });

  test("pings are counted like messages", async () => {
    const client = await server.feed();
    for (let i = 0; i < 301; i++) {
      client.socket.ping();
      await new Promise((resolve) => {
        client.socket.once("pong", resolve);
        void client.closed.then(resolve);
      });
    }
    expect(await client.closed).toBe(1008);
  });

  test("a text in fragments with a ping between is one message", async () => {
    const client = await raw();
    await client.hears(/"type":"held"/);
    client.socket.write(frame(TEXT, PING_TEXT.slice(0, 9), { fin: false }));
    client.socket.write(frame(PING, "between"));
    for (const character of PING_TEXT.slice(9))
      client.socket.write(frame(CONTINUATION, character, { fin: false }));
    client.socket.write(frame(CONTINUATION, ""));
    await client.hears(/between[\s\S]*"still-there"/);
    client.socket.destroy();
  });
});

describe("an upgrade", () => {
  const { authorization: _proof, ...unproven } = UPGRADE;
  test.each<[string, Record<string, string>, string, number]>([
    ["another path", UPGRADE, "/v1/other", 404],
    ["no proof", unproven, "/v1/feed", 401],
    ["a token in the address", unproven, `/v1/feed?token=${TOKEN}&access_token=${TOKEN}`, 401],
    [
      "a token as subprotocol",
      { ...unproven, "sec-websocket-protocol": `ticker.v1, ${TOKEN}, ticket.${TOKEN}` },
      "/v1/feed",
      401,
    ],
    ["a token as cookie", { ...unproven, cookie: `ticker_session=${TOKEN}` }, "/v1/feed", 401],
    ["another protocol", { ...UPGRADE, "sec-websocket-protocol": "ticker.v2" }, "/v1/feed", 400],
    ["an older version", { ...UPGRADE, "sec-websocket-version": "7" }, "/v1/feed", 400],
    ["no key", { ...UPGRADE, "sec-websocket-key": "" }, "/v1/feed", 400],
    ["a name that is not ours", { ...UPGRADE, host: "evil.example" }, "/v1/feed", 421],
  ])(
    "with %s is refused, and the line cut though the client stays",
    async (_name, headers, path, status) => {
      const client = await raw(headers, path);
      await client.ended;
      expect(client.text()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      // The service has let go as well: what is written now finds nobody.
      const gone = new Promise((resolve) => client.socket.once("close", resolve));
      const poke = setInterval(() => client.socket.write("x"), 10);
      await gone;
      clearInterval(poke);
    },
  );
});

describe("a credential that ends while its socket is open", () => {
  const bearer = (token: string) => server.feed({ headers: { authorization: `Bearer ${token}` } });
  const makeToken = (more = {}) =>
    server.ask<{ id: string; token: string }>("POST", "/v1/tokens", { name: "t", ...more });
  const byTicket = async (authorization: string) => {
    const answer = await fetch(`${server.url}/v1/feed-ticket`, {
      method: "POST",
      headers: { authorization },
    });
    const { ticket } = (await answer.json()) as { ticket: string };
    return server.feed({ headers: {}, protocols: ["ticker.v1", `ticket.${ticket}`] });
  };
  async function signIn(token: string) {
    const answer = await fetch(`${server.url}/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ token }),
    });
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    const client = await server.feed({ headers: { cookie, origin: server.url } });
    return { cookie, client };
  }

  test("a revoked token takes its sockets, its sessions' and its tickets' with it, and no others", async () => {
    const [one, two] = [await makeToken(), await makeToken()];
    const ended = [
      await bearer(one.token),
      await byTicket(`Bearer ${one.token}`),
      (await signIn(one.token)).client,
    ];
    const stays = [
      await bearer(two.token),
      await byTicket(`Bearer ${two.token}`),
      await server.feed(),
    ];
    await server.ask("DELETE", `/v1/tokens/${one.id}`);
    expect(await Promise.all(ended.map((client) => client.closed))).toEqual([1008, 1008, 1008]);
    for (const client of stays) {
      client.send({ type: "ping", id: "still-there" });
      await client.message((m) => m.type === "pong");
    }
  });

  test("signing out ends the session's sockets", async () => {
    const { token } = await makeToken();
    const { cookie, client } = await signIn(token);
    const headers = { cookie, origin: server.url };
    await fetch(`${server.url}/v1/session`, { method: "DELETE", headers });
    expect(await client.closed).toBe(1008);
  });
});

describe("a reader that does not read", () => {
  /** Connected, with more under way to it than it is sent at a time. */
  async function stalled(): Promise<FeedClient> {
    const source =
      'for (let i = 0; i < 60; i++) { print(String(i).padEnd(15000, ".")); await sleep(1); }';
    const more = { limits: { outputBytes: 1048576 } };
    const name = `stall-${crypto.randomUUID().slice(0, 8)}`;
    const { id } = await server.ticker(name, source, undefined, more);
    const [slow, quick] = [await server.feed(), await server.feed()];
    for (const client of [slow, quick]) {
      client.send({ type: "subscribe", id: "a", feed: id });
      await client.message((m) => m.type === "live");
    }
    slow.socket.pause();
    for (let run = 1; run <= 8; run++) {
      await server.ask("POST", `/v1/tickers/${id}/run`);
      await quick.message(
        (m) => m.type === "events" && m.run === run && m.events.some((e) => e.kind === "finished"),
      );
    }
    return slow;
  }

  test("is not listened to until it reads; then it is answered", async () => {
    const slow = await stalled();
    const watchers = () => server.engine.numbers().watchers;
    const before = watchers();
    slow.send({ type: "subscribe", id: "more", feed: "tiles" });
    const other = await server.feed();
    for (let i = 0; i < 20; i++) {
      other.send({ type: "ping", id: `${i}` });
      await other.message((m) => m.type === "pong" && m.id === `${i}`);
    }
    expect(watchers()).toBe(before);
    slow.socket.resume();
    await slow.message((m) => m.type === "subscribed" && m.id === "more");
    expect(watchers()).toBe(before + 1);
  }, 30_000);
});

describe("heartbeats", () => {
  /** The feed's socket alone, with beats that the test gives. */
  async function heart() {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const clock = handClock();
    const http = createServer();
    const lines: Socket[] = [];
    http.on("connection", (line) => lines.push(line));
    const feed = makeFeed({ clock, store: {}, log: {} } as unknown as FeedPlatform, "epoch");
    const actor = { account: "home", credentialId: null } as never;
    const sockets = serveFeed(http, {
      clock,
      store: {} as never,
      feed,
      version: "1",
      authenticate: async () => ({ ok: true, actor }),
      holds: async () => true,
      log: { info: () => {}, error: () => {} },
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    return {
      sockets,
      feed,
      client: () => feedClient(url),
      heard: () => lines.reduce((sum, line) => sum + line.bytesRead, 0),
      beat() {
        clock.jump(5_000);
        vi.advanceTimersByTime(5_000);
      },
      close() {
        vi.useRealTimers();
        sockets.close();
        http.close();
      },
    };
  }
  const inner = (client: FeedClient) => (client.socket as unknown as { _socket: Socket })._socket;
  const heartbeats = (client: FeedClient) =>
    client.messages.filter((m) => m.type === "heartbeat").length;

  test("drop who does not answer, and nobody who does", async () => {
    const world = await heart();
    const [dead, well] = [await world.client(), await world.client()];
    inner(dead).pause(); // Half open: nothing is read, nothing is closed.
    for (let beat = 1; beat <= 5; beat++) {
      const before = world.heard();
      world.beat();
      await until(async () => heartbeats(well) === beat && world.heard() > before);
      if (beat > 2) await until(async () => world.sockets.count() === 1);
    }
    expect(well.socket.readyState).toBe(WebSocket.OPEN);
    dead.socket.terminate();
    well.socket.terminate();
    world.close();
  });

  test("leave a reader with a backlog alone for two minutes, not for ever", async () => {
    const world = await heart();
    const slow = await world.client();
    inner(slow).pause();
    const reason = "x".repeat(60_000);
    for (let i = 0; i < 200; i++) world.feed.held("home", { at: i, by: "test", reason });
    await new Promise((resolve) => setImmediate(resolve));
    for (let beat = 0; beat < 22; beat++) {
      world.beat();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.sockets.count()).toBe(1);
    for (let beat = 0; beat < 5; beat++) {
      world.beat();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(async () => world.sockets.count() === 0);
    slow.socket.terminate();
    world.close();
  });
});

test("a connection that says nothing has ten seconds; one that has asked has its own limits", async () => {
  const { server: http, port } = await bind({ host: "127.0.0.1", port: 0 });
  const accepted = new Promise<Socket>((resolve) => http.once("connection", resolve));
  const client = connect(port, "127.0.0.1");
  const line = await accepted;
  expect(line.timeout).toBe(10_000);
  const asked = new Promise((resolve) => http.once("request", resolve));
  client.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await asked;
  expect(line.timeout).not.toBe(10_000);
  client.destroy();
  http.close();
});

test("stopping does not wait for a reader that has stalled", async () => {
  const own = await testServer();
  const client = await own.feed();
  client.socket.pause();
  const beganAt = performance.now();
  await own.stop();
  expect(performance.now() - beganAt).toBeLessThan(5_000);
  client.socket.terminate();
}, 30_000);
