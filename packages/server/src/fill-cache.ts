// Run by start.js when the code is new: everything the service loads, threads included, is loaded once, so
// that Node's cache has it when this process ends. It is given `--version`, with which main does no more
// than be loaded.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "./options.ts";
import { startServer } from "./server.ts";
import "./main.ts";

const data = mkdtempSync(join(tmpdir(), "ticker-cache-"));
try {
  const options = readOptions(["--port", "0", "--no-examples", "--data", data], {});
  if (typeof options === "string") throw new Error("broken invariant: these are no start options");
  const server = await startServer(options);
  await server.platform.sandbox.check({ language: "typescript", source: "" });
  await server.stop();
} finally {
  rmSync(data, { recursive: true, force: true });
}
