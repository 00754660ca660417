// What no route answers: OPTIONS says what a path takes, a wrong method is told which are right,
// and the rest is absent.

import type { Context } from "hono";
import { VisibleError } from "../error.ts";
import type { Log } from "../platform.ts";
import type { ApiApp } from "./context.ts";
import { PAGE_PATH } from "./pages.ts";
import { HttpRefusal, problemResponse } from "./problem.ts";

/** The last answer before nothing. There is no CORS: other sites' pages get no permission here. */
export function unmatched(app: ApiApp, c: Context, log: Log): Response {
  const methods = methodsOf(app, c.req.path);
  const allow = ["OPTIONS", ...methods].join(", ");
  if (methods.length > 0 && c.req.method === "OPTIONS") {
    return new Response(null, { status: 204, headers: { allow } });
  }
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  if (methods.length > 0 && !methods.includes(method)) {
    const detail = `${c.req.path} does not take ${c.req.method}, only ${methods.join(", ")}.`;
    return problemResponse(c, new HttpRefusal("method-not-allowed", detail, { allow }), log);
  }
  return problemResponse(
    c,
    new VisibleError("not-found", `There is nothing at ${c.req.path}.`),
    log,
  );
}

/** Methods the documented routes take at a path. */
function methodsOf(app: ApiApp, path: string): string[] {
  const methods = new Set<string>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== "route") continue;
    if (matches(definition.route.path, path)) {
      const method = definition.route.method.toUpperCase();
      methods.add(method);
      if (method === "GET") methods.add("HEAD");
    }
  }
  return [...methods].sort();
}

/** `/v1/tickers/{id}` matches `/v1/tickers/203`: segment by segment, no pattern made from input. */
function matches(template: string, path: string): boolean {
  if (template.startsWith("/{page}")) return PAGE_PATH.test(path);
  const wanted = template.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith("{") ? given[i] !== "" : part === given[i]))
  );
}
