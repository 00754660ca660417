// HTTP and WebSocket on one port: the API's app, the console's files behind it, and the feed's upgrades.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { makeApi } from "@ticker/core/api/app";
import type { Api } from "@ticker/core/api/context";
import { authenticateUpgrade } from "@ticker/core/api/upgrade";
import type { Feed } from "@ticker/core/feed";
import type { Files } from "./files.ts";
import { OperatorError } from "./options.ts";
import { serveFeed } from "./socket.ts";

export type Listening = { port: number; close(): Promise<void> };

/** A port that is ours; whoever asks before there is a service behind it is told to come back. */
export type Bound = { server: Server; port: number };

const NOT_YET = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(503, { "retry-after": "1", "content-type": "text/plain" });
  response.end("Ticker is starting.\n");
};

/** Errors: OperatorError when the port is taken or the address cannot be bound. */
export async function bind(at: { host: string; port: number }): Promise<Bound> {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 },
    NOT_YET,
  );
  await listening(server, at);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : at.port;
  return { server, port };
}

/** Puts the service behind a bound port. */
export function serve(
  { server, port }: Bound,
  world: { api: Api; feed: Feed; files: Files; version: string },
): Listening {
  const { api, feed, files, version } = world;
  const app = makeApi(api);
  app.get("*", (c, next) => {
    const file = files(c.req.path);
    return file === null ? next() : Promise.resolve(file);
  });
  server.off("request", NOT_YET);
  server.on("request", getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const sockets = serveFeed(server, {
    clock: api.platform.clock,
    store: api.platform.store,
    feed,
    version,
    authenticate: ({ headers, socket }) =>
      authenticateUpgrade(api, { headers, address: socket.remoteAddress ?? "unknown" }),
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
