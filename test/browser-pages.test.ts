// Every page in a real browser: signing in, killall, bin and tokens, and access for everybody.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { consoleUnderTest, openView } from "./support/browser.ts";
import { type TestServer, TOKEN, testServer } from "./support/server.ts";

const world = consoleUnderTest();
const { heading, fastext, ticker, remove } = world;
let page: Page;
let server: TestServer;
beforeEach(() => {
  ({ page, server } = world);
});

describe("signing in", () => {
  test("by the printed link, on to the page that was asked for; the tutorial really runs", async () => {
    const fresh = await testServer();
    const { page, context, complaints } = await openView(world.browser, fresh.url);
    await page.goto("/110");
    await page.getByLabel("Password or token").waitFor();
    await page.goto(fresh.signInLink.replace(fresh.url, ""));
    await page.getByText("Nothing runs at this moment").waitFor();
    await page.keyboard.press("c");
    await page.getByText("Nothing here yet").waitFor();
    expect(page.url()).not.toContain("#");
    await page.getByRole("button", { name: "Run it: A clock" }).click();
    await page.getByRole("heading", { level: 1, name: /clock/ }).waitFor();
    await page
      .getByRole("log")
      .getByText(/^\d{4}-\d\d-\d\dT/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "sign out" }).click();
    await page.getByLabel("Password or token").fill("tkr_wrong");
    await page.getByRole("button", { name: "SIGN IN" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password or token").fill(TOKEN);
    await page.getByRole("button", { name: "SIGN IN" }).click();
    expect(complaints).toEqual([]);
    await context.close();
    await fresh.close();
  });
});

describe("killall", () => {
  test("says what it will stop, ends it, turns the header red everywhere, and releases", async () => {
    const made = await ticker(`print("started"); await sleep(60000);`, 1000);
    await page.goto("/180");
    await page.getByRole("link", { name: new RegExp(`${made.page} ${made.name}`) }).waitFor();
    await page.getByText(/1 run\b/).waitFor();
    const typed = page.getByLabel("Or type KILL");
    await page.getByLabel("Reason").fill("a test");
    await typed.fill("kil");
    expect(await page.getByRole("button", { name: "Kill all", exact: true }).isDisabled()).toBe(
      true,
    );
    await typed.fill("kill");
    await typed.press("Enter");
    await page.getByText(/a test/).waitFor();
    await page.getByRole("banner").getByText("KILLALL").waitFor();
    await page.getByRole("banner").getByRole("link", { name: "TICKER" }).click();
    await page.getByRole("article").getByText("HELD").first().waitFor();
    await page.getByRole("banner").getByText("KILLALL").click();
    await page.getByRole("button", { name: "▶ RELEASE" }).click();
    await page.getByText("✓ NOT IN FORCE").waitFor();
    await remove(made.id);
  });

  test("another console sees it at once, and one that comes later too", async () => {
    const other = await page.context().newPage();
    // Without the feed nothing would tell it: it may not ask.
    await other.route("**/v1/status", (route) => route.abort());
    await other.goto("/110");
    await page.goto("/180");
    const banner = other.getByRole("banner");
    for (let round = 0; round < 2; round++) {
      await page.getByLabel("Or type KILL").fill("kill");
      await page.getByLabel("Or type KILL").press("Enter");
      await banner.getByText("KILLALL").waitFor();
      await other.reload();
      await banner.getByText("KILLALL").waitFor();
      await page.getByRole("button", { name: "▶ RELEASE" }).click();
      await banner.getByText("KILLALL").waitFor({ state: "detached" });
    }
    await other.close();
  });

  test("two seconds of holding do it too, less does nothing", async () => {
    await page.goto("/180");
    const button = page.getByRole("button", { name: /HOLD FOR 2 SECONDS/ });
    await button.hover();
    await page.mouse.down();
    await page.mouse.up();
    await page.getByText("✓ NOT IN FORCE").waitFor();
    await page.mouse.down();
    await page.getByText("⏸ IN FORCE").waitFor();
    await page.mouse.up();
    await fastext("Release").click();
    await page.getByText("✓ NOT IN FORCE").waitFor();
  });
});

test("a run that is not there has the keys of a page that is not there", async () => {
  const made = await ticker(`print("x")`);
  await page.goto(`/${made.page}/99`);
  await heading("404 Page not found").waitFor();
  await fastext("A-Z 199").waitFor();
  expect(await page.title()).toBe("P404 Page not found - Ticker");
});

describe("changing one's mind", () => {
  test("start and stop at once, bin with undo, and a refusal that is taken back", async () => {
    const made = await ticker(`print("x")`, 60_000);
    await page.goto(`/${made.page}`);
    await page.getByRole("button", { name: "■ Stop" }).click();
    await page.getByText("■ STOPPED").waitFor();
    await page.getByRole("button", { name: "▶ Start" }).click();
    await page.getByRole("button", { name: "■ Stop" }).waitFor();
    await page.route("**/stop", (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        body: JSON.stringify({ title: "Unavailable", detail: "not now", status: 503 }),
      }),
    );
    await page.getByRole("button", { name: "■ Stop" }).click();
    await page.getByText(/was refused, taken back: not now/).waitFor();
    await page.getByRole("button", { name: "■ Stop" }).waitFor();
    await page.getByRole("button", { name: "Bin", exact: true }).click();
    await page.getByText(/is in the bin/).waitFor();
    await page.getByRole("button", { name: "UNDO" }).click();
    await heading(new RegExp(`${made.page}`)).waitFor();
    await page.getByText("■ STOPPED").waitFor();
    await page.getByRole("button", { name: "Bin", exact: true }).click();
    await page.goto("/185");
    await page
      .getByRole("listitem")
      .filter({ hasText: `${made.name}` })
      .getByRole("button", { name: "Restore" })
      .click();
    await page.getByText("■ STOPPED").waitFor();
  });

  test("a token's text is shown once, and revoking asks once more", async () => {
    await page.goto("/192");
    await page.getByLabel("New token for").fill("laptop");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText(/tkr_\w+/).waitFor();
    await page.reload();
    const row = page.getByRole("listitem").filter({ hasText: "laptop" });
    await row.getByText("never used").waitFor();
    expect(await page.getByText(/tkr_\w+/).count()).toBe(0);
    await row.getByRole("button", { name: "Revoke" }).click();
    await row.getByRole("button", { name: "Really revoke?" }).click();
    await page.getByText("No tokens yet.").waitFor();
    await page.goto("/194");
    await page.getByLabel("Name").fill("smtp_key");
    await page.getByLabel("Value").fill("hunter2");
    await page.getByRole("button", { name: "Keep" }).click();
    const secret = page.getByRole("listitem").filter({ hasText: "SMTP_KEY" });
    await secret.getByRole("button", { name: "Delete" }).click();
    await secret.getByRole("button", { name: "Really delete?" }).click();
    await page.getByText("No secrets yet.").waitFor();
  });
});

describe("for everybody", () => {
  const WIDTHS = [1280, 390, 320];
  /** Nothing may stick out of these either; 720 is what 1440 pixels are at 200 % zoom. */
  const WIDTHS_BETWEEN = [900, 720, 650];
  let made: { good: number; bad: number } | null = null;

  /** One ticker with a number and one that fails, three runs each; and every page there is. */
  async function allPages(): Promise<string[]> {
    if (!made) {
      const good = await server.ticker(
        "good",
        `metric("level", 1); metric("level", run.number); print(green("fine"));`,
      );
      const bad = await server.ticker("bad", `throw new Error("as meant")`);
      for (let i = 0; i < 3; i++) {
        for (const { page } of [good, bad]) await server.ask("POST", `/v1/tickers/${page}/run`);
        await expect.poll(openRuns).toBe(0);
      }
      made = { good: good.page, bad: bad.page };
    }
    const { good, bad } = made;
    return [
      ...["/", "/101", "/110", "/120", "/180", "/185", "/190", "/191", "/192", "/194", "/199"],
      ...["/606", "/850", "/404", "/sign-in"],
      ...["", "/1", "/runs", "/edit"].map((end) => `/${good}${end}`),
      ...["", "/last-failed"].map((end) => `/${bad}${end}`),
    ];
  }
  const openRuns = async () =>
    (await server.ask<{ items: unknown[] }>("GET", "/v1/runs")).items.length;

  test("axe finds nothing and nothing sticks out, on every page at every width", {
    timeout: 120_000,
  }, async () => {
    const found: string[] = [];
    for (const path of await allPages()) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.evaluate("document.fonts.ready.then(() => true)");
      if (path.endsWith("/edit") || path === "/101") await page.locator(".cm-content").waitFor();
      for (const width of [...WIDTHS, ...WIDTHS_BETWEEN]) {
        await page.setViewportSize({ width, height: 800 });
        const overhang = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        if (overhang !== 0) found.push(`${path} ${width} sticks out by ${overhang}`);
        if (!WIDTHS.includes(width)) continue;
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
        for (const { id, nodes } of violations)
          found.push(`${path} ${width} ${id}: ${nodes[0]?.html}`);
      }
    }
    expect(found).toEqual([]);
  });

  test("the newsflash names who failed three times, and P120 says why", async () => {
    await allPages();
    await page.goto("/");
    await page.getByText(/bad has failed 3 runs in a row/).waitFor();
    expect(await page.locator("link[rel=icon]").getAttribute("href")).toBe("/favicon-failing.svg");
    expect((await page.request.get("/favicon-failing.svg")).headers()["content-type"]).toMatch(
      /svg/,
    );
    await page.getByRole("link", { name: "see P120" }).click();
    await page.getByText("Error: as meant (line 1)").waitFor();
  });
});
