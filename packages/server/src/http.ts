// HTTP and WebSocket on one port: the API's app, the console's files behind it, and the feed's upgrades.

import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { makeApi } from "@ticker/core/api/app";
import type { Api } from "@ticker/core/api/context";
import { authenticateUpgrade } from "@ticker/core/api/upgrade";
import type { Feed } from "@ticker/core/feed";
import type { Files } from "./files.ts";
import { OperatorError } from "./options.ts";
import { serveFeed } from "./socket.ts";

export type Listening = { port: number; close(): Promise<void> };

/** Errors: OperatorError when the port is taken or the address cannot be bound. */
export async function listen(
  at: { host: string; port: number },
  world: { api: Api; feed: Feed; files: Files; version: string },
): Promise<Listening> {
  const { api, feed, files, version } = world;
  const app = makeApi(api);
  app.get("*", (c, next) => {
    const file = files(c.req.path);
    return file === null ? next() : Promise.resolve(file);
  });
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  );
  const sockets = serveFeed(server, {
    clock: api.platform.clock,
    store: api.platform.store,
    feed,
    version,
    authenticate: ({ headers, socket }) =>
      authenticateUpgrade(api, { headers, address: socket.remoteAddress ?? "unknown" }),
  });
  await bind(server, at);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : at.port,
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

function bind(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
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
