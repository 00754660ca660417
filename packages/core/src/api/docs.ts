// The documentation as routes: the OpenAPI document, the page made from it, and the page's style
// sheet.

import { z } from "@hono/zod-openapi";
import { type Api, type ApiApp, operation } from "./context.ts";
import { docsPage } from "./docs-page.ts";
import { DOCS_CSS } from "./docs-style.ts";
import { type OpenApi, openApiDocument } from "./openapi.ts";

export function addDocs(app: ApiApp, api: Api): void {
  const { version, hostApi } = api.options;
  const tags = ["Service"];
  // Routes are all known by the first request, and never change after it.
  let made: { document: OpenApi; html: string } | null = null;
  const documents = () => {
    if (!made) {
      const document = openApiDocument(app, version);
      made = { document, html: docsPage(document, hostApi ?? null) };
    }
    return made;
  };
  const text = (type: string, description: string) => ({
    200: { description, content: { [type]: { schema: z.string() } } },
  });
  const caches = { "cache-control": "public, max-age=300" };

  const openapi = operation(api, "open", {
    method: "get",
    path: "/v1/openapi.json",
    tags,
    summary: "The OpenAPI document",
    description: "OpenAPI 3.1, made from the routes themselves.",
    responses: text("application/json", "The document."),
  });
  app.openapi(openapi, (c) => {
    const body = JSON.stringify(documents().document);
    return c.body(body, 200, { ...caches, "content-type": "application/json" }) as never;
  });

  const page = operation(api, "open", {
    method: "get",
    path: "/docs",
    tags,
    summary: "This documentation",
    description: "For reading: REST, the feed, and what scripts may use.",
    responses: text("text/html", "The page."),
  });
  app.openapi(page, (c) => {
    const headers = { ...caches, "content-type": "text/html; charset=utf-8" };
    return c.body(documents().html, 200, headers) as never;
  });

  const style = operation(api, "open", {
    method: "get",
    path: "/docs.css",
    tags,
    summary: "The documentation's style sheet",
    description: "A file of its own, since the page's policy allows no inline style.",
    responses: text("text/css", "The style sheet."),
  });
  app.openapi(
    style,
    (c) => c.body(DOCS_CSS, 200, { ...caches, "content-type": "text/css; charset=utf-8" }) as never,
  );
}
