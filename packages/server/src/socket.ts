// The WebSocket end of the feed: upgrades, frames and back-pressure. A message for many watchers is framed
// once and the same bytes are written to each; a slow reader is left alone, and not listened to, until it has
// drained. Who is dead, stuck, or no longer entitled is let go at a heartbeat.

import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Actor } from "@ticker/core/access";
import type { Upgrade } from "@ticker/core/api/upgrade";
import { type FeedSession, openFeedSession } from "@ticker/core/feed-session";
import { keyed } from "@ticker/core/keyed";
import type { Log } from "@ticker/core/platform";
import { HEARTBEAT_MS, SUBPROTOCOL } from "@ticker/core/protocol";
import { WebSocket, WebSocketServer } from "ws";

/** What waits for one reader at most, bytes; beyond it the reader gets nothing more until it drains. */
const BACKLOG_MAX = 256 * 1024;
const PER_ACCOUNT_MAX = 2_000;
const MESSAGE_BYTES_MAX = 16 * 1024;
/** A reader with a backlog that takes nothing for this long is gone; one that comes back has its cursors. */
const STUCK_MAX_MS = 120_000;
/** How long a goodbye waits for its answer. */
const GOODBYE_MS = 1_000;

export type SocketWorld = Parameters<typeof openFeedSession>[0] & {
  /** Decides who is asking before anything is opened. */
  authenticate(request: IncomingMessage): Promise<Upgrade>;
  /** Whether what they proved it with is still good. */
  holds(actor: Actor): Promise<boolean>;
  log: Log;
};

/** `alive`: heard of since the last heartbeat. `taken`: bytes it had taken when it last took any, and when. */
type Entry = {
  actor: Actor;
  session: FeedSession;
  stream: Socket;
  alive: boolean;
  taken: number;
  takenMono: number;
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
    ...{ closeTimeout: GOODBYE_MS }, // Its types do not know it.
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const sessions = new Map<WebSocket, Entry>();
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
    const { actor } = upgrade;
    const { account } = actor;
    if ((perAccount.get(account) ?? 0) >= PER_ACCOUNT_MAX) {
      const detail = `An account has at most ${PER_ACCOUNT_MAX} connections: close some first.`;
      return refuse(socket, plain(429, detail));
    }
    sockets.handleUpgrade(request, socket, head, (ws) => open(ws, socket as Socket, actor));
  }

  function open(ws: WebSocket, stream: Socket, actor: Actor): void {
    const { account } = actor;
    let full = false;
    const watcher = {
      encode,
      write(bytes: Uint8Array) {
        if (ws.readyState !== WebSocket.OPEN) return;
        stream.write(bytes);
        if (full || stream.writableLength <= BACKLOG_MAX) return;
        // Whoever does not read is not listened to: answers would pile up.
        full = true;
        ws.pause();
      },
      ready: () => !full && ws.readyState === WebSocket.OPEN,
    };
    const recheck = (): void => check([[ws, entry]]);
    const session = openFeedSession(world, account, { watcher, recheck });
    const takenMono = world.clock.monotonic();
    const entry: Entry = { actor, session, stream, alive: true, taken: 0, takenMono };
    sessions.set(ws, entry);
    perAccount.set(account, (perAccount.get(account) ?? 0) + 1);
    stream.on("drain", () => {
      full = false;
      ws.resume();
      session.resume();
    });
    ws.on("pong", () => {
      entry.alive = true;
    });
    ws.on("ping", () => {
      entry.alive = true;
      if (session.pinged() === "close") ws.close(1008, "too many messages");
    });
    ws.on("message", (data, binary) => {
      entry.alive = true;
      if (ws.readyState !== WebSocket.OPEN) return; // Let go already; it has not noticed.
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
    recheck(); // It may have been revoked while the upgrade was under way.
  }

  /** Lets go of those whose credential was revoked, has expired, or whose session ended. */
  function check(entries: Iterable<[WebSocket, Entry]>): void {
    const verdicts = new Map<string | null, Promise<boolean>>();
    for (const [ws, { actor }] of entries) {
      keyed(verdicts, actor.credentialId, () => world.holds(actor)).then(
        (good) => good || ws.close(1008, "signed out, expired or revoked"),
        // The next heartbeat asks again.
        (error) => world.log.error("a credential was not read", { cause: String(error) }),
      );
    }
  }

  function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
    const lines = Object.entries({
      ...headers,
      connection: "close",
      "content-length": String(Buffer.byteLength(body)),
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    // It is nobody's from here on: one that never closes its side would stay for good.
    socket.once("finish", () => socket.destroy());
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
  }

  /** A reader with a backlog answers late: silence ends a connection without one, taking nothing one with. */
  function isGone(ws: WebSocket, entry: Entry, mono: number): boolean {
    const { stream } = entry;
    const taken = stream.bytesWritten - stream.writableLength;
    if (entry.alive || taken > entry.taken) {
      entry.taken = taken;
      entry.takenMono = mono;
    }
    if (ws.bufferedAmount > 0) return mono - entry.takenMono > STUCK_MAX_MS;
    return !entry.alive;
  }

  const heart = setInterval(() => {
    const mono = world.clock.monotonic();
    for (const [ws, entry] of sessions) {
      if (isGone(ws, entry, mono)) {
        ws.terminate();
        continue;
      }
      entry.alive = false;
      if (ws.bufferedAmount === 0) ws.ping();
      entry.session.heartbeat();
    }
    check(sessions);
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
