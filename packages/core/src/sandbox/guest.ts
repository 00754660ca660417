// The guest's program as the engine evaluates it once, before the image is taken: the three parts in one
// scope, what of them becomes global, and what the host keeps a hold of.

import { GUEST_CORE } from "./guest-core.ts";
import { GUEST_FORMAT } from "./guest-format.ts";
import { GUEST_WEB } from "./guest-web.ts";

const GUEST_END = `
const never = new AbortController().signal;
const toolbox = { print, progress, metric, state, secret, fetch, sleep, signal: never, ...colours };
lazy(toolbox, "run", () => readFacts().run);
lazy(toolbox, "ticker", () => readFacts().ticker);
freeze(toolbox);
const globals = {
  print, console, progress, metric, state, secret, fetch, sleep,
  setTimeout, clearTimeout, setInterval, clearInterval, ...colours,
  URL, URLSearchParams, Headers, TextEncoder, TextDecoder, AbortController, AbortSignal, crypto, structuredClone,
};
for (const name of ownKeys(globals)) expose(name, globals[name]);
lazy(globalThis, "run", () => readFacts().run);
lazy(globalThis, "ticker", () => readFacts().ticker);
return { settle, describe, follow };
`;

/** A function of the host's functions; evaluates to `{settle, describe, follow}` for the host. */
export const GUEST_PROGRAM = `(function (h) { "use strict";${GUEST_CORE}${GUEST_FORMAT}${GUEST_WEB}${GUEST_END}})`;

/** The one-letter names of the host's functions; `execution.ts` says what each does. */
export const HOST_OPERATIONS = "opmgSDKxscfuUredF";

/** File name of the guest's own program in stacks; frames of it are never shown. */
export const GUEST_FILE = "ticker";
