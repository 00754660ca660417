// The guarded fetch: the only way from a script to the network. Every hop is judged alone: its URL, every
// address its name has, the address really connected to. A hop has a connection of its own that dies with
// it, so nothing is reused that was checked for something else. What may be reached is egress-address.ts's.

import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import type {
  GuardedFetch,
  GuardedRequest,
  GuardedResponse,
} from "@ticker/core/sandbox/guarded-fetch";
import type { buildConnector, Dispatcher } from "undici";
import {
  type AllowedHost,
  addressFault,
  allowedHost,
  nameFault,
  ownAddresses,
  plainAddress,
} from "./egress-address.ts";
import { checkedRequest, Refusal, redirected, shown, whole } from "./egress-message.ts";

/** All addresses of a name. Rejects when it has none. */
export type Lookup = (hostname: string) => Promise<string[]>;

export type GuardOptions = {
  /** `host` or `host:port` a script may reach although it is private; without a port the usual `ports`. */
  allow?: readonly string[];
  /** More addresses to refuse, such as the public one of the router this machine is behind. */
  refuse?: readonly string[];
  /** Ports of hosts that are not allowed by name. Default 80 and 443. */
  ports?: readonly number[];
  /** Who turns names into addresses. Default: the system. */
  lookup?: Lookup;
  /** Longest answer body after decompression, and longest request body. Default 1 MiB. */
  bodyBytesMax?: number;
  /** All header bytes of an answer, and of a request. Default 16 KiB. */
  headerBytesMax?: number;
  /** Default 5. */
  redirectsMax?: number;
  /** From the call to the last byte, redirects included. Default 30 s. */
  totalMs?: number;
  /** One look-up of a name. Default 5 s. */
  dnsMs?: number;
};

const URL_LENGTH_MAX = 8_192;
const ONLY_PUBLIC = "the sandbox may only reach public addresses";

type Guard = Required<Omit<GuardOptions, "allow" | "refuse">> & {
  allowed: AllowedHost[];
  refuse: readonly string[];
};

/**
 * A fetch for scripts nobody trusts. Answers come whole and bounded; redirects are followed, each checked
 * anew. Throws Errors with short messages; those of the guard begin with "refused: ". Throws at once when
 * an `allow` entry cannot be read. Knows no proxy and reads no environment.
 */
export function guardedFetch(options: GuardOptions = {}): GuardedFetch {
  const guard: Guard = {
    allowed: (options.allow ?? []).map(allowedHost),
    refuse: options.refuse ?? [],
    ports: options.ports ?? [80, 443],
    lookup: options.lookup ?? lookupBySystem,
    bodyBytesMax: options.bodyBytesMax ?? 1024 * 1024,
    headerBytesMax: options.headerBytesMax ?? 16 * 1024,
    redirectsMax: options.redirectsMax ?? 5,
    totalMs: options.totalMs ?? 30_000,
    dnsMs: options.dnsMs ?? 5_000,
  };
  return async (request, signal) => {
    const deadline = AbortSignal.timeout(guard.totalMs);
    try {
      return await follow(guard, request, AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (signal.aborted) throw new Error("the fetch was stopped", { cause: error });
      if (error instanceof Refusal) throw error;
      if (deadline.aborted) {
        throw new Error(`no whole answer within ${guard.totalMs} ms`, { cause: error });
      }
      throw new Error(`cannot fetch ${hostOf(request.url)}: ${reason(error, guard)}`, {
        cause: error,
      });
    }
  };
}

async function follow(
  guard: Guard,
  first: GuardedRequest,
  signal: AbortSignal,
): Promise<GuardedResponse> {
  let request = checkedRequest(guard, first);
  for (let redirects = 0; ; redirects++) {
    const url = checkedUrl(guard, request.url);
    const answer = await hop(guard, url, request, signal);
    if ("response" in answer) return answer.response;
    if (redirects === guard.redirectsMax) {
      throw new Refusal(`more than ${guard.redirectsMax} redirects`);
    }
    request = redirected(request, url, answer.status, answer.location);
  }
}

/** The URL if its scheme, host and port may be asked at all. Addresses behind names are checked later. */
function checkedUrl(guard: Guard, text: string): URL {
  if (text.length > URL_LENGTH_MAX) {
    throw new Refusal(`a URL of ${text.length} characters; at most ${URL_LENGTH_MAX}`);
  }
  const url = URL.parse(text);
  if (url === null) throw new Refusal(`${shown(text)} is no absolute URL`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Refusal(
      `the scheme ${url.protocol.slice(0, 20)}; the sandbox may only use http and https`,
    );
  }
  if (url.username || url.password) {
    throw new Refusal("a name or password inside the URL; send an authorization header instead");
  }
  if (isAllowed(guard, url)) return url;
  const port = portOf(url);
  if (!guard.ports.includes(port)) {
    throw new Refusal(
      `port ${port}; the sandbox may only reach ports ${guard.ports.join(" and ")}`,
    );
  }
  if (isLiteral(url.hostname)) {
    const fault = addressFault(url.hostname, [...guard.refuse, ...ownAddresses()]);
    if (fault) throw new Refusal(`${bareHost(url)} is ${fault}; ${ONLY_PUBLIC}`);
  } else {
    const fault = nameFault(url.hostname);
    if (fault) throw new Refusal(`${shown(url.hostname)} ${fault}; ${ONLY_PUBLIC}`);
  }
  return url;
}

function isAllowed(guard: Guard, url: URL): boolean {
  const port = portOf(url);
  return guard.allowed.some((each) => {
    return (
      each.host === url.hostname &&
      (each.port === null ? guard.ports.includes(port) : each.port === port)
    );
  });
}

/** The addresses to connect to, every one of them checked: one bad answer among good ones refuses all. */
async function checkedAddresses(guard: Guard, url: URL, signal: AbortSignal): Promise<string[]> {
  const host = bareHost(url);
  if (isLiteral(host)) return [host];
  const limit = AbortSignal.timeout(guard.dnsMs);
  const addresses = await unlessAborted(guard.lookup(host), AbortSignal.any([signal, limit])).catch(
    (error: unknown) => {
      if (!limit.aborted || signal.aborted) throw error;
      throw new Error(`its name was not found within ${guard.dnsMs} ms`);
    },
  );
  if (addresses.length === 0) throw new Error("its name has no address");
  const own = [...guard.refuse, ...ownAddresses()];
  for (const address of addresses) {
    if (isIP(address) === 0) throw new Refusal(`${host} does not resolve to plain addresses`);
    const fault = isAllowed(guard, url) ? null : addressFault(address, own);
    // Which address it is stays here: names of the operator's network are none of the script's business.
    if (fault) throw new Refusal(`${host} resolves to ${fault}; ${ONLY_PUBLIC}`);
  }
  return addresses;
}

type Answer = { response: GuardedResponse } | { status: number; location: string };

/** One request to one host over one connection of its own. */
async function hop(
  guard: Guard,
  url: URL,
  request: GuardedRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const addresses = await checkedAddresses(guard, url, signal);
  // Loaded by the first fetch: it holds 10 MiB, and many services never fetch.
  const undici = await import("undici");
  const client = new undici.Client(url.origin, {
    connect: checkedConnector(undici.buildConnector, guard, url, addresses),
    allowH2: false,
    pipelining: 0,
    maxHeaderSize: guard.headerBytesMax,
    headersTimeout: guard.totalMs,
    bodyTimeout: guard.totalMs,
  });
  try {
    const answer = await client.request({
      path: url.pathname + url.search,
      method: request.method as Dispatcher.HttpMethod,
      headers: { "user-agent": "ticker", "accept-encoding": "identity", ...request.headers },
      body: request.body,
      signal,
    });
    const location = answer.headers.location;
    if ([301, 302, 303, 307, 308].includes(answer.statusCode) && location !== undefined) {
      // Nobody reads this body; destroying the client ends it.
      answer.body.on("error", () => {});
      return { status: answer.statusCode, location: [location].flat()[0] ?? "" };
    }
    return { response: await whole(guard, url, request.method, answer) };
  } finally {
    // Never kept alive: another hop to the same name has to be looked up and checked itself.
    await client.destroy();
  }
}

/** Connects to the checked addresses only, and looks again at what it is connected to. */
function checkedConnector(
  build: typeof buildConnector,
  guard: Guard,
  url: URL,
  addresses: string[],
): buildConnector.connector {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  const connect = build({
    allowH2: false,
    maxCachedSessions: 0,
    timeout: guard.totalMs,
    rejectUnauthorized: true,
    autoSelectFamily: true,
    // Node asks for one answer or all, as it likes; undici's types know neither.
    lookup: (_hostname: string, ask: { all?: boolean }, done: (...args: unknown[]) => void) => {
      if (ask.all) done(null, answers);
      else done(null, answers[0]?.address, answers[0]?.family);
    },
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const remote = plainAddress(socket.remoteAddress ?? "")?.toNormalizedString();
      const checked = addresses.some((each) => plainAddress(each)?.toNormalizedString() === remote);
      if (remote !== undefined && checked && permitted(guard, url, remote)) {
        return callback(null, socket);
      }
      socket.destroy();
      callback(new Refusal(`${bareHost(url)} answered from an address that was not checked`), null);
    });
  };
}

function permitted(guard: Guard, url: URL, address: string): boolean {
  if (isAllowed(guard, url)) return true;
  return addressFault(address, [...guard.refuse, ...ownAddresses()]) === null;
}

function lookupBySystem(hostname: string): Promise<string[]> {
  return systemLookup(hostname, { all: true }).then((all) => all.map(({ address }) => address));
}

/** The promise's end, or the signal's, whichever comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", stop));
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === "https:" ? 443 : 80));
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function isLiteral(host: string): boolean {
  return host.startsWith("[") || isIP(host) !== 0;
}

function hostOf(text: string): string {
  return URL.parse(text)?.host.slice(0, 100) || "it";
}

const UNTRUSTED = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** What went wrong on the way, in words. */
function reason(error: unknown, guard: Guard): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its name was not found";
  if (code === "ECONNREFUSED") return "the connection was refused";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "the connection broke";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another name";
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired";
  if (code && UNTRUSTED.includes(code)) return "its certificate is not one this machine trusts";
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return `the answer has more than ${guard.headerBytesMax} bytes of headers`;
  }
  return message || code || String(error);
}
