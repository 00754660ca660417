// What `npm start` runs: becomes the service, with the flags and the allocator's setting that hold its
// memory small. After an install or a change of code it first fills the cache of compiled code. Plain
// JavaScript, so that nothing has to be stripped to get here.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const FLAGS = [
  "--disable-warning=ExperimentalWarning",
  // A thread takes 7 MiB instead of 10 without the snapshot.
  "--no-node-snapshot",
  // Maglev's compilations leave some 15 MiB behind; TurboFan does nearly all of the work anyway.
  "--no-maglev",
  "--v8-pool-size=2",
  "--max-semi-space-size=4",
  "--max-old-space-size=512",
  "--import",
  new URL("compile-cache.js", import.meta.url).href,
];
/** An arena for each thread would keep what each of them needed at its busiest: some 20 MiB. */
const ENV = { MALLOC_ARENA_MAX: "1", ...process.env };

fillCache();
const args = [...FLAGS, at("src/main.ts"), ...process.argv.slice(2)];
if (process.platform !== "win32" && process.execve) {
  process.execve(process.execPath, [process.execPath, ...args], ENV);
} else asChild();

/**
 * Without it each thread loads Node's TypeScript stripper for itself, 10 to 25 MiB each. Node writes its
 * cache when a process ends, so a process that ends is needed: it starts the service in a folder of its
 * own and stops it.
 */
function fillCache() {
  try {
    const folder = at("../../node_modules/.cache/ticker");
    const stamp = join(folder, "filled");
    const now = fingerprint();
    if (read(stamp) === now) return;
    mkdirSync(folder, { recursive: true });
    // What the operator says is for the service itself, and refused there if it is wrong.
    const env = Object.fromEntries(Object.entries(ENV).filter(([name]) => !/^TICKER_/.test(name)));
    const options = { env, stdio: ["ignore", "ignore", "inherit"] };
    const fill = [...FLAGS, at("src/fill-cache.ts"), "--version"];
    const { status } = spawnSync(process.execPath, fill, options);
    if (status === 0) writeFileSync(stamp, now);
  } catch (error) {
    process.stderr.write(`Compiled code cannot be kept, which takes more memory: ${error}\n`);
  }
}

/** Of all code that the service may load, and of how it is compiled. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.version} ${FLAGS}`);
  for (const folder of [at("src"), at("../core/src")]) {
    for (const name of readdirSync(folder, { recursive: true }).sort()) {
      const { size, mtimeMs } = statSync(join(folder, name));
      hash.update(`\n${name} ${size} ${mtimeMs}`);
    }
  }
  return hash.digest("hex");
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Where a process cannot become another one. */
function asChild() {
  const child = spawn(process.execPath, args, { env: ENV, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
}
