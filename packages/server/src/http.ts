// HTTP and WebSocket on one port: the API's app, the console's files behind it, and the feed's upgrades.

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { makeApi } from "@ticker/core/api/app";
import type { Api } from "@ticker/core/api/context";
import { SECURITY_HEADERS } from "@ticker/core/api/guard";
import { HttpRefusal, problemOf } from "@ticker/core/api/problem";
import { authenticateUpgrade } from "@ticker/core/api/upgrade";
import { VisibleError } from "@ticker/core/error";
import type { Feed } from "@ticker/core/feed";
import type { Files } from "./files.ts";
import { type askerOf, OperatorError } from "./options.ts";
import { serveFeed } from "./socket.ts";

export type Listening = { port: number; close(): Promise<void> };

const HEADER_BYTES_MAX = 16 * 1024;

/** A port that is ours; whoever asks before there is a service behind it is told to come back. */
export type Bound = { server: Server; port: number };

const NOT_YET = (_request: IncomingMessage, response: ServerResponse): void => {
  const starting = "Ticker is starting: try again in a second.";
  const { status, headers, body } = refusal(
    new VisibleError("unavailable", starting, { retryAfterMs: 1_000 }),
  );
  response.writeHead(status, headers);
  response.end(body);
};

/** A problem as it goes over the wire, for what is refused before the app sees it. */
function refusal(error: unknown) {
  const { problem, headers } = problemOf(error);
  return {
    status: problem.status,
    headers: { ...SECURITY_HEADERS, ...headers, "content-type": "application/problem+json" },
    body: JSON.stringify(problem),
  };
}

/** Node counts the time for headers from their first byte; who sends none at all is cut after this. */
const FIRST_BYTE_MS = 10_000;

/** Errors: OperatorError when the port is taken or the address cannot be bound. */
export async function bind(at: { host: string; port: number }): Promise<Bound> {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxHeaderSize: HEADER_BYTES_MAX,
      requireHostHeader: false,
    },
    NOT_YET,
  );
  refuseGarbled(server);
  server.on("connection", (socket) => socket.setTimeout(FIRST_BYTE_MS));
  for (const asked of ["request", "upgrade"]) {
    server.on(asked, (request: IncomingMessage) => request.socket.setTimeout(0));
  }
  await listening(server, at);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : at.port;
  return { server, port };
}

/** Puts the service behind a bound port. */
export function serve(
  { server, port }: Bound,
  world: {
    api: Api;
    feed: Feed;
    files: Files;
    version: string;
    asker: ReturnType<typeof askerOf>;
  },
): Listening {
  const { api, feed, files, version, asker } = world;
  const app = makeApi(api);
  app.get("*", (c, next) => {
    const file = files(c.req.path, /text\/html/i.test(c.req.header("accept") ?? ""));
    return file === null ? next() : Promise.resolve(file);
  });
  server.off("request", NOT_YET);
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // The app answers its own errors; what is left is a request that is none (its Host or address).
    errorHandler: (error) => {
      const { status, headers, body } = refusal(
        new HttpRefusal("bad-request", `The request cannot be read: ${(error as Error).message}.`),
      );
      return new Response(body, { status, headers });
    },
  });
  server.on("request", listener);
  const sockets = serveFeed(server, {
    clock: api.platform.clock,
    store: api.platform.store,
    feed,
    version,
    authenticate: ({ headers, socket }) =>
      authenticateUpgrade(api, {
        headers,
        address: asker(socket.remoteAddress, headers["x-forwarded-for"]),
      }),
    holds: (actor) => api.access.holds(actor),
    log: api.platform.log,
  });
  return {
    port,
    async close() {
      sockets.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), 1_000);
      await closed;
      clearTimeout(force);
    },
  };
}

/** What Node's parser gives up on is told why, in the form of every other refusal. */
function refuseGarbled(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on("request", ({ socket }, response) => answers.set(socket, response));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket);
    // In the middle of an answer nothing else can be said.
    if (!socket.writable || (answer?.headersSent && !answer.writableFinished)) {
      socket.destroy();
      return;
    }
    const { status, headers, body } = refusal(garbled(error));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const length = Buffer.byteLength(body);
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        ...lines,
        `content-length: ${length}`,
        "connection: close",
        "",
        body,
      ].join("\r\n"),
    );
  });
}

function garbled({ code, message }: NodeJS.ErrnoException): HttpRefusal {
  if (code === "HPE_HEADER_OVERFLOW") {
    const most = `${HEADER_BYTES_MAX / 1024} KB`;
    return new HttpRefusal("headers-too-large", `Address and headers are over ${most} together.`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new HttpRefusal("request-timeout", "The request did not come to its end in time.");
  }
  return new HttpRefusal("bad-request", `This is not HTTP as it should be: ${message}.`);
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new OperatorError(why(error))));
    server.listen(port, host, () => resolve());
  });

  function why(error: NodeJS.ErrnoException): string {
    if (error.code === "EADDRINUSE") {
      return `Port ${port} on ${host} is taken: stop what listens there, or choose another with --port.`;
    }
    if (error.code === "EACCES") {
      return `Port ${port} may not be opened by this user: choose one above 1023 with --port.`;
    }
    return `The address ${host}:${port} cannot be bound (${error.code}): choose another with --host and --port.`;
  }
}
