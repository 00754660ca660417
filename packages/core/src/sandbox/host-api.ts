// What a script may use, as a TypeScript declaration: the editor completes from it, the documentation
// shows it, and a test holds it against what the sandbox really has.

/** The text of the declaration; global, so no script needs an import. */
export const HOST_API = `/** Prints its arguments, separated by spaces, as one line (or more). Shown while the script runs. */
declare function print(...values: unknown[]): void;

/** The same as print; warn and error mark the line as an error's. */
declare const console: {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
};

/**
 * How far the run is, 0 to 1 (what lies outside is taken as the nearer of the two), and on what, in at
 * most 1000 characters.
 */
declare function progress(fraction: number, message?: string): void;

/**
 * Records a finite number under a name of 1 to 64 characters in one line; drawn as a chart. At most 16
 * names in a run.
 */
declare function metric(name: string, value: number): void;

/**
 * What the ticker keeps from run to run, as JSON. Writes count only if the run succeeds. At most 64 KB
 * a value, 256 characters a key, 200 keys and 256 KB in all. Works with and without await.
 */
declare const state: {
  get<T = any>(key: string): T | undefined;
  set(key: string, value: unknown): void;
  /** True when there was something to delete. */
  delete(key: string): boolean;
  keys(): string[];
};

/** A secret of the account by its name; throws when there is none. Masked wherever it would be shown. */
declare function secret(name: string): string;

/** Waits; counts as a call. At most 64 calls may be under way at once. */
declare function sleep(ms: number): Promise<void>;

/**
 * Fetches from a public address; refused addresses and failed connections throw. Counts as a call.
 * Redirects are followed, each checked like the first address.
 */
declare function fetch(address: string | URL, init?: RequestInit): Promise<Response>;

interface RequestInit {
  /** GET, or POST when there is a body. */
  method?: string;
  headers?: Headers | Record<string, string> | Iterable<[string, string]>;
  /** At most 256 KB. */
  body?: string | ArrayBuffer | ArrayBufferView | URLSearchParams | null;
  signal?: AbortSignal;
}

interface Response {
  readonly status: number;
  readonly statusText: string;
  /** The status is 200 to 299. */
  readonly ok: boolean;
  /** Where it came from, after redirects. */
  readonly url: string;
  readonly headers: Headers;
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Timers count as calls; a run lasts until all of them are over. */
declare function setTimeout(fn: (...values: any[]) => void, ms?: number, ...values: any[]): number;
declare function clearTimeout(timer: number): void;
declare function setInterval(fn: (...values: any[]) => void, ms?: number, ...values: any[]): number;
declare function clearInterval(timer: number): void;

/** Its arguments as text in a colour, or bold. */
declare function red(...values: unknown[]): string;
declare function green(...values: unknown[]): string;
declare function yellow(...values: unknown[]): string;
declare function blue(...values: unknown[]): string;
declare function magenta(...values: unknown[]): string;
declare function cyan(...values: unknown[]): string;
declare function white(...values: unknown[]): string;
declare function bold(...values: unknown[]): string;

/** This run. Instants are milliseconds since 1970. */
declare const run: {
  /** 1 for the ticker's first. */
  readonly number: number;
  /** 1 unless it is tried again. */
  readonly attempt: number;
  readonly trigger: "schedule" | "hand" | "outside";
  /** When it was due. */
  readonly dueAt: number;
  /** The run before: how it ended, its last line and its metrics. */
  readonly last: {
    readonly outcome: string;
    readonly at: number;
    readonly line: string | null;
    readonly metrics: Readonly<Record<string, number>>;
  } | null;
  /** The newest run that failed. */
  readonly lastFailure: {
    readonly at: number;
    readonly outcome: string;
    readonly message: string;
  } | null;
  /** The whole service's numbers, refreshed about once a second. */
  readonly service: {
    readonly startedAt: number;
    /** Runs finished since then, and under way now. */
    readonly runs: number;
    readonly running: number;
    /** Lateness that 95 of 100 scheduled runs stay under, ms. */
    readonly lateP95Ms: number;
    readonly memoryBytes: number;
  };
};

/** The ticker this script belongs to. */
declare const ticker: { readonly id: string; readonly name: string; readonly page: number | null };

declare class URL {
  constructor(address: string | URL, base?: string | URL);
  static canParse(address: string | URL, base?: string | URL): boolean;
  static parse(address: string | URL, base?: string | URL): URL | null;
  readonly origin: string;
  readonly searchParams: URLSearchParams;
  href: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  toString(): string;
  toJSON(): string;
}

declare class URLSearchParams {
  constructor(init?: string | URLSearchParams | Record<string, string> | Iterable<[string, string]>);
  readonly size: number;
  append(name: string, value: string): void;
  /** Of this name; with a value, only those that have it. */
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(fn: (value: string, name: string, params: URLSearchParams) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

declare class Headers {
  constructor(init?: Headers | Record<string, string> | Iterable<[string, string]>);
  append(name: string, value: string): void;
  set(name: string, value: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  delete(name: string): void;
  forEach(fn: (value: string, name: string, headers: Headers) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
}

declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  /** All bytes at once, at most 8 MiB. */
  decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class AbortSignal {
  static abort(reason?: unknown): AbortSignal;
  /** A run does not last longer for its sake. */
  static timeout(ms: number): AbortSignal;
  readonly aborted: boolean;
  readonly reason: unknown;
  onabort: ((event: { type: "abort"; target: AbortSignal }) => void) | null;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: (event: unknown) => void): void;
  removeEventListener(type: "abort", listener: (event: unknown) => void): void;
}

declare const crypto: {
  /** At most 65536 bytes at once. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): string;
};

declare function structuredClone<T>(value: T): T;

/** For scripts written as a module: \`export default ticker(async (t) => { ... })\`. */
declare module "ticker" {
  interface Toolbox {
    readonly print: typeof print;
    readonly progress: typeof progress;
    readonly metric: typeof metric;
    readonly state: typeof state;
    readonly secret: typeof secret;
    readonly fetch: typeof fetch;
    readonly sleep: typeof sleep;
    /** Never aborted: a run that must end is ended without asking it. */
    readonly signal: AbortSignal;
    readonly red: typeof red;
    readonly green: typeof green;
    readonly yellow: typeof yellow;
    readonly blue: typeof blue;
    readonly magenta: typeof magenta;
    readonly cyan: typeof cyan;
    readonly white: typeof white;
    readonly bold: typeof bold;
    readonly run: typeof run;
    readonly ticker: { readonly id: string; readonly name: string; readonly page: number | null };
  }
  /** Marks the script of a ticker; it is called with everything it may use. */
  export function ticker(script: (t: Toolbox) => unknown): (t: Toolbox) => unknown;
  export default ticker;
  export type { Toolbox };
}
`;
