// What the sandbox asks of whoever fetches for its scripts. The guard itself (which addresses are
// refused, how much may come back) belongs to the body that has a network; the guest never has one.

export type GuardedRequest = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Uint8Array | string | null;
};

export type GuardedResponse = {
  status: number;
  statusText: string;
  /** Where it came from after redirects. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
};

/** Throws an Error with a short, clear message, fit for the script's owner, when it refuses or fails. */
export type GuardedFetch = (
  request: GuardedRequest,
  signal: AbortSignal,
) => Promise<GuardedResponse>;

/** The guard of a body that has no network: refuses everything. */
export const refuseFetch: GuardedFetch = (request) =>
  Promise.reject(
    new Error(`cannot fetch ${request.url.slice(0, 200)}: this service has no network`),
  );
