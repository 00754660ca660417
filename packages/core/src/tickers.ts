// What can be done to a ticker's definition: create, edit, start, find, list, delete, restore. Each
// reads and writes through the store's verbs; running things is the engine's. Callers say whose
// ticker it is.

import { sha256 } from "./credential.ts";
import { assert, VisibleError } from "./error.ts";
import type { Platform } from "./platform.ts";
import { nextDue, parseSchedule, type Schedule } from "./schedule.ts";
import type { Entry, Page } from "./store.ts";
import { batchOf } from "./subscription.ts";
import type { Script, Ticker } from "./ticker.ts";
import { canonical, idFromKey, idFromTime } from "./ticker-id.ts";
import {
  checkInput,
  ID_PATTERN,
  mergeSettings,
  NAME_PATTERN,
  PAGE_FIRST,
  PAGE_LAST,
  refusal,
  SETTINGS_DEFAULT,
  type TickerInput,
  type TickerPatch,
} from "./ticker-input.ts";

/** Tickers one account may have. */
export const TICKERS_MAX = 10_000;
/** Tries at a free page number or id while others take them. */
const TRIES_MAX = 20;

export type CreateOptions = {
  /** The request's Idempotency-Key; null without one. */
  key: string | null;
  /** Zone of a cron schedule that names none. */
  zone: string;
};

/** Makes a ticker. `replayed`: the same request made it earlier, and this is that one. */
export async function createTicker(
  platform: Platform,
  owner: string,
  input: TickerInput,
  options: CreateOptions,
): Promise<{ entry: Entry; replayed: boolean }> {
  const requestHash = options.key === null ? null : await sha256(canonical(input));
  const keyedId = options.key === null ? null : await idFromKey(owner, options.key);
  if (keyedId !== null) {
    // Before anything is checked anew: a repeat answers what the first one did, whatever changed
    // since.
    const earlier = await platform.store.readTicker(owner, { id: keyedId }, true);
    if (earlier) return { entry: sameRequest(earlier, requestHash), replayed: true };
  }
  checkInput(input);
  await demandRoom(platform, owner);
  await demandScriptCompiles(platform, input.script);
  // Read after the check, which may take its time: the first due time is not late before it is made.
  const now = platform.clock.now();
  const schedule = parseSchedule(input.schedule, now, options.zone);
  const state = input.state ?? "started";
  const nextDueAt = state === "started" ? firstDue(schedule, now) : null;
  const draft: Omit<Ticker, "id" | "page"> = {
    owner,
    name: input.name,
    script: input.script,
    schedule,
    ...mergeSettings(SETTINGS_DEFAULT, input),
    revision: 1,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    requestHash,
  };
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
    const id = keyedId ?? idFromTime(platform, now);
    const page = input.page ?? (await freePage(platform, owner, attempt));
    const ticker: Ticker = { ...draft, id, page };
    const status = freshStatus(ticker, state, now, nextDueAt);
    const made = await platform.store.createTicker(ticker, status);
    if (made.ok) return { entry: { ticker, status }, replayed: false };
    if (made.why === "name-taken") throw nameTaken(input.name);
    if (made.why === "page-taken" && input.page != null) throw pageTaken(input.page);
    if (made.why === "exists" && keyedId !== null) {
      const earlier = made.entry ?? (await platform.store.readTicker(owner, { id: keyedId }, true));
      assert(earlier, "the store says a ticker exists, but has none by that id");
      return { entry: sameRequest(earlier, requestHash), replayed: true };
    }
  }
  throw new VisibleError(
    "conflict",
    "Others took every page number tried: send the request again.",
  );
}

/** Changes the definition. `revision` null: whatever it is now; else it must still be that. */
export async function editTicker(
  platform: Platform,
  owner: string,
  address: string,
  patch: TickerPatch,
  options: { revision: number | null; zone: string },
): Promise<Entry> {
  const before = await findTicker(platform, owner, address);
  demandRevision(before, options.revision);
  checkInput(patch);
  if (patch.page !== undefined && patch.page !== before.ticker.page) {
    throw refusal("The ticker cannot be changed so", [
      { path: "page", message: `is ${before.ticker.page} for life: leave it out` },
    ]);
  }
  const now = platform.clock.now();
  const schedule =
    patch.schedule === undefined
      ? before.ticker.schedule
      : parseSchedule(patch.schedule, now, options.zone);
  const rescheduled = canonical(schedule) !== canonical(before.ticker.schedule);
  if (patch.script) await demandScriptCompiles(platform, patch.script);
  const ticker: Ticker = {
    ...before.ticker,
    name: patch.name ?? before.ticker.name,
    script: patch.script ?? before.ticker.script,
    schedule,
    ...mergeSettings(before.ticker, patch),
    revision: before.ticker.revision + 1,
    updatedAt: now,
  };
  const timing = rescheduled
    ? {
        anchorAt: now,
        nextDueAt: before.status.state === "started" ? laterDue(schedule, now) : null,
      }
    : null;
  const edited = await platform.store.editTicker(ticker, timing);
  if (edited.ok) return edited.entry;
  if (edited.why === "name-taken") throw nameTaken(ticker.name);
  if (edited.why === "absent" || !edited.entry) throw notFound(address);
  // Without If-Match's number the caller wants it whatever happened: read again and try once more.
  if (options.revision === null) return editTicker(platform, owner, address, patch, options);
  throw revisionConflict(edited.entry);
}

/** From stopped to started: due at once on a new grid. A started one is answered as it is. */
export async function startTicker(
  platform: Platform,
  owner: string,
  address: string,
): Promise<Entry> {
  const before = await findTicker(platform, owner, address);
  if (before.status.state === "started") return before;
  const now = platform.clock.now();
  const changed = await platform.store.setState(owner, before.ticker.id, {
    state: "started",
    anchorAt: now,
    nextDueAt: firstDue(before.ticker.schedule, now),
    at: now,
  });
  if (!changed) throw notFound(address);
  return changed.entry;
}

/** By id, page number or name; throws `not-found`, the same for absent and for somebody else's. */
export async function findTicker(
  platform: Platform,
  owner: string,
  address: string,
  deleted = false,
): Promise<Entry> {
  const entry = await lookUp(platform, owner, address, deleted);
  if (!entry) throw notFound(address);
  return entry;
}

/** In order of page. `cursor`: `next` of the page before. */
export function listTickers(
  platform: Platform,
  owner: string,
  ask: { limit: number; cursor: string | null; deleted: boolean; tag: string | null },
): Promise<Page<Entry>> {
  return platform.store.listTickers(owner, ask);
}

/** Into the bin, where it rests 30 days with its page number. Watchers are told of what was queued till then. */
export async function deleteTicker(
  platform: Platform,
  owner: string,
  address: string,
): Promise<Entry> {
  const { ticker } = await findTicker(platform, owner, address);
  const now = platform.clock.now();
  const gone = await platform.store.setDeleted(owner, ticker.id, now, now);
  if (!gone) throw notFound(address);
  for (const { run, events } of gone.ended) platform.broadcast.publish(owner, batchOf(run, events));
  return gone.entry;
}

/** Out of the bin, stopped. One that was not in it is answered as it is. */
export async function restoreTicker(
  platform: Platform,
  owner: string,
  address: string,
): Promise<Entry> {
  const before = await findTicker(platform, owner, address, true);
  if (before.ticker.deletedAt === null) return before;
  await demandRoom(platform, owner);
  const back = await platform.store.setDeleted(owner, before.ticker.id, null, platform.clock.now());
  if (!back) {
    throw new VisibleError(
      "conflict",
      `Ticker ${before.ticker.name} cannot leave the bin: another ticker has its name by now.`,
    );
  }
  return back.entry;
}

/** Throws `invalid` with line and column when the script would not compile. */
export async function demandScriptCompiles(platform: Platform, script: Script): Promise<void> {
  const error = await platform.sandbox.check(script);
  if (!error) return;
  const place = error.line === undefined ? "" : `line ${error.line}, column ${error.column ?? 1}: `;
  throw refusal("The script does not compile", [
    { path: "script.source", message: `${place}${error.name}: ${error.message}` },
  ]);
}

/** The conflict that carries what is stored now, for whoever shows both sides. */
export function revisionConflict(current: Entry): VisibleError {
  return new VisibleError(
    "conflict",
    `Ticker ${current.ticker.name} was changed since you read it; it is at revision ${current.ticker.revision} now.`,
    { detail: { currentEntry: current } },
  );
}

/** Throws that conflict unless the entry is at the revision; null: any. */
export function demandRevision(entry: Entry, revision: number | null): void {
  if (revision !== null && entry.ticker.revision !== revision) throw revisionConflict(entry);
}

async function demandRoom(platform: Platform, owner: string): Promise<void> {
  if ((await platform.store.tickerCount(owner)) < TICKERS_MAX) return;
  throw new VisibleError(
    "limit",
    `This account has its ${TICKERS_MAX} tickers: delete some first.`,
  );
}

async function lookUp(platform: Platform, owner: string, address: string, deleted: boolean) {
  const { store } = platform;
  if (ID_PATTERN.test(address)) return store.readTicker(owner, { id: address }, deleted);
  if (/^[2-5][0-9][0-9]$/.test(address)) {
    return store.readTicker(owner, { page: Number(address) }, deleted);
  }
  if (NAME_PATTERN.test(address)) return store.readTicker(owner, { name: address }, deleted);
  return null;
}

function notFound(address: string): VisibleError {
  return new VisibleError(
    "not-found",
    `There is no ticker ${JSON.stringify(address.slice(0, 80))}.`,
  );
}

function nameTaken(name: string): VisibleError {
  return new VisibleError("conflict", `Another ticker is called ${name}: choose another name.`, {
    issues: [{ path: "name", message: "is taken" }],
  });
}

function pageTaken(page: number): VisibleError {
  return new VisibleError(
    "conflict",
    `Page ${page} belongs to another ticker (perhaps one in the bin): leave page out to get a free one.`,
    { issues: [{ path: "page", message: "is taken" }] },
  );
}

function sameRequest(earlier: Entry, requestHash: string | null): Entry {
  if (earlier.ticker.requestHash === requestHash) return earlier;
  throw refusal("The ticker was not made", [
    { path: "Idempotency-Key", message: "was used for another request before: take a new key" },
  ]);
}

/** A new ticker ticks at once: its grid begins now, and now is on it. */
function firstDue(schedule: Schedule, now: number): number | null {
  // Intervals begin where they are started: the first run shows that it works.
  if ("every" in schedule) return now;
  const dueAt = nextDue(schedule, now - 1, now);
  if (dueAt === null && !("hand" in schedule)) {
    throw refusal("The ticker cannot be started", [
      { path: "schedule", message: "has no due time in the future" },
    ]);
  }
  return dueAt;
}

/** An edit does not make a ticker tick: its next due time is the first after now. */
function laterDue(schedule: Schedule, now: number): number | null {
  const dueAt = nextDue(schedule, now, now);
  return dueAt === null ? firstDue(schedule, now) : dueAt;
}

function freshStatus(
  ticker: Ticker,
  state: "started" | "stopped",
  now: number,
  nextDueAt: number | null,
): Entry["status"] {
  return {
    tickerId: ticker.id,
    owner: ticker.owner,
    state,
    stopReason: state === "stopped" ? "asked" : null,
    revision: ticker.revision,
    anchorAt: now,
    nextDueAt,
    runNumber: 0,
    active: [],
    queued: [],
    failuresInRow: 0,
    lastRunNumber: null,
    lastOutcome: null,
    lastFinishedAt: null,
    openRecord: null,
  };
}

async function freePage(platform: Platform, owner: string, attempt: number) {
  const used = new Set(await platform.store.usedPages(owner));
  const free: number[] = [];
  for (let page = PAGE_FIRST; page <= PAGE_LAST; page++) if (!used.has(page)) free.push(page);
  // The lowest; but many who create at once must not race for the same one again and again.
  const spread = attempt === 1 ? 1 : attempt * 8;
  return free[Math.floor(platform.random.fraction() * Math.min(spread, free.length))] ?? null;
}
