// The editor in a real browser: trying, saving, schedules, drafts, conflicts.

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { consoleUnderTest } from "./support/browser.ts";
import type { TestServer } from "./support/server.ts";

const world = consoleUnderTest();
const { heading, log, fastext, ticker } = world;
let page: Page;
let server: TestServer;
beforeEach(() => {
  ({ page, server } = world);
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

  test("a dry run that floods is shown by its newest lines, and one that never ends can be stopped", async () => {
    await page.goto("/101");
    await write(`while (true) print("flood");`);
    await page.keyboard.press("Control+Enter");
    await page.getByText(/✗ output-limit/).waitFor();
    const dry = page.getByRole("log", { name: "Dry run output" });
    await dry.getByText(/^[\d,]+ earlier lines not shown$/).waitFor();
    expect(await dry.locator(".tx > div").count()).toBe(300);
    const gap =
      "(() => { const l = document.querySelector('.try .log'); return l.scrollHeight - l.scrollTop - l.clientHeight; })()";
    expect(await page.evaluate(gap)).toBeLessThan(24);
    await write(`print("begun"); while (true);`);
    await page.keyboard.press("Control+Enter");
    await dry.getByText("begun").waitFor();
    await fastext("Stop trying").click();
    await page.getByText("■ stopped").waitFor();
    await fastext("Try it").waitFor();
  });

  test("a new ticker gets a name that is free, a refusal says a thing once and goes with the next change", async () => {
    await server.ticker("clock", "print(1)");
    await page.goto("/101");
    const name = page.getByLabel("name", { exact: true });
    await name.waitFor();
    expect(await name.inputValue()).toBe("clock-2");
    await page.getByRole("textbox", { name: "When" }).fill("every blue moon");
    const trouble = page.getByRole("alert");
    await trouble.waitFor();
    expect((await trouble.textContent())?.match(/this is no schedule/g)).toHaveLength(1);
    await page.keyboard.press("Control+s");
    await page.getByText(/Not saved/).waitFor();
    await page.getByRole("textbox", { name: "When" }).fill("10s");
    await page.getByText("8,640 runs a day").waitFor();
    expect(await trouble.count()).toBe(0);
  });

  test("what would change is shown above the code, and moves nothing else", async () => {
    const made = await ticker(`print("first")`);
    await page.goto(`/${made.page}/edit`);
    await code().getByText("first").waitFor();
    await write(`print("second")`);
    await fastext("Diff v1").click();
    await page.getByText(`+ print("second")`).waitFor();
    const left = async (name: string) =>
      (await page.getByRole("region", { name, exact: true }).boundingBox())?.x;
    expect(await left("Try it")).toBe(await left("Code"));
    expect(await left("Changes")).toBe(await left("Code"));
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
