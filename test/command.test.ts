// The command as an operator meets it: what it prints, and one clear sentence with exit code 2, and nothing
// touched, when it cannot start.

import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { askerOf, type Options, readOptions } from "../packages/server/src/options.ts";

const ORIGIN = "https://ticker.example.com";
const START = fileURLToPath(new URL("../packages/server/start.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ticker-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Ended = { code: number | null; out: string; err: string };

/** Runs the command until it ends, or until it has said where to sign in; then ends it. */
function command(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", START, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes) => {
    out += bytes;
    if (out.includes("sign in")) child.kill("SIGTERM");
  });
  child.stderr.on("data", (bytes) => {
    err += bytes;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

const data = (name: string): string => join(folder, name);

describe("what it says", () => {
  test("where it listens, where its data is, and how to sign in; and it ends in order", async () => {
    const ran = await command(["--port", "0", "--data", data("plain")]);
    expect(ran.out).toMatch(/console +http:\/\/127\.0\.0\.1:\d+/);
    expect(ran.out).toContain(`data      ${data("plain")}`);
    expect(ran.out).toMatch(/sign in +http:\/\/127\.0\.0\.1:\d+\/sign-in#tkl_\w{38} /);
    expect(ran).toMatchObject({ code: 0, err: "" });
    const db = new DatabaseSync(join(data("plain"), "ticker.sqlite"), { readOnly: true });
    const { tickers } = db.prepare("SELECT count(*) AS tickers FROM tickers").get() as {
      tickers: number;
    };
    db.close();
    expect(tickers).toBe(6);
  });

  test("without examples an empty folder stays empty", async () => {
    await command(["--port", "0", "--data", data("bare"), "--no-examples"]);
    const db = new DatabaseSync(join(data("bare"), "ticker.sqlite"), { readOnly: true });
    expect(db.prepare("SELECT count(*) AS n FROM tickers").get()).toEqual({ n: 0 });
    db.close();
  });

  test("--help and --version touch nothing", async () => {
    expect((await command(["--help"])).out).toContain("TICKER_PASSWORD");
    const manifest = new URL("../packages/server/package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    expect(await command(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

describe("whom a request comes from", () => {
  test.each([
    ["the socket's other end", [], "10.0.0.9", "1.2.3.4", "10.0.0.9"],
    ["nobody's word without a proxy", [], "127.0.0.1", "1.2.3.4", "127.0.0.1"],
    ["the last the proxy noted", [ORIGIN], "127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"],
    [
      "the last of several headers",
      [ORIGIN],
      "::ffff:127.0.0.1",
      ["6.6.6.6", "2001:db8::1"],
      "2001:db8::1",
    ],
    ["the proxy where it notes none", [ORIGIN], "127.0.0.1", undefined, "127.0.0.1"],
    ["the proxy where it notes rubbish", [ORIGIN], "::1", "unknown", "::1"],
    ["no word of another machine's", [ORIGIN], "10.0.0.9", "1.2.3.4", "10.0.0.9"],
  ])("%s", (_, origins, remote, forwarded, asker) => {
    const options = readOptions([...origins.flatMap((origin) => ["--origin", origin])], {});
    expect(askerOf(options as Options)(remote, forwarded)).toBe(asker);
  });
});

describe("what it refuses, in one sentence and with exit code 2", () => {
  const refused = async (args: string[], env: Record<string, string>, sentence: RegExp) => {
    const path = data(`refused-${args.join("").replace(/\W/g, "")}`);
    const ran = await command(["--data", path, ...args], env);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(sentence);
    expect(ran.err.trim().split("\n").length).toBe(1);
    expect(existsSync(path)).toBe(false);
  };

  test.each([
    [["--colour"], {}, /--colour/],
    [["--port", "http"], {}, /--port must be a whole number from 0 to 65535, not "http"/],
    [["--port", "70000"], {}, /70000/],
    [["--host", "example.com"], {}, /--host must be an address/],
    [["--host", "0.0.0.0"], {}, /set TICKER_PASSWORD or TICKER_TOKEN first/],
    [["--port", "0"], { TICKER_TOKEN: "short" }, /TICKER_TOKEN must have at least 16 characters/],
    [["--port", "0"], { TICKER_PASSWORD: "short" }, /TICKER_PASSWORD must have at least 10/],
    [["--origin", "ticker.example.com"], {}, /--origin must be like/],
    [["--origin", "https://ticker.example.com/?x"], {}, /--origin must be like/],
    [["--port", "0", "--allow-host", "http://nas.lan"], {}, /--allow-host.*host or host:port/],
    [["--port", "0"], { TICKER_ALLOW_HOSTS: "*.lan" }, /--allow-host.*host or host:port/],
    [["--port", "0"], { TICKER_TOKEN: "with a blank in it" }, /TICKER_TOKEN must be ASCII/],
    [["--port", "0"], { TICKER_PASSWORD: "x".repeat(513) }, /at most 512/],
    [["--port", "-1"], {}, /ambiguous/],
    [["extra"], {}, /extra/],
  ] as [string[], Record<string, string>, RegExp][])("%j", refused);

  test("a taken port leaves the folder as it was", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await refused(["--port", String(port)], {}, /Port \d+ on 127\.0\.0\.1 is taken/);
    other.close();
  });

  test("a folder that cannot be one, is in use, or was written by a newer version", async () => {
    writeFileSync(data("a-file"), "mine");
    const file = await command(["--port", "0", "--data", data("a-file")]);
    expect(file).toMatchObject({ code: 2, out: "" });
    expect(file.err).toContain("cannot be written");
    expect(readFileSync(data("a-file"), "utf8")).toBe("mine");

    await command(["--port", "0", "--data", data("newer"), "--no-examples"]);
    const path = join(data("newer"), "ticker.sqlite");
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 9999; PRAGMA journal_mode = DELETE");
    const lock = new DatabaseSync(join(data("newer"), "lock.sqlite"));
    db.close();
    lock.close();
    const before = readFileSync(path);
    const newer = await command(["--port", "0", "--data", data("newer")]);
    expect(newer).toMatchObject({ code: 2, out: "" });
    expect(newer.err).toMatch(/newer/);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(data("newer")).some((name) => name.endsWith("-wal"))).toBe(false);
  });

  test("a folder that another Ticker has", async () => {
    chmodSync(folder, 0o700);
    const child = spawn(process.execPath, [START, "--port", "0", "--data", data("shared")], {
      env: { PATH: process.env.PATH ?? "" },
    });
    await new Promise<void>((resolve) =>
      child.stdout.on("data", (bytes) => String(bytes).includes("sign in") && resolve()),
    );
    const second = await command(["--port", "0", "--data", data("shared")]);
    expect(second).toMatchObject({ code: 2, out: "" });
    expect(second.err).toContain("in use by another Ticker");
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    expect((await command(["--port", "0", "--data", data("shared")])).code).toBe(0);
  });
});
