// The built console, served from memory: a handful of hashed files, read once at the start, so no path a
// browser sends ever reaches the file system.

import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { SECURITY_HEADERS } from "@ticker/core/api/guard";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".json": "application/json",
};

/**
 * Answers a GET for a file of the console, or its one page for an address of the console's; else null.
 * `wantsPage`: a browser that lost its way is shown the page, which says so, with status 404.
 */
export type Files = (path: string, wantsPage: boolean) => Response | null;

/** The console's own addresses: packages/web/src/address.ts says what each is. */
const ADDRESS = /^\/(sign-in|[1-9][0-9]{2}(\/[a-z0-9-]+)?|@.*)?$/;

export function consoleFiles(folder: string): Files {
  const files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; type: string }>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${relative(folder, path).split(sep).join("/")}`;
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    files.set(name, { bytes: new Uint8Array(readFileSync(path)), type });
  }
  const answer = (name: string, status = 200): Response | null => {
    const file = files.get(name);
    if (!file) return null;
    const kept = name.startsWith("/assets/");
    return new Response(file.bytes, {
      status,
      headers: {
        ...SECURITY_HEADERS,
        "content-type": file.type,
        "cache-control": kept ? "public, max-age=31536000, immutable" : "no-cache",
      },
    });
  };
  return (path, wantsPage) => {
    if (path !== "/index.html" && files.has(path)) return answer(path);
    if (ADDRESS.test(path)) return answer("/index.html");
    return wantsPage ? answer("/index.html", 404) : null;
  };
}
