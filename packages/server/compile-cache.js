// Loaded before the service (`node --import`): keeps compiled and type-stripped code between starts, beside
// the packages and not in a folder that others can write. Without it every thread loads Node's TypeScript
// stripper for itself, 10 MiB each. Plain JavaScript, so that nothing has to be stripped to get here.

import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/ticker", import.meta.url)));
