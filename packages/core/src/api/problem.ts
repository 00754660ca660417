// Every refusal becomes an RFC 9457 problem here and nowhere else: the three kinds of trouble of
// error.ts, the framework's own, and what only HTTP can get wrong (method, media type,
// precondition).

import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { type Issue, TransientError, type VisibleCode, VisibleError } from "../error.ts";
import type { Log } from "../platform.ts";

type HttpCode =
  | "bad-request"
  | "method-not-allowed"
  | "request-timeout"
  | "headers-too-large"
  | "upgrade-required"
  | "misdirected"
  | "unsupported-media-type"
  | "precondition-required"
  | "internal";
export type ProblemCode = VisibleCode | HttpCode;

const STATUS: Record<ProblemCode, readonly [number, string]> = {
  "bad-request": [400, "Bad request"],
  unauthenticated: [401, "Not signed in"],
  forbidden: [403, "Not allowed"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "Method not allowed"],
  "request-timeout": [408, "Request timeout"],
  conflict: [409, "Conflict"],
  held: [409, "Killall is in force"],
  "too-large": [413, "Too large"],
  "unsupported-media-type": [415, "Unsupported media type"],
  misdirected: [421, "Misdirected request"],
  invalid: [422, "Invalid input"],
  "upgrade-required": [426, "Upgrade required"],
  "precondition-required": [428, "Precondition required"],
  limit: [429, "Too many requests"],
  "headers-too-large": [431, "Request header fields too large"],
  internal: [500, "Internal error"],
  unavailable: [503, "Unavailable"],
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  issues?: readonly Issue[];
  retryAfterMs?: number;
};

/** What only HTTP can refuse. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly code: HttpCode;
  readonly headers: Record<string, string>;
  constructor(code: HttpCode, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

/**
 * The answer to an error. What is not the caller's is logged here, once, and told without its
 * details.
 */
export function problemResponse(c: Context, error: unknown, log: Log): Response {
  const { problem, headers } = problemOf(error);
  if (problem.status >= 500) {
    log.error("A request failed.", {
      method: c.req.method,
      path: c.req.path,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** The problem an error is, with the headers that belong to it. */
export function problemOf(error: unknown): { problem: Problem; headers: Record<string, string> } {
  if (error instanceof VisibleError) {
    const headers: Record<string, string> = {};
    if (error.retryAfterMs !== undefined) {
      headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
    }
    if (error.code === "unauthenticated") headers["www-authenticate"] = 'Bearer realm="ticker"';
    const problem = {
      ...plain(error.code, error.message),
      ...(error.issues.length > 0 ? { issues: error.issues } : {}),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    };
    return { problem: { ...error.detail, ...problem }, headers };
  }
  if (error instanceof HttpRefusal) {
    return { problem: plain(error.code, error.message), headers: error.headers };
  }
  if (error instanceof HTTPException) return { problem: fromFramework(error), headers: {} };
  if (error instanceof TransientError) {
    return {
      problem: plain(
        "unavailable",
        "The store did not answer. Nothing is known to have changed: try again.",
      ),
      headers: { "retry-after": "1" },
    };
  }
  return {
    problem: plain("internal", "Something is wrong on our side; the operator's log has it."),
    headers: {},
  };
}

function plain(code: ProblemCode, detail: string): Problem {
  const [status, title] = STATUS[code];
  return { type: "about:blank", title, status, detail, code };
}

function fromFramework(error: HTTPException): Problem {
  if (error.status === 415) {
    return plain("unsupported-media-type", "Send the body as `Content-Type: application/json`.");
  }
  if (error.status === 413) return plain("too-large", error.message);
  if (error.status === 400) return plain("bad-request", `${error.message}.`);
  return plain("internal", "Something is wrong on our side; the operator's log has it.");
}
