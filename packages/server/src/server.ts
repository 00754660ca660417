// The whole service in one process: opens the folder, takes over what an earlier process left, serves, and
// ends in order. `main.ts` is the command around it; tests and benches start it directly.

import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { LINK_LIFE_MS } from "@ticker/core/access";
import { makeApiContext } from "@ticker/core/api/app";
import { issueCredential } from "@ticker/core/credential";
import { makeEngine, type Service } from "@ticker/core/engine";
import { VisibleError } from "@ticker/core/error";
import { HOST_API } from "@ticker/core/sandbox/host-api";
import { createTicker } from "@ticker/core/tickers";
import { EXAMPLES } from "./examples.ts";
import { consoleFiles } from "./files.ts";
import { type Bound, bind, type Listening, serve } from "./http.ts";
import { askerOf, hostAllowed, OperatorError, type Options } from "./options.ts";
import { type ServerPlatform, serverPlatform } from "./platform.ts";
import { openDataFolder } from "./sqlite-folder.ts";
import { VERSION } from "./version.ts";

/** The owner of everything on a single machine; more accounts come with people and roles. */
const OWNER = { id: "home", name: "home" };
const DRAIN_MS = 5_000;
const CONSOLE = fileURLToPath(new URL("../../web/dist", import.meta.url));

export type Server = {
  url: string;
  port: number;
  /** One-time sign-in link, good for an hour. */
  signInLink: string;
  /** Runs that an earlier process left and that were recorded as interrupted. */
  interrupted: number;
  platform: ServerPlatform;
  engine: Service;
  /** Drains and lets go of everything. */
  stop(): Promise<void>;
};

/** Errors: OperatorError with a sentence for the operator; nothing is touched then. */
export async function startServer(options: Options): Promise<Server> {
  // Before anything is opened: a taken port must leave the folder as it was.
  const bound = await bind(options);
  const folder = await operatorsOr(() => openDataFolder(options.data), bound);
  const asker = askerOf(options);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const epoch = randomBytes(6).toString("hex");
  let engine: Service | null = null;
  let platform: ServerPlatform | null = null;
  let listening: Listening | null = null;
  try {
    platform = operators(() =>
      serverPlatform(folder, { allowHosts: options.allowHosts, epoch }, () => engine?.wake()),
    );
    engine = makeEngine(platform, platform.feed, epoch);
    const api = makeApiContext({
      platform,
      engine,
      options: {
        version: VERSION,
        owner: OWNER.id,
        operatorToken: options.token,
        operatorPassword: options.password,
        hostAllowed: hostAllowed(options),
        secureCookies: options.origins.some((origin) => origin.protocol === "https:"),
        zone,
        addressOf: (_request, env) => {
          const { socket, headers } = (env as { incoming: IncomingMessage }).incoming;
          return asker(socket.remoteAddress, headers["x-forwarded-for"]);
        },
        hostApi: HOST_API,
      },
    });
    const files = operators(() => consoleFiles(CONSOLE));
    const now = platform.clock.now();
    // Warm before the first claim, so that the first tick is not late.
    await platform.sandbox.ready();
    const account = await platform.store.openAccount({ ...OWNER, createdAt: now, hold: null });
    const interrupted = await engine.start([account]);
    if (options.examples) await makeExamples(platform, zone);
    // Not before: until now there was no account to ask for, and a killall in force was not known.
    listening = serve(bound, { api, feed: platform.feed, files, version: VERSION, asker });
    engine.wake();
    const url = urlOf(options, listening.port);
    const link = await issueCredential(platform, {
      kind: "link",
      owner: OWNER.id,
      name: "printed at start",
      scopes: ["read", "write"],
      expiresAt: now + LINK_LIFE_MS,
    });
    const up = { platform, engine, listening };
    return {
      url,
      port: listening.port,
      signInLink: `${url}/sign-in#${link.secret}`,
      interrupted,
      platform,
      engine,
      async stop() {
        const drained = up.engine.drain(DRAIN_MS);
        await up.listening.close();
        await drained;
        await up.platform.close();
        folder.release();
      },
    };
  } catch (error) {
    if (listening === null) bound.server.close();
    await listening?.close();
    await platform?.close();
    folder.release();
    throw error;
  }
}

async function operatorsOr<T>(open: () => T, bound: Bound): Promise<T> {
  try {
    return operators(open);
  } catch (error) {
    bound.server.close();
    throw error;
  }
}

/** The caller's errors of opening are the operator's to mend. */
function operators<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof VisibleError) throw new OperatorError(error.message);
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new OperatorError("The console is not built: run `npm run build` first.");
    }
    throw error;
  }
}

function urlOf(options: Options, port: number): string {
  const [origin] = options.origins;
  if (origin) return origin.origin;
  const host = options.host === "0.0.0.0" || options.host === "::" ? "127.0.0.1" : options.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Only into a store that has never had a ticker. */
async function makeExamples(platform: ServerPlatform, zone: string): Promise<void> {
  if ((await platform.store.usedPages(OWNER.id)).length > 0) return;
  for (const { name, language, source, every } of EXAMPLES) {
    const input = { name, script: { language, source }, schedule: { every } };
    await createTicker(platform, OWNER.id, input, { key: null, zone });
  }
}
