// The documentation says all there is and nothing else: every route is in the OpenAPI document, every
// part of that has words, and the page made from it can be read without scripts.

import { docsPage } from "@ticker/core/api/docs-page";
import { type OpenApi, openApiDocument } from "@ticker/core/api/openapi";
import { escapeXml } from "@ticker/core/page/render";
import { afterAll, describe, expect, test } from "vitest";
import { EXAMPLES } from "../packages/server/src/examples.ts";
import { apiWorld } from "./support/api-world.ts";

const world = await apiWorld();
const document: OpenApi = (await world.ask("GET", "/v1/openapi.json", { as: null })).json;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
afterAll(() => world.close());

describe("the OpenAPI document", () => {
  test("has every route of the app", () => {
    const documented = new Set(
      operations.map(({ path, method }) => `${method} ${path.replace(/\{(\w+)\}/g, ":$1")}`),
    );
    // Pages have a pattern the document cannot say, and are documented by hand beside it.
    const byHand = /^\/:page\{/;
    const undocumented = world.app.routes
      .filter(({ method, path }) => method !== "ALL" && !byHand.test(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${path}`)
      .filter((route) => !documented.has(route));
    expect(undocumented).toEqual([]);
    expect(documented.size).toBeGreaterThan(30);
    expect(documented).toContain("get /:page");
  });

  test("says 3.1, and every reference leads somewhere", () => {
    expect(document.openapi).toBe("3.1.0");
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name] of references)
      expect(document.components.schemas).toHaveProperty(name ?? "");
  });

  test.each(operations)("$method $path has words, answers, errors and its access", (one) => {
    const { operation, path } = one;
    expect(operation.summary.length).toBeGreaterThan(5);
    expect(operation.description?.length).toBeGreaterThan(10);
    expect(operation.tags).toHaveLength(1);
    const statuses = Object.keys(operation.responses).map(Number);
    expect(statuses.some((status) => status < 300)).toBe(true);
    expect(statuses).toContain(429);
    if (operation.security.length > 0) expect(statuses).toEqual(expect.arrayContaining([401, 403]));
    if (path.includes("{id}")) expect(statuses).toContain(404);
    if (operation.requestBody)
      expect(statuses).toEqual(expect.arrayContaining([400, 413, 415, 422]));
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(description.length, status).toBeGreaterThan(4);
      if (Number(status) >= 400) {
        expect(content?.["application/problem+json"]?.schema.$ref).toBe(
          "#/components/schemas/Problem",
        );
      }
    }
    for (const { name, description, schema } of operation.parameters ?? [])
      expect((description ?? schema.description ?? "").length, name).toBeGreaterThan(10);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(inPath.map((parameter) => parameter.name).sort()).toEqual(named.sort());
  });

  test("its examples can be followed on a fresh service, which has examples of its own", async () => {
    const page = await world.ask("GET", "/docs");
    const made = [...page.text.matchAll(/&quot;name&quot;: ?&quot;([a-z-]+)&quot;/g)];
    const names = made.map(([, name]) => name);
    expect(names).toContain("time");
    for (const { name } of EXAMPLES) expect(names).not.toContain(name);
  });

  test("is the same however often it is made", () => {
    expect(openApiDocument(world.app, "x")).toEqual(openApiDocument(world.app, "x"));
  });
});

describe("the page", () => {
  test("names every route, the feed's messages and the script's globals", async () => {
    const { status, text, headers } = await world.ask("GET", "/docs", { as: null });
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const absent = [
      ...operations.map(({ path }) => path),
      ...operations.map(({ operation }) => escapeXml(operation.summary)),
      ...["subscribe", "hello", "events", "live", "gap", "tiles", "heartbeat"].map(
        (type) => `&quot;type&quot;:&quot;${type}&quot;`,
      ),
      'id="feed"',
      "declare function print",
    ].filter((words) => !text.includes(words));
    expect(absent).toEqual([]);
    expect(text.match(/undefined|\[object Object\]/)).toBe(null);
  });

  test("keeps to its own policy: no inline script or style, one file of its own", async () => {
    const { text } = await world.ask("GET", "/docs", { as: null });
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/i);
    expect(
      [...text.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, to]) => to),
    ).toEqual(["/docs.css"]);
    const css = await world.ask("GET", "/docs.css", { as: null });
    expect([css.status, css.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
  });

  test("every link inside it leads somewhere, and no place has two names", async () => {
    const { text } = await world.ask("GET", "/docs", { as: null });
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, to] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(to);
  });

  test("whatever stands in the document is text, never markup", () => {
    const hostile = structuredClone(document);
    const [first] = Object.values(hostile.paths).flatMap((methods) => Object.values(methods));
    if (first) first.summary = "<script>alert(1)</script>";
    expect(docsPage(hostile, "</code><script>")).not.toContain("<script");
  });
});
