// What a viewer sees and does, in the real console, served by the real service, in a real browser.

import type { Page, WebSocketRoute } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { consoleUnderTest } from "./support/browser.ts";
import type { TestServer } from "./support/server.ts";

const world = consoleUnderTest();
const { heading, log, ticker, remove } = world;
let page: Page;
let server: TestServer;
beforeEach(() => {
  ({ page, server } = world);
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
    const tile = page.getByRole("article").filter({ hasText: `${made.name}` });
    await tile.getByText("○ BY HAND").waitFor();
    await server.ask("POST", `/v1/tickers/${made.page}/run`);
    await tile.getByText("RUNNING").waitFor();
    await tile.getByText("64,190").waitFor();
    await tile.getByRole("link", { name: `${made.page} ${made.name}` }).click();
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

  test("is followed, in the tile, by why the run failed", async () => {
    const { id } = await ticker(`print("a line"); throw new TypeError("the disk is on fire");`);
    await page.goto("/");
    await server.ask("POST", `/v1/tickers/${id}/run`);
    const tile = page.getByRole("article");
    await tile.getByText("TypeError: the disk is on fire").waitFor();
    await tile.getByText("a line").waitFor();
    await remove(id);
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
    await page.getByText("1/3", { exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("2/3", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.getByRole("button", { name: "Since start" }).waitFor();
    await log().focus();
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toMatch(/^HELD/);
  });
});

test("long JSON is folded, and unfolding it holds the log", async () => {
  const made = await ticker(
    `print(JSON.stringify({ first: 1, list: Array.from({ length: 20 }, (_, i) => "item " + i) }));`,
  );
  await server.ask("POST", `/v1/tickers/${made.page}/run`);
  await page.goto(`/${made.page}`);
  await page.getByText("▼ following").waitFor();
  const fold = log().locator("details");
  await fold.locator("summary").click();
  await expect.poll(() => fold.textContent()).toContain(`\n    "item 19"`);
  await page.getByText("F to follow").waitFor();
  expect(await log().locator(".t-y").first().textContent()).toBe("1");
});

test("only what was found can be shown, and the address says so", async () => {
  const made = await ticker(
    `for (let i = 1; i <= 250; i++) print(i % 100 ? "hay" : "needle " + i);`,
  );
  await server.ask("POST", `/v1/tickers/${made.page}/run`);
  await page.goto(`/${made.page}/1`);
  await log().getByText("needle 200").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("needle");
  await page.getByRole("button", { name: "Only these" }).click();
  const seen = () => log().locator(".l:visible").count();
  await expect.poll(seen).toBe(2);
  expect(new URL(page.url()).search).toBe("?q=needle&only=1");
  await page.reload();
  await log().getByText("needle 200").waitFor();
  await expect.poll(seen, { timeout: 10_000 }).toBe(2);
  await page.getByRole("button", { name: "Only these" }).click();
  await expect.poll(seen).toBeGreaterThan(250);
});

test("a run's lines are shown when they come, though the feed has nothing more to say", async () => {
  const made = await ticker(`print("said once");`);
  await server.ask("POST", `/v1/tickers/${made.page}/run`);
  await page.goto(`/${made.page}`);
  await log().getByText("said once").waitFor();
  // Runs beyond those the feed replays come by REST alone; here, after everything else.
  await page.routeWebSocket("**/v1/feed", (socket) => {
    const feed = socket.connectToServer();
    feed.onMessage((message) => {
      if (!String(message).includes("said once")) socket.send(message);
    });
  });
  await page.route(/runs\/1\?/, async (route) => {
    await page.locator(".runs li").first().waitFor();
    await page.getByText("● LIVE").waitFor();
    await route.continue();
  });
  await page.goto(`/${made.page}/1`);
  await log().getByText("said once").waitFor();
});

test("a failed run leads to where the trouble began", async () => {
  const made = await ticker(`if (run.number > 1) throw new Error("bad since then");`);
  for (const number of [1, 2, 3]) {
    await server.ask("POST", `/v1/tickers/${made.page}/run`);
    const state = async () =>
      (await server.ask<{ state: string }>("GET", `/v1/tickers/${made.page}/runs/${number}`)).state;
    await expect.poll(state, { timeout: 10_000 }).toBe("finished");
  }
  await page.goto(`/${made.page}/3`);
  await page.getByRole("button", { name: "Find the first bad run" }).click();
  const found = page.getByRole("status").filter({ hasText: "first bad run" });
  await found.getByText("the same").waitFor();
  expect(await found.locator("a").allTextContents()).toEqual(["0002 v1", "0001 v1"]);
  await found.getByText("0002").click();
  await heading("Run 0002").waitFor();
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

test("the newest of many wrapped lines is in sight", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const made = await ticker(
    `for (let i = 0; i < 350; i++) print("words that wrap ".repeat(i % 9), i); print("the end");`,
  );
  await server.ask("POST", `/v1/tickers/${made.page}/run`);
  await page.goto(`/${made.page}`);
  await log().getByText("the end").waitFor();
  const below = `(() => {
    const last = [...document.querySelectorAll(".log .l")].at(-1).getBoundingClientRect();
    return last.bottom - document.querySelector(".log").getBoundingClientRect().bottom;
  })()`;
  await expect.poll(() => page.evaluate(below)).toBeLessThanOrEqual(0);
});

describe("keys", () => {
  test("digits go to pages, colours to Fastext, letters only outside of inputs and while switched on", async () => {
    const made = await ticker(`print("x")`);
    await page.goto("/");
    await page.getByRole("article").first().waitFor();
    await page.keyboard.press("1");
    await page.keyboard.press("8");
    const number = page.getByRole("textbox", { name: "Page number" });
    await expect.poll(() => number.inputValue()).toBe("P18_");
    await page.keyboard.press("Escape");
    await expect.poll(() => number.inputValue()).toBe("P100");
    await page.keyboard.type("180");
    await heading("Killall").waitFor();
    await page.getByLabel("Reason").fill("r203");
    await heading("Killall").waitFor();
    await page.getByLabel("Reason").blur();
    await page.keyboard.press("c");
    await page.getByRole("article").first().waitFor();
    await page.keyboard.type(String(made.page));
    await heading(`${made.page} ${made.name}`).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("button", { name: "Follow F" }).waitFor();
    await page.getByText("● LIVE").waitFor();
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

  test("a page number can be written into the header, which is all that a phone has", async () => {
    await page.goto("/");
    const number = page.getByRole("textbox", { name: "Page number" });
    await number.click();
    await page.keyboard.type("1x2");
    expect(await number.inputValue()).toBe("12");
    await page.keyboard.type("0");
    await heading("Failures").waitFor();
    expect(await number.inputValue()).toBe("P120");
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
    // Which numbers these are is not ours to say: a busy machine may be late for one, and its record has it.
    await log()
      .getByText(/^tick \d+$/)
      .nth(2)
      .waitFor();
    await page.getByText("● LIVE").waitFor();
    isOpen = false;
    await sockets.at(-1)?.close();
    await page
      .getByRole("alert")
      .getByText(/showing \d\d:\d\d\/\d\d/)
      .waitFor();
    await page.getByText(/^○ [3-9]s$/).waitFor();
    // What is not known is not called late.
    expect(await page.getByText(/^late \d/).count()).toBe(0);
    isOpen = true;
    await page.getByText("● LIVE").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    const seen = await log()
      .getByText(/^tick \d+$/)
      .count();
    await log()
      .getByText(/^tick \d+$/)
      .nth(seen + 4)
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
