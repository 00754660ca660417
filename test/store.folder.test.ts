// The data folder and its lock, with a second process that is killed; and the vault whose key lies there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VisibleError } from "@ticker/core/error";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "../packages/server/src/sqlite-folder.ts";
import { fileVault } from "../packages/server/src/vault.ts";
import { temporaryFolder } from "./support/folder.ts";

let parent: string;
let path: string;
beforeEach(() => {
  parent = temporaryFolder();
  path = join(parent, "deep", "data");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const mode = (file: string) => statSync(file).mode & 0o777;

test("a data folder is made private, and let go again", () => {
  const folder = openDataFolder(path);
  expect(mode(path)).toBe(0o700);
  expect(() => openDataFolder(path)).toThrow(/in use by another Ticker/);
  folder.release();
  openDataFolder(path).release();
});

test("another process that holds the folder is respected until it is killed", async () => {
  const source = new URL("../packages/server/src/sqlite-folder.ts", import.meta.url);
  const script = `import { openDataFolder } from ${JSON.stringify(source)};
    openDataFolder(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect(() => openDataFolder(path)).toThrow(VisibleError);
  child.kill("SIGKILL");
  await once(child, "exit");
  openDataFolder(path).release();
});

test("a folder that cannot be made says what to do", () => {
  writeFileSync(join(parent, "deep"), "a file");
  expect(() => openDataFolder(path)).toThrow(/cannot be written .*Make it writable/);
});

test("the vault opens what it sealed, also when it is opened anew, and nothing else", async () => {
  const key = join(parent, "vault.key");
  const sealed = await fileVault(key).seal("sésame");
  expect(mode(key)).toBe(0o600);
  expect(readFileSync(key)).toHaveLength(32);
  expect(await fileVault(key).open(sealed)).toBe("sésame");
  expect(await fileVault(key).seal("sésame")).not.toBe(sealed);
  const changed = sealed.slice(0, -2) + (sealed.endsWith("AA") ? "BB" : "AA");
  for (const text of [changed, "", "v1.", "v1.abc", sealed.slice(3), "sésame"])
    await expect(fileVault(key).open(text), text).rejects.toThrow(/not sealed with this vault/);
  await expect(fileVault(join(parent, "other")).open(sealed)).rejects.toThrow();
});

test("a vault's key of the wrong length is left alone", () => {
  const key = join(parent, "vault.key");
  writeFileSync(key, "short");
  chmodSync(key, 0o600);
  expect(() => fileVault(key)).toThrow(/5 bytes, not 32/);
  expect(readFileSync(key, "utf8")).toBe("short");
});
