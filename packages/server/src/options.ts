// What the operator may say, by option or environment, checked before anything is touched.

import { isIP } from "node:net";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { allowedHost } from "./egress-address.ts";

/** A wrong option or place: one sentence for the operator, exit code 2. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

export type Options = {
  port: number;
  host: string;
  data: string;
  examples: boolean;
  token: string | null;
  password: string | null;
  /** Addresses the site is reached by from outside, such as https://ticker.example.com. */
  origins: URL[];
  /** Hosts (host or host:port) that scripts may reach though they are private. */
  allowHosts: string[];
};

export const USAGE = `Ticker runs small scripts on a clock and shows their live output.

  npm start -- [options]

  --port N          port to listen on (TICKER_PORT, 4000; 0 = any free one)
  --host ADDRESS    address to bind (TICKER_HOST, 127.0.0.1); beyond loopback
                    only with TICKER_TOKEN or TICKER_PASSWORD set
  --data FOLDER     where the data lives (TICKER_DATA, ./data)
  --no-examples     leave an empty database empty
  --origin URL      the address people use, if a proxy stands before this one;
                    may be given several times (TICKER_ORIGIN, by commas)
  --allow-host H    a private host[:port] that scripts may fetch from; may be
                    given several times (TICKER_ALLOW_HOSTS, by commas)
  --help, -h        this text
  --version         the version

  TICKER_TOKEN      the owner's API token, at least 16 characters
  TICKER_PASSWORD   a password for the sign-in page, at least 10 characters
`;

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
export const isLoopback = (host: string): boolean =>
  LOOPBACK.has(host) || (isIP(host) === 4 && host.startsWith("127."));

/** Errors: OperatorError. */
export function readOptions(
  args: string[],
  env: Record<string, string | undefined>,
): Options | "help" | "version" {
  const given = parse(args);
  if (given.help) return "help";
  if (given.version) return "version";
  const host = given.host ?? (env.TICKER_HOST || "127.0.0.1");
  if (isIP(host) === 0 && host !== "localhost") {
    throw new OperatorError(
      `--host must be an address such as 127.0.0.1 or 0.0.0.0, not "${host}".`,
    );
  }
  const data = given.data ?? (env.TICKER_DATA || "./data");
  if (data === "") throw new OperatorError("--data must name a folder.");
  const token = secret("TICKER_TOKEN", env.TICKER_TOKEN, 16);
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new OperatorError("TICKER_TOKEN must be ASCII without blanks: others cannot be sent.");
  }
  const password = secret("TICKER_PASSWORD", env.TICKER_PASSWORD, 10);
  if (!isLoopback(host) && token === null && password === null) {
    throw new OperatorError(
      `--host ${host} can be reached from other machines: set TICKER_PASSWORD or TICKER_TOKEN first, ` +
        "or leave --host at 127.0.0.1.",
    );
  }
  return {
    port: port(given.port ?? (env.TICKER_PORT || "4000")),
    host,
    data,
    examples: !given["no-examples"],
    token,
    password,
    origins: list(given.origin, env.TICKER_ORIGIN).map(origin),
    allowHosts: list(given["allow-host"], env.TICKER_ALLOW_HOSTS).map(allowHost),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        data: { type: "string" },
        "no-examples": { type: "boolean" },
        origin: { type: "string", multiple: true },
        "allow-host": { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/);
    throw new OperatorError(`${sentence}. Run with --help to see the options.`);
  }
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number >= 0 && number <= 65_535) return number;
  throw new OperatorError(`--port must be a whole number from 0 to 65535, not "${text}".`);
}

/** As long as a request may carry. */
const SECRET_CHARS_MAX = 512;

function secret(name: string, value: string | undefined, charsMin: number): string | null {
  if (value === undefined || value === "") return null;
  if (value.length > SECRET_CHARS_MAX) {
    throw new OperatorError(`${name} must have at most ${SECRET_CHARS_MAX} characters.`);
  }
  if (value.length >= charsMin) return value;
  throw new OperatorError(
    `${name} must have at least ${charsMin} characters; it has ${value.length}.`,
  );
}

const list = (given: string[] | undefined, env: string | undefined): string[] =>
  given ??
  (env ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

function origin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url !== null && /^https?:$/.test(url.protocol);
  // Nothing beside scheme, host and port: a path or a query would be dropped in silence.
  if (isWeb && url.href === `${url.origin}/` && !/[?#]/.test(text)) return url;
  throw new OperatorError(`--origin must be like https://ticker.example.com, not "${text}".`);
}

function allowHost(text: string): string {
  try {
    allowedHost(text);
  } catch (error) {
    throw new OperatorError(`--allow-host: ${(error as Error).message}.`);
  }
  return text;
}

/**
 * Whom a request comes from, for limits: the other end of its socket; or, where `--origin` says that a proxy
 * stands before us and the other end is on this machine, the last address in X-Forwarded-For, which that proxy
 * put there. What stands before it the client may have written itself.
 */
export function askerOf(
  options: Options,
): (remote: string | undefined, forwardedFor: string | string[] | undefined) => string {
  return (remote = "unknown", forwardedFor = "") => {
    const isProxy = options.origins.length > 0 && isLoopback(remote.replace(/^::ffff:/, ""));
    const last = isProxy ? [forwardedFor].flat().join(",").split(",").at(-1)?.trim() : undefined;
    return last !== undefined && isIP(last) !== 0 ? last : remote;
  };
}

/**
 * Which Host headers are ours: loopback names when bound to loopback; otherwise any literal address and
 * this machine's name too; and always the origins the operator named. Others are a rebinding attempt.
 */
export function hostAllowed(options: Options): (header: string) => boolean {
  const named = new Set(options.origins.map((url) => url.host.toLowerCase()));
  const wide = !isLoopback(options.host);
  return (header) => {
    const host = header.toLowerCase();
    if (named.has(host)) return true;
    if (!URL.canParse(`http://${host}`)) return false;
    const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
    if (isLoopback(name)) return true;
    return wide && (isIP(name) !== 0 || name === hostname().toLowerCase());
  };
}
