// The real service for a test: on a folder of its own and a free port, with an owner's token.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerMessage } from "@ticker/core/protocol";
import { WebSocket } from "ws";
import type { Options } from "../../packages/server/src/options.ts";
import { startServer } from "../../packages/server/src/server.ts";

export const TOKEN = "test-token-0123456789";

export type TestServer = Awaited<ReturnType<typeof testServer>>;

export async function testServer(given: Partial<Options> = {}) {
  const folder = given.data ?? mkdtempSync(join(tmpdir(), "ticker-test-"));
  const server = await startServer({
    port: 0,
    host: "127.0.0.1",
    data: folder,
    examples: false,
    token: TOKEN,
    password: null,
    origins: [],
    allowHosts: [],
    ...given,
  });
  const sockets: WebSocket[] = [];
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

  return {
    ...server,
    folder,
    headers,
    /** The answer's JSON; throws on anything but success. */
    async ask<T = Record<string, unknown>>(
      method: string,
      path: string,
      body?: object,
      more = {},
    ): Promise<T> {
      const answer = await fetch(server.url + path, {
        method,
        headers: { ...headers, ...more },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return (text === "" ? null : JSON.parse(text)) as T;
    },
    /** A ticker by its source; `every` in ms, or by hand without. */
    ticker(name: string, source: string, every?: number, more = {}) {
      const schedule = every === undefined ? { hand: true } : { every };
      const body = { name, script: { language: "javascript", source }, schedule, ...more };
      return this.ask<{ id: string; page: number; revision: number }>("POST", "/v1/tickers", body);
    },
    async feed(options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
      const socket = await feedClient(server.url, options);
      sockets.push(socket.socket);
      return socket;
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      await server.stop();
      if (given.data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type FeedClient = Awaited<ReturnType<typeof feedClient>>;

/** Opens the feed; rejects with the status when the upgrade is refused. */
export function feedClient(
  url: string,
  {
    headers = { authorization: `Bearer ${TOKEN}` },
    protocols = ["ticker.v1"],
  }: {
    headers?: Record<string, string>;
    protocols?: string[];
  } = {},
) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/feed`, protocols, { headers });
  const messages: ServerMessage[] = [];
  const ears: {
    wants: (m: ServerMessage) => boolean;
    tell: (m: ServerMessage) => void;
    from: number;
  }[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    messages.push(message);
    for (const ear of [...ears]) {
      if (!ear.wants(message)) continue;
      ears.splice(ears.indexOf(ear), 1);
      ear.tell(message);
    }
  });
  const client = {
    socket,
    messages,
    send: (message: object | string) =>
      socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    /** The first message from `from` on that is wanted, now or when it comes. */
    message<T extends ServerMessage>(wants: (m: ServerMessage) => boolean, from = 0): Promise<T> {
      const known = messages.slice(from).find(wants);
      if (known) return Promise.resolve(known as T);
      return new Promise((tell) => ears.push({ wants, tell: (m) => tell(m as T), from }));
    },
    closed: new Promise<number>((resolve) => socket.once("close", resolve)),
  };
  return new Promise<typeof client>((resolve, reject) => {
    socket.once("open", () => resolve(client));
    socket.once("unexpected-response", (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      socket.terminate();
    });
    socket.once("error", reject);
  });
}
