// The OpenAPI 3.1 document of the app's own routes: the one list of what there is.

import type { ApiApp } from "./context.ts";

/** As much of the document as the documentation page reads. */
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
export type Operation = {
  tags: string[];
  summary: string;
  description?: string;
  /** Empty: open to all. Else each way in with the scopes it needs. */
  security: Record<string, string[]>[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema: Schema;
  }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
};
export type Media = { schema: Schema; example?: unknown };
export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
};

const TAGS: [string, string][] = [
  ["Tickers", "A script with a schedule and a policy."],
  ["Runs", "The execution for one due time, and everything it printed."],
  ["Schedules", "When a ticker is due."],
  ["Pages", "Tickers as teletext: plain, coloured, drawn."],
  ["Feed", "What happens, as it happens: see the feed's own part of this page."],
  ["Account", "Everything at once."],
  ["Secrets", "What scripts may know and nobody may read."],
  ["Tokens", "Proof for programs."],
  ["Session", "Proof for browsers."],
  ["Service", "For those who run it."],
];

/** Made anew at each call: keep what it answers. */
export function openApiDocument(app: ApiApp, version: string): OpenApi {
  const registry = app.openAPIRegistry;
  const schemes = registry.definitions.filter((definition) => definition.type === "component");
  if (schemes.length === 0) {
    registry.registerComponent("securitySchemes", "bearer", {
      type: "http",
      scheme: "bearer",
      description: "A token, `tkr_...`, made under Tokens or given by the operator.",
    });
    registry.registerComponent("securitySchemes", "session", {
      type: "apiKey",
      in: "cookie",
      name: "ticker_session",
      description: "Set by signing in; `__Host-ticker_session` where the site is https.",
    });
  }
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Ticker",
      version,
      description:
        "Runs small scripts on a clock, each in a sandbox, and tells what they print while they print it.",
      license: { name: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
  }) as unknown as OpenApi;
}
