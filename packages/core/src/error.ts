// The three kinds of trouble. The caller's (VisibleError) and the world's (TransientError) are thrown
// and mapped once, at the edge; ours is an assertion. Expected results are values, never exceptions.

/** Stable codes; `api/problem.ts` maps each to one HTTP status. */
export type VisibleCode =
  | "invalid" // 422: the input says something impossible; `issues` names each place
  | "not-found" // 404: absent, or not yours: the two must look alike
  | "conflict" // 409: somebody changed it since you read it
  | "unauthenticated" // 401
  | "forbidden" // 403
  | "held" // 409: killall is in force
  | "limit" // 429: a quota or rate; `retryAfterMs` says when
  | "too-large" // 413
  | "unavailable"; // 503: shutting down, or the store does not answer

/** One fault in an input: `path` in dots (`schedule.every`), `message` says what to do. */
export type Issue = { path: string; message: string };

/** The caller's error: safe to show as it stands. */
export class VisibleError extends Error {
  override readonly name = "VisibleError";
  readonly code: VisibleCode;
  readonly issues: readonly Issue[];
  readonly retryAfterMs: number | undefined;
  /** Whatever the answer should carry beside the message, such as both sides of a conflict. */
  readonly detail: Record<string, unknown>;

  constructor(
    code: VisibleCode,
    message: string,
    more: { issues?: Issue[]; retryAfterMs?: number; detail?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.code = code;
    this.issues = more.issues ?? [];
    this.retryAfterMs = more.retryAfterMs;
    this.detail = more.detail ?? {};
  }
}

/** The world's error: nothing is known to have been committed; sending it again is safe. */
export class TransientError extends Error {
  override readonly name = "TransientError";
}

/** Ours: a broken invariant. The attempt crashes, its lease runs out, the sweep repairs. */
export function assert(fact: unknown, message: string): asserts fact {
  if (!fact) throw new Error(`broken invariant: ${message}`);
}
