// The real console, built, served by the real service, in a real browser.

import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page, WebSocketRoute } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openBrowser, openView, signedIn, type View } from "./support/browser.ts";
import { type TestServer, TOKEN, testServer } from "./support/server.ts";

let server: TestServer;
let browser: Browser;
let session: Awaited<ReturnType<typeof signedIn>>;
let view: View;
let page: Page;

beforeAll(async () => {
  [server, browser] = await Promise.all([testServer(), openBrowser()]);
  session = await signedIn(browser, server.url, TOKEN);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});
beforeEach(async () => {
  view = await openView(browser, server.url, session);
  page = view.page;
});
afterEach(async () => {
  expect(view.complaints).toEqual([]);
  await view.context.close();
});

const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name });
const log = () => page.getByRole("log", { name: "Output lines" });
const fastext = (name: string | RegExp) =>
  page.getByRole("navigation", { name: "Fastext" }).getByText(name);
let count = 0;
/** A ticker of its own for each test. */
const ticker = (source: string, every?: number) => server.ticker(`t${++count}`, source, every);
const remove = (id: string) => server.ask("DELETE", `/v1/tickers/${id}`);

describe("signing in", () => {
  test("by the printed link, on to the page that was asked for; the tutorial really runs", async () => {
    const fresh = await testServer();
    const { page, context, complaints } = await openView(browser, fresh.url);
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

describe("what a script prints", () => {
  test("appears on its tile and its page while it runs, with its number and its progress", async () => {
    const made = await ticker(
      `metric("usd", 64182); metric("usd", 64190);
       print(green("part"), "one");
       progress(0.62, "part 31 of 50");
       await sleep(4000);
       print("the end");`,
    );
    await page.goto("/");
    const tile = page.getByRole("article").filter({ hasText: `t${count}` });
    await tile.getByText("○ BY HAND").waitFor();
    await server.ask("POST", `/v1/tickers/${made.page}/run`);
    await tile.getByText("RUNNING").waitFor();
    await tile.getByText("64,190").waitFor();
    await tile.getByRole("link", { name: `${made.page} t${count}` }).click();
    await log().getByText("part one").waitFor();
    expect(await log().locator(".t-g").first().textContent()).toBe("part");
    await page.getByText("part 31 of 50").waitFor();
    const bar = page.getByRole("progressbar", { name: "Run 1" });
    expect(await bar.getAttribute("aria-valuenow")).toBe("62");
    await log().getByText("the end").waitFor();
    await page.getByText("✓ OK").waitFor();
    await log().getByRole("link", { name: "Run 0001" }).click();
    await heading("Run 0001").waitFor();
    await log()
      .getByText(/succeeded in/)
      .waitFor();
    await page.goBack();
    await heading(/t\d+/).waitFor();
  });

  test("stays text, whatever it is", async () => {
    const made = await ticker(
      `const esc = String.fromCharCode(27);
       print("<img src=x onerror=alert(1)><script>alert(2)</scr" + "ipt>");
       print(esc + "]8;;javascript:alert(3)" + esc + "\\\\" + "click" + esc + "]8;;" + esc + "\\\\");
       print(esc + "]8;;https://example.com/" + esc + "\\\\" + "link" + esc + "]8;;" + esc + "\\\\");
       print("see P" + run.ticker?.page, "P" + ticker.page, "https://example.com/?<b>");
       print(esc + "[31;1m" + "bold" + esc + "[2J");`,
    );
    let dialogs = 0;
    page.on("dialog", (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    await server.ask("POST", `/v1/tickers/${made.page}/run`);
    await page.goto(`/${made.page}`);
    await log().getByText("bold").waitFor();
    await log().getByText("<img src=x onerror=alert(1)><script>alert(2)</script>").waitFor();
    const names = await log()
      .locator(".tx *")
      .evaluateAll((found) => found.map((element) => (element as { tagName: string }).tagName));
    expect(new Set(names)).toEqual(new Set(["A", "SPAN"]));
    const links = await log()
      .locator(".tx a")
      .evaluateAll((found) =>
        found.map((element) =>
          (element as unknown as { getAttribute(n: string): string }).getAttribute("href"),
        ),
      );
    expect(links).toEqual(["https://example.com/", `/${made.page}`, "https://example.com/"]);
    expect(dialogs).toBe(0);
  });

  test("can be found, with a hit count, and each line has an address", async () => {
    const made = await ticker(
      `for (let i = 1; i <= 60; i++) print(i % 20 ? "row " + i : "needle " + i);`,
    );
    await server.ask("POST", `/v1/tickers/${made.page}/run`);
    await page.goto(`/${made.page}/1#L7-L9`);
    await log().getByText("row 59").waitFor();
    await page.getByText("HELD").waitFor();
    await expect.poll(() => log().locator(".l.lit").count()).toBe(3);
    expect(await log().locator(".l.lit").allTextContents()).toEqual(
      [7, 8, 9].map((i) => expect.stringContaining(`row ${i}`)),
    );
    await page.keyboard.press("/");
    await page.keyboard.type("needle");
    await page.getByText("1/3").waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("2/3").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.getByRole("button", { name: "Since start" }).waitFor();
  });
});

describe("following", () => {
  test("holds when the reader looks up, counts what comes, and follows again when told", async () => {
    const made = await ticker(`for (let i = 0; i < 6; i++) print("line", run.number, i);`, 100);
    await page.goto(`/${made.page}`);
    await page.getByText("▼ following").waitFor();
    await log().getByText("line 20 5").waitFor();
    const gap =
      "(() => { const l = document.querySelector('.log'); return l.scrollHeight - l.scrollTop - l.clientHeight; })()";
    expect(await page.evaluate(gap)).toBeLessThan(24);
    await log().hover();
    await page.mouse.wheel(0, -300);
    await page.getByRole("button", { name: /HELD \+\d+ lines/ }).waitFor();
    const before = await page.evaluate("document.querySelector('.log').scrollTop");
    await page.getByRole("button", { name: /HELD \+[3-9]\d lines/ }).waitFor();
    expect(await page.evaluate("document.querySelector('.log').scrollTop")).toBe(before);
    await page.keyboard.press("f");
    await page.getByText("▼ following").waitFor();
    await expect.poll(() => page.evaluate(gap)).toBeLessThan(24);
    await page.keyboard.press("h");
    await page.getByText("F to follow").waitFor();
    await remove(made.id);
  });
});

describe("keys", () => {
  test("digits go to pages, colours to Fastext, letters only outside of inputs and while switched on", async () => {
    const made = await ticker(`print("x")`);
    await page.goto("/");
    await page.getByRole("article").first().waitFor();
    await page.keyboard.press("1");
    await page.keyboard.press("8");
    await page.getByText("P18_").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("P100").waitFor();
    await page.keyboard.type("180");
    await heading("Killall").waitFor();
    await page.getByLabel("Reason").fill("r203");
    await heading("Killall").waitFor();
    await page.getByLabel("Reason").blur();
    await page.keyboard.press("c");
    await page.getByRole("article").first().waitFor();
    await page.keyboard.type(String(made.page));
    await heading(`${made.page} t${count}`).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("button", { name: "Follow F" }).waitFor();
    await page.keyboard.press("Shift+R");
    await log().getByText("x").waitFor();
    await page.keyboard.press("ArrowLeft");
    await heading("Run 0001").waitFor();
    await page.keyboard.press("e");
    await heading(/^Edit/).waitFor();
    await page.goto("/191");
    await page.getByLabel(/Single-letter keys/).uncheck();
    await page.getByRole("heading", { level: 1 }).click();
    await page.keyboard.type("i180");
    await page.keyboard.press("c");
    await heading("Appearance and keys").waitFor();
    await page.goto("/404");
    await heading("404 Page not found").waitFor();
  });

  test("j, k and Enter choose and open a ticker", async () => {
    await ticker(`print(1)`);
    await ticker(`print(1)`);
    await page.goto("/");
    const links = page.locator(".tile h2 a");
    await links.nth(1).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("j");
    const chosen = (await links.nth(1).textContent()) ?? "";
    await page.keyboard.press("Enter");
    await heading(chosen.trim()).waitFor();
  });
});

describe("the editor", () => {
  const code = () => page.getByRole("textbox", { name: /^Code/ });
  const write = async (text: string) => {
    await code().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
  };

  test("tries unsaved code, underlines where it broke, and keeps the draft", async () => {
    const made = await ticker(`print("saved")`);
    await page.goto(`/${made.page}/edit`);
    await code().getByText('"saved"').waitFor();
    await write(`state.set("last", 64182);\nprint("tried", 1 + 1);\nprint(cyan("end"));`);
    await page.getByText(/saved in this browser/).waitFor();
    await page.keyboard.press("Control+Enter");
    const dry = page.getByRole("log", { name: "Dry run output" });
    await dry.getByText("tried 2").waitFor();
    await dry.getByText("would set state last = 64182").waitFor();
    await dry.getByText("✓ succeeded").waitFor();
    await write(`print("fine");\nnonsense();`);
    await page.keyboard.press("Control+Enter");
    await dry.getByText(/nonsense/).waitFor();
    await page.locator(".cm-lintRange-error").waitFor();
    await page.getByText("✗ line 2").waitFor();
    await expect.poll(() => page.evaluate("JSON.stringify(localStorage)")).toContain("nonsense");
    await page.reload();
    await code().getByText("nonsense").waitFor();
    await page.getByText("DRAFT").waitFor();
    const kept = await server.ask<{ script: { source: string } }>(
      "GET",
      `/v1/tickers/${made.page}`,
    );
    expect(kept.script.source).toBe(`print("saved")`);
    await fastext("Discard").click();
    await code().getByText('"saved"').waitFor();
  });

  test("understands schedules as people write them, and saves with Ctrl+S", async () => {
    await page.goto("/101");
    await page.getByLabel("name", { exact: true }).fill("by-clock");
    await page.getByRole("textbox", { name: "When" }).fill("*/5 9-17 * * 1-5");
    await page.getByRole("button", { name: "Cron", pressed: true }).waitFor();
    await page.getByLabel("Time zone").fill("Europe/Oslo");
    await page.getByText(/Next runs Europe\/Oslo/).waitFor();
    await page.getByRole("textbox", { name: "When" }).fill("every other tuesday");
    await page.getByRole("alert").waitFor();
    await page.getByRole("textbox", { name: "When" }).fill("hand");
    await page.getByRole("button", { name: "By hand", pressed: true }).waitFor();
    await write(`print("made here")`);
    await page.keyboard.press("Control+s");
    await heading(/by-clock/).waitFor();
    await fastext("Run now").click();
    await log().getByText("made here").waitFor();
    await fastext("Edit").click();
    await write(`print("second")`);
    await fastext("Save v2").click();
    await page.getByText("by-clock is saved as v2").waitFor();
    const { script, schedule } = await server.ask<Record<string, unknown>>(
      "GET",
      "/v1/tickers/by-clock",
    );
    expect(script).toEqual({ language: "typescript", source: `print("second")` });
    expect(schedule).toEqual({ hand: true });
  });

  test("a script that does not compile is not saved, and its place is underlined", async () => {
    const made = await ticker(`print(1)`);
    await page.goto(`/${made.page}/edit`);
    await code().getByText("print").waitFor();
    await write(`print(1);\nconst = 2;`);
    await page.keyboard.press("Control+s");
    await page.getByText(/Not saved/).waitFor();
    await page.locator(".cm-lintRange-error").waitFor();
    await page.getByText("✗ line 2").waitFor();
  });

  test("shows both sides when somebody else saved, and overwrites nothing unasked", async () => {
    const made = await ticker(`print("first")`);
    await page.goto(`/${made.page}/edit`);
    await code().getByText("first").waitFor();
    await write(`print("mine")`);
    const theirs = { script: { language: "javascript", source: `print("theirs")` } };
    await server.ask("PATCH", `/v1/tickers/${made.page}`, theirs, { "if-match": "*" });
    await page.keyboard.press("Control+s");
    const conflict = page.getByRole("region", { name: "Conflict" });
    await conflict.getByText(`- print("theirs")`).waitFor();
    await conflict.getByText(`+ print("mine")`).waitFor();
    const source = async () =>
      (await server.ask<{ script: { source: string } }>("GET", `/v1/tickers/${made.page}`)).script
        .source;
    expect(await source()).toBe(`print("theirs")`);
    await page.getByRole("button", { name: "Go on editing mine" }).click();
    await code().getByText("mine").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByRole("button", { name: "Save mine as v3" }).click();
    await page.getByText(/is saved as v3/).waitFor();
    expect(await source()).toBe(`print("mine")`);
  });
});

describe("a broken line", () => {
  test("is said loudly, and everything missed is replayed once", async () => {
    const made = await ticker(`print("tick", run.number);`, 150);
    const sockets: WebSocketRoute[] = [];
    let isOpen = true;
    await page.routeWebSocket("**/v1/feed", (socket) => {
      sockets.push(socket);
      if (isOpen) socket.connectToServer();
      else void socket.close();
    });
    await page.goto(`/${made.page}`);
    await log().getByText("tick 5", { exact: true }).waitFor();
    await page.getByText("● LIVE").waitFor();
    isOpen = false;
    await sockets.at(-1)?.close();
    await page
      .getByRole("alert")
      .getByText(/showing \d\d:\d\d\/\d\d/)
      .waitFor();
    await page.getByText(/^○ \d+s$/).waitFor();
    isOpen = true;
    await page.getByText("● LIVE").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    const last = Number(/\d+/.exec((await log().locator(".tx").last().textContent()) ?? "")?.[0]);
    await log()
      .getByText(`tick ${last + 5}`, { exact: true })
      .waitFor();
    await remove(made.id);
    const lines = await log().locator(".tx").allTextContents();
    const numbers = lines
      .map((line) => Number(/^tick (\d+)/.exec(line)?.[1]))
      .filter(Number.isFinite);
    const first = numbers[0] ?? 0;
    // A due time that came late takes a number and a row of its own; nothing comes twice or out of order.
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const rows = lines.length;
    expect(rows).toBeGreaterThanOrEqual((numbers.at(-1) ?? 0) - first + 1);
  });
});

describe("killall", () => {
  test("says what it will stop, ends it, turns the header red everywhere, and releases", async () => {
    const made = await ticker(`print("started"); await sleep(60000);`, 1000);
    await page.goto("/180");
    await page.getByRole("link", { name: new RegExp(`${made.page} t${count}`) }).waitFor();
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
      .filter({ hasText: `t${count}` })
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
    await page.getByRole("listitem").filter({ hasText: "SMTP_KEY" }).waitFor();
  });
});

describe("for everybody", () => {
  const WIDTHS = [1280, 390, 320];
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
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
        for (const { id, nodes } of violations)
          found.push(`${path} ${width} ${id}: ${nodes[0]?.html}`);
        const overhang = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        if (overhang !== 0) found.push(`${path} ${width} sticks out by ${overhang}`);
      }
    }
    expect(found).toEqual([]);
  });

  test("the newsflash names who failed three times, and P120 says why", async () => {
    await allPages();
    await page.goto("/");
    await page.getByText(/bad has failed 3 runs in a row/).waitFor();
    await page.getByRole("link", { name: "see P120" }).click();
    await page.getByText("Error: as meant (line 1)").waitFor();
  });
});
