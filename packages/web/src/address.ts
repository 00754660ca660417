// Addresses and the pages they show. Pure; `parsePath` and `pathOf` are inverse of each other.

export type RunKey = number | "latest" | "last-failed";
export type Route =
  | { page: "ticker"; key: string }
  | { page: "run"; key: string; run: RunKey }
  | { page: "runs"; key: string }
  | { page: "edit"; key: string }
  | { page: FixedPage }
  | { page: "missing"; path: string };

/** Pages with a number of their own. */
export const FIXED = {
  index: 100,
  new: 101,
  running: 110,
  failures: 120,
  killall: 180,
  bin: 185,
  settings: 190,
  appearance: 191,
  tokens: 192,
  secrets: 194,
  pages: 199,
  next: 606,
  card: 850,
  "sign-in": 899,
} as const;
export type FixedPage = keyof typeof FIXED;

const BY_NUMBER = new Map(Object.entries(FIXED).map(([page, number]) => [String(number), page]));
const isTickerNumber = (text: string) => /^[2-5]\d\d$/.test(text);

/** What an address shows. A ticker is `/203`, or `/@me/its-name` when it has no number. */
export function parsePath(path: string): Route {
  const parts = path.split("/").filter(Boolean).map(decode);
  if (parts[0]?.startsWith("@")) return tickerRoute(parts.slice(1), path);
  if (parts.length === 0) return { page: "index" };
  if (parts.length === 1 && parts[0] === "sign-in") return { page: "sign-in" };
  const fixed = parts.length === 1 ? BY_NUMBER.get(parts[0] ?? "") : undefined;
  if (fixed) return { page: fixed as FixedPage };
  return isTickerNumber(parts[0] ?? "") ? tickerRoute(parts, path) : { page: "missing", path };
}

function tickerRoute([key, run, more]: string[], path: string): Route {
  const missing: Route = { page: "missing", path };
  if (!key || more) return missing;
  if (run === undefined) return BY_NUMBER.has(key) ? parsePath(`/${key}`) : { page: "ticker", key };
  if (run === "runs" || run === "edit") return { page: run, key };
  if (run === "latest" || run === "last-failed") return { page: "run", key, run };
  return /^[1-9]\d{0,9}$/.test(run) ? { page: "run", key, run: Number(run) } : missing;
}

/** The address of a page. */
export function pathOf(route: Route): string {
  switch (route.page) {
    case "missing":
      return route.path;
    case "ticker":
      return base(route.key);
    case "run":
      return `${base(route.key)}/${route.run}`;
    case "runs":
    case "edit":
      return `${base(route.key)}/${route.page}`;
    case "sign-in":
      return "/sign-in";
    case "index":
      return "/";
    default:
      return `/${FIXED[route.page]}`;
  }
}

const base = (key: string) => (isTickerNumber(key) ? `/${key}` : `/@me/${encodeURIComponent(key)}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The number in the header: the ticker's own, the page's own, or 404. */
export function numberOf(route: Route): string {
  if (route.page === "missing") return "404";
  if (!("key" in route)) return String(FIXED[route.page]);
  return isTickerNumber(route.key) ? route.key : "---";
}
