// One way to call the REST API. A refusal is a `Problem` that says why; being signed out is told to whoever
// listens, once, so no page has to think of it.

import type { Listed, ProblemBody } from "./view.ts";

export class Problem extends Error {
  override readonly name = "Problem";
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title);
    this.body = body;
  }
}

/** What went wrong, in words for a person. */
export function reasonOf(error: unknown): string {
  if (error instanceof Problem) {
    const issues = error.body.issues ?? [];
    const unsaid = issues.filter(({ message }) => !error.message.includes(message));
    return [error.message, ...unsaid.map(({ path, message }) => `${path}: ${message}`)].join(" ");
  }
  if (error instanceof TypeError) return "Ticker does not answer; it was not done";
  return error instanceof Error ? error.message : String(error);
}

let signedOut = () => {};

/** Calls `listener` whenever an answer says that nobody is signed in. */
export function onSignedOut(listener: () => void) {
  signedOut = listener;
}

export type Ask = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** The raw answer; throws `Problem` for anything but success. */
export async function send(path: string, ask: Ask = {}): Promise<Response> {
  const hasBody = ask.body !== undefined;
  const response = await fetch(`/v1${path}`, {
    method: ask.method ?? "GET",
    headers: { ...(hasBody ? { "content-type": "application/json" } : {}), ...ask.headers },
    ...(hasBody ? { body: JSON.stringify(ask.body) } : {}),
    ...(ask.signal ? { signal: ask.signal } : {}),
  });
  if (response.ok) return response;
  if (response.status === 401 && path !== "/session") signedOut();
  throw new Problem(await problemOf(response));
}

async function problemOf(response: Response): Promise<ProblemBody> {
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? ((await response.json()) as Partial<ProblemBody>) : {};
  const title = body.title ?? `Ticker answered ${response.status} ${response.statusText}`;
  return { ...body, title, status: response.status };
}

/** A call whose answer is JSON; undefined for an empty one. */
export async function call<T>(path: string, ask: Ask = {}): Promise<T> {
  const response = await send(path, ask);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Every item of a list, page by page. */
export async function callAll<T>(path: string): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const join: string = path.includes("?") ? "&" : "?";
    const more: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const page: Listed<T> = await call<Listed<T>>(`${path}${join}limit=200${more}`);
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}
