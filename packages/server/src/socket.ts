// The WebSocket end of the feed: upgrades, frames and back-pressure. A message for many watchers is framed
// once and the same bytes are written to each; a slow reader is left alone until it has drained.

import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Upgrade } from "@ticker/core/api/upgrade";
import { type FeedSession, openFeedSession } from "@ticker/core/feed-session";
import { HEARTBEAT_MS, SUBPROTOCOL } from "@ticker/core/protocol";
import { WebSocket, WebSocketServer } from "ws";

/** What waits for one reader at most, bytes; beyond it the reader gets nothing more until it drains. */
const BACKLOG_MAX = 256 * 1024;
const PER_ACCOUNT_MAX = 2_000;
const MESSAGE_BYTES_MAX = 16 * 1024;

export type SocketWorld = Parameters<typeof openFeedSession>[0] & {
  /** Decides who is asking before anything is opened. */
  authenticate(request: IncomingMessage): Promise<Upgrade>;
};

type Refusal = Omit<Extract<Upgrade, { ok: false }>, "ok">;

/** An unmasked text frame, as a server sends them (RFC 6455, 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x81;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, head);
  return frame;
}

const plain = (status: number, detail: string): Refusal => ({
  status,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({ type: "about:blank", title: STATUS_CODES[status], status, detail }),
});

const encode = (texts: string[]): Uint8Array =>
  texts.length === 1 ? textFrame(texts[0] as string) : Buffer.concat(texts.map(textFrame));

export function serveFeed(server: Server, world: SocketWorld): { close(): void; count(): number } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const sessions = new Map<WebSocket, { session: FeedSession; alive: boolean }>();
  const perAccount = new Map<string, number>();

  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    upgrade(request, socket, head).catch(() => refuse(socket, plain(500, "The upgrade failed.")));
  });

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = (request.url ?? "").split("?")[0];
    if (path !== "/v1/feed") return refuse(socket, plain(404, "The feed is at /v1/feed."));
    const upgrade = await world.authenticate(request);
    if (!upgrade.ok) return refuse(socket, upgrade);
    const { account } = upgrade.actor;
    if ((perAccount.get(account) ?? 0) >= PER_ACCOUNT_MAX) {
      const detail = `An account has at most ${PER_ACCOUNT_MAX} connections: close some first.`;
      return refuse(socket, plain(429, detail));
    }
    sockets.handleUpgrade(request, socket, head, (ws) => open(ws, socket, account));
  }

  function open(ws: WebSocket, stream: Duplex, account: string): void {
    let full = false;
    const watcher = {
      encode,
      write(bytes: Uint8Array) {
        if (ws.readyState !== WebSocket.OPEN) return;
        stream.write(bytes);
        if (stream.writableLength > BACKLOG_MAX) full = true;
      },
      ready: () => !full && ws.readyState === WebSocket.OPEN,
    };
    const session = openFeedSession(world, account, watcher);
    const entry = { session, alive: true };
    sessions.set(ws, entry);
    perAccount.set(account, (perAccount.get(account) ?? 0) + 1);
    stream.on("drain", () => {
      full = false;
      session.resume();
    });
    ws.on("pong", () => {
      entry.alive = true;
    });
    ws.on("message", (data, binary) => {
      entry.alive = true;
      if (binary) return ws.close(1003, "text frames only");
      session.receive(String(data)).then(
        (next) => next === "close" && ws.close(1008, "too many messages"),
        () => ws.close(1011, "the feed failed"),
      );
    });
    ws.on("error", () => ws.terminate());
    ws.on("close", () => {
      session.close();
      sessions.delete(ws);
      perAccount.set(account, (perAccount.get(account) ?? 1) - 1);
    });
  }

  function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
    const lines = Object.entries({
      ...headers,
      connection: "close",
      "content-length": String(Buffer.byteLength(body)),
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
  }

  /** A reader with a backlog answers late, so only silence without a backlog ends a connection. */
  const heart = setInterval(() => {
    for (const [ws, entry] of sessions) {
      if (!entry.alive && ws.bufferedAmount === 0) {
        ws.terminate();
        continue;
      }
      entry.alive = false;
      if (ws.bufferedAmount === 0) ws.ping();
      entry.session.heartbeat();
    }
  }, HEARTBEAT_MS);
  heart.unref();

  return {
    count: () => sessions.size,
    close() {
      clearInterval(heart);
      for (const ws of sessions.keys()) ws.close(1012, "the service is restarting");
      sockets.close();
    },
  };
}
