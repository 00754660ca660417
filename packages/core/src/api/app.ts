// The REST API as one Hono app, the same in every body: guards, then routes by noun, then the
// documents made from them. Whoever serves it may add its static files after it; see `ownsPath`.

import { OpenAPIHono } from "@hono/zod-openapi";
import { makeAccess } from "../access.ts";
import type { Engine } from "../engine.ts";
import type { Platform } from "../platform.ts";
import { makeRate } from "../rate.ts";
import { addAccount } from "./account.ts";
import type { Api, ApiApp, ApiEnv, ApiOptions } from "./context.ts";
import { addDocs } from "./docs.ts";
import { ownHost, ownOrigin, secureHeaders } from "./guard.ts";
import { addHealth } from "./health.ts";
import { invalid } from "./invalid.ts";
import { addPages } from "./pages.ts";
import { problemResponse } from "./problem.ts";
import { addRuns } from "./runs.ts";
import { addSchedule } from "./schedule.ts";
import { addSecrets } from "./secrets.ts";
import { addSession } from "./session.ts";
import { addTickers } from "./tickers.ts";
import { addTokens } from "./tokens.ts";
import { addTry } from "./try.ts";
import { unmatched } from "./unmatched.ts";

/** Sign-ins and wrong proofs of one address: five, then one each ten seconds. */
const ATTEMPTS = { burst: 5, perSecond: 0.1 };
/**
 * Requests of one account: room to create thousands of tickers in one go; a runaway loop is still
 * stopped.
 */
const REQUESTS = { burst: 5_000, perSecond: 1_000 };

/** What an API is made from, without its app: the WebSocket's door uses it too. */
export function makeApiContext(parts: {
  platform: Platform;
  engine: Engine;
  options: ApiOptions;
}): Api {
  const { platform, options } = parts;
  const attempts = makeRate(platform.clock, ATTEMPTS.burst, ATTEMPTS.perSecond);
  const operator = {
    owner: options.owner,
    token: options.operatorToken,
    password: options.operatorPassword,
  };
  return {
    ...parts,
    attempts,
    requests: makeRate(platform.clock, REQUESTS.burst, REQUESTS.perSecond),
    access: makeAccess(platform, operator, attempts),
  };
}

/**
 * The app. Its `fetch` answers every request; routes added to it later are asked before the 404.
 */
export function makeApi(api: Api): ApiApp {
  const app: ApiApp = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
  app.onError((error, c) => problemResponse(c, error, api.platform.log));
  app.notFound((c) => unmatched(app, c, api.platform.log));
  app.use(secureHeaders, ownHost(api), ownOrigin(api));
  addTickers(app, api);
  addRuns(app, api);
  addTry(app, api);
  addSchedule(app, api);
  addAccount(app, api);
  addTokens(app, api);
  addSecrets(app, api);
  addSession(app, api);
  addHealth(app, api);
  addDocs(app, api);
  addPages(app, api);
  // Whoever serves a console behind this answers unknown addresses with it: never ours.
  app.all("/v1/*", (c) => unmatched(app, c, api.platform.log));
  return app;
}
