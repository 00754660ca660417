// `URL` for guests: the host parses, so that a script and the guard read an address the same way.

const PARTS = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;
const SETTABLE = new Set<string>(PARTS.filter((part) => part !== "origin" && part !== "href"));

/** The parts of an address as JSON; null when it is none. */
export function parseAddress(text: string, base: string | undefined): string | null {
  const url = base === undefined ? URL.parse(text) : URL.parse(text, base);
  return url && partsOf(url);
}

/** The parts after one of them was set, by the same rules as in a browser. */
export function changeAddress(href: string, part: string, value: string): string | null {
  const url = URL.parse(href);
  if (!url || !SETTABLE.has(part)) return null;
  url[part as "hash"] = value;
  return partsOf(url);
}

function partsOf(url: URL): string {
  return JSON.stringify(Object.fromEntries(PARTS.map((part) => [part, url[part]])));
}
