// A real Chromium for tests of the console: one browser, a signed-in page each, and an eye on everything the
// page should not say: errors, refused resources, broken policies.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type TestServer, TOKEN, testServer } from "./server.ts";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
}

export type View = { page: Page; context: BrowserContext; complaints: string[] };

/** What a signed-in browser keeps; signing in is rationed, so tests share one session. */
export async function signedIn(browser: Browser, url: string, token: string) {
  const context = await browser.newContext({ baseURL: url });
  const headers = { origin: url };
  const answer = await context.request.post("/v1/session", { data: { token }, headers });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  const kept = await context.storageState();
  await context.close();
  return kept;
}

/** A page in a browser context of its own, signed in if `session` is given. */
export async function openView(
  browser: Browser,
  url: string,
  session?: Awaited<ReturnType<typeof signedIn>>,
): Promise<View> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 1280, height: 800 },
    ...(session ? { storageState: session } : {}),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Being told 401, 409 or 503 is part of the work; the browser calls every such answer an error.
    const isRefusal = /status of [45]\d\d|WebSocket connection to/.test(message.text());
    if (message.type() === "error" && !isRefusal) complaints.push(message.text());
  });
  return { page, context, complaints };
}

/**
 * The real service and browser for one file of tests, and for each test a fresh signed-in page that must have
 * nothing to complain of at its end. What is found by a name is found on that page.
 */
export function consoleUnderTest() {
  let view: View;
  let session: Awaited<ReturnType<typeof signedIn>>;
  let count = 0;
  const world = {
    browser: null as unknown as Browser,
    server: null as unknown as TestServer,
    page: null as unknown as Page,
    heading: (name: string | RegExp) => world.page.getByRole("heading", { level: 1, name }),
    log: () => world.page.getByRole("log", { name: "Output lines" }),
    fastext: (name: string | RegExp) =>
      world.page.getByRole("navigation", { name: "Fastext" }).getByText(name),
    /** A ticker with a name nobody else has; by hand without `every`, ms. */
    async ticker(source: string, every?: number) {
      const name = `t${++count}`;
      return { ...(await world.server.ticker(name, source, every)), name };
    },
    remove: (id: string) => world.server.ask("DELETE", `/v1/tickers/${id}`),
  };
  beforeAll(async () => {
    [world.server, world.browser] = await Promise.all([testServer(), openBrowser()]);
    session = await signedIn(world.browser, world.server.url, TOKEN);
  });
  afterAll(async () => {
    await world.browser.close();
    await world.server.close();
  });
  beforeEach(async () => {
    view = await openView(world.browser, world.server.url, session);
    world.page = view.page;
  });
  afterEach(async () => {
    expect(view.complaints).toEqual([]);
    await view.context.close();
  });
  return world;
}
