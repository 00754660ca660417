// The documentation page: readable HTML from the OpenAPI document, with the hand-written parts. No
// inline script or style, since the site's policy allows none.

import { escapeXml } from "../page/render.ts";
import { feedPart } from "./docs-feed.ts";
import { code, jsonText, prose, table } from "./docs-html.ts";
import type { OpenApi, Operation, Schema } from "./openapi.ts";

type Listed = { path: string; method: string; operation: Operation; anchor: string };

/** `hostApi`: the .d.ts of what scripts may use; null leaves that part out. */
export function docsPage(document: OpenApi, hostApi: string | null): string {
  const operations = listed(document);
  const tags = [...new Set(operations.map((one) => one.operation.tags[0] ?? ""))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>Ticker: REST, feed and scripts</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<a class="skip" href="#main">Skip to the documentation</a>
<header class="row0"><span>P888</span> <b>TICKER</b> <span>v${escapeXml(document.info.version)}</span> <a href="/">Console</a></header>
<main id="main">
<h1>Ticker: REST, feed and scripts</h1>
<p>${prose(`${document.info.description} The same in machine form: `)}<a href="/v1/openapi.json">openapi.json</a>.</p>
<nav aria-label="Contents">${contents(operations, tags, hostApi !== null)}</nav>
${basics()}
${tags.map((tag) => tagPart(document, tag, operations)).join("\n")}
${feedPart()}
${hostApi === null ? "" : hostApiPart(hostApi)}
${schemasPart(document)}
</main>
</body>
</html>
`;
}

function listed(document: OpenApi): Listed[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      operation,
      anchor: `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`,
    })),
  );
}

function contents(operations: Listed[], tags: string[], hostApi: boolean): string {
  const items = operations
    .toSorted(
      (a, b) => tags.indexOf(a.operation.tags[0] ?? "") - tags.indexOf(b.operation.tags[0] ?? ""),
    )
    .map((one) => `<li><a href="#${one.anchor}">${escapeXml(one.operation.summary)}</a></li>`);
  return `<ul><li><a href="#basics">Basics</a></li><li><a href="#feed">The feed</a></li>${
    hostApi ? '<li><a href="#scripts">What scripts may use</a></li>' : ""
  }<li><a href="#schemas">Shapes</a></li>${items.join("")}</ul>`;
}

function basics(): string {
  const points = [
    "Bodies are I-JSON (RFC 7493): UTF-8, each name of an object once. Instants end in `At` and are epoch milliseconds; durations and sizes carry their unit.",
    "Send a token as `Authorization: Bearer tkr_...`. Tokens have the scopes `read` and `write`.",
    "Errors are `application/problem+json` (RFC 9457): `code` is stable, `detail` is a sentence, `issues` names each place in the input that is wrong.",
    "Lists answer `{items}`. Where more may follow there is `next`: send it back as `cursor` until it is null.",
    "A ticker is addressed by its id, its page number or its name. What is not yours looks absent.",
    "An edit needs `If-Match` with the ETag you read: 409 carries `current`, so that nobody's work is lost.",
    "A create with an `Idempotency-Key` may be sent again after a lost answer: it makes one ticker.",
    "429 and 503 say in `Retry-After` when to come back.",
  ];
  const example = `# A ticker in one command
curl -H "Authorization: Bearer $TICKER_TOKEN" -H "Content-Type: application/json" \\
  -d '{"name":"time","schedule":{"every":1000},
       "script":{"language":"javascript","source":"print(new Date().toISOString())"}}' \\
  http://127.0.0.1:4000/v1/tickers

# Its page, in colours
curl -H "Authorization: Bearer $TICKER_TOKEN" http://127.0.0.1:4000/v1/tickers/time.ansi

# Its newest run with everything it printed
curl -H "Authorization: Bearer $TICKER_TOKEN" http://127.0.0.1:4000/v1/tickers/time/runs/latest

# Text from outside
echo "42 widgets" | curl -X PUT -H "Authorization: Bearer $TICKER_TOKEN" \\
  -H "Content-Type: text/plain" --data-binary @- http://127.0.0.1:4000/v1/tickers/time/output`;
  return `<h2 id="basics">Basics</h2>
<ul>${points.map((point) => `<li>${prose(point)}</li>`).join("")}</ul>
${code(example, "Examples with curl")}`;
}

function tagPart(document: OpenApi, tag: string, operations: Listed[]): string {
  const parts = operations
    .filter((one) => one.operation.tags[0] === tag)
    .map((one) => operationPart(document, one));
  return `<h2>${escapeXml(tag)}</h2>\n${parts.join("\n")}`;
}

function operationPart(document: OpenApi, { path, method, operation, anchor }: Listed): string {
  const scope = operation.security[0]?.bearer?.[0];
  const needs = scope === undefined ? "open to all" : `needs ${scope}`;
  const parts = [
    `<h3 id="${anchor}"><span class="method ${method}">${method.toUpperCase()}</span> ${escapeXml(path)} <span class="open">${needs}</span></h3>`,
    `<p><b>${prose(operation.summary)}.</b> ${prose(operation.description ?? "")}</p>`,
  ];
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((parameter) => [
      `<code>${escapeXml(parameter.name)}</code>`,
      escapeXml(`${parameter.in}${parameter.required ? ", needed" : ""}`),
      typeText(parameter.schema),
      prose(parameter.description ?? parameter.schema.description ?? ""),
    ]);
    parts.push(table(["Parameter", "Where", "Type", "Meaning"], rows));
  }
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    parts.push(`<h4>Body, ${escapeXml(type)}</h4><p>${typeText(media.schema)}</p>`);
    const example = exampleOf(document, media.schema);
    if (example !== undefined) parts.push(code(jsonText(example), `Body of ${method} ${path}`));
  }
  const rows = Object.entries(operation.responses).map(([status, response]) => [
    escapeXml(status),
    prose(response.description),
    Object.values(response.content ?? {})
      .map((media) => typeText(media.schema))
      .filter((text, i, all) => all.indexOf(text) === i)
      .join(", "),
  ]);
  parts.push(table(["Status", "Meaning", "Shape"], rows));
  return parts.join("\n");
}

function hostApiPart(hostApi: string): string {
  return `<h2 id="scripts">What scripts may use</h2>
<p>${prose("Nothing but the language itself and these globals; plain output is understood too: a bare number, `name=number`, `40%` on a line of its own, or a JSON line.")}</p>
${code(hostApi, "Types of the script's globals")}`;
}

function schemasPart(document: OpenApi): string {
  const parts = Object.entries(document.components.schemas)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, schema]) =>
        `<h3 id="shape-${escapeXml(name)}">${escapeXml(name)}</h3>${schema.description ? `<p>${prose(schema.description)}</p>` : ""}${shapeBody(schema)}`,
    );
  return `<h2 id="schemas">Shapes</h2>\n${parts.join("\n")}`;
}

function shapeBody(schema: Schema): string {
  const options = schema.oneOf ?? schema.anyOf;
  if (options && !schema.properties) {
    return `<ul>${options.map((one) => `<li>${one.$ref ? typeText(one) : shapeBody(one)}</li>`).join("")}</ul>`;
  }
  if (!schema.properties) return `<p>${typeText(schema)}</p>`;
  const rows = Object.entries(schema.properties).map(([name, property]) => [
    `<code>${escapeXml(name)}</code>`,
    `${typeText(property)}${schema.required?.includes(name) ? "" : ", optional"}`,
    prose(property.description ?? ""),
  ]);
  return table(["Field", "Type", "Meaning"], rows);
}

/** A type in words, with links to named shapes. HTML. */
function typeText(schema: Schema): string {
  if (schema.$ref) {
    const name = escapeXml(schema.$ref.replace(/^.*\//, ""));
    return `<a href="#shape-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return `<code>${escapeXml(JSON.stringify(schema.const))}</code>`;
  if (schema.enum)
    return schema.enum.map((one) => `<code>${escapeXml(String(one))}</code>`).join(" | ");
  const options = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (options) return options.map(typeText).join(" | ");
  const types = [schema.type ?? "any"].flat();
  const words = types.map((type) => {
    if (type === "array" && schema.items) return `list of ${typeText(schema.items)}`;
    if (type === "object" && schema.properties) {
      return `{ ${Object.entries(schema.properties)
        .map(([name, property]) => `${escapeXml(name)}: ${typeText(property)}`)
        .join(", ")} }`;
    }
    return escapeXml(type);
  });
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined
      ? ` ${schema.minimum} to ${schema.maximum}`
      : "";
  return words.join(" | ") + range;
}

function exampleOf(document: OpenApi, schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  const name = schema.$ref?.replace(/^.*\//, "");
  return name === undefined ? undefined : document.components.schemas[name]?.example;
}
