// A store as a process meets it: the real one or the model, behind calls that take their time, fail before they
// took effect, or lose their answer after it. What took effect is told to the ledger, whatever the caller hears.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TransientError } from "@ticker/core/error";
import type { Store } from "@ticker/core/store";
import { sqliteStore } from "../../packages/server/src/sqlite.ts";
import type { Ledger } from "./simulated-ledger.ts";
import { storeModel } from "./store-model.ts";

/** What lies on the disk, or in the far store: it outlives processes. */
export type Place = {
  open(after: (ms: number, act: () => void) => () => void): Store;
  /** As after `kill -9`: what was committed stays, and what was not is gone. */
  crash(): void;
  close(): Promise<void>;
  remove(): void;
};

/** SQLite in a folder of its own; commits happen in simulated time. */
export function sqlitePlace(folder: string): Place {
  let generation = 0;
  let current: Store | null = null;
  const old: Store[] = [];
  const path = (): string => join(folder, String(generation), "ticker.sqlite");
  mkdirSync(join(folder, "0"), { recursive: true });
  return {
    open(after) {
      const timers = { soon: (act: () => void) => after(0, act), later: after };
      // No thread forces the log then; and the folder is in memory where there is one.
      current = sqliteStore(path(), { synchronous: "full", timers });
      return current;
    },
    crash() {
      const from = join(folder, String(generation));
      generation++;
      cpSync(from, join(folder, String(generation)), { recursive: true });
      if (current !== null) old.push(current);
      current = null;
    },
    async close() {
      await current?.close();
      current = null;
    },
    remove() {
      for (const store of [...old, current]) void store?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The model, which every call reaches over a network. */
export function modelPlace(): Place {
  const store = storeModel();
  return { open: () => store, crash() {}, async close() {}, remove() {} };
}

export type Fate = {
  /** Ms until the call reaches the store, and until its answer is back. */
  thereMs: number;
  backMs: number;
  fails: "before" | "after" | null;
  crashes: "before" | "after" | null;
};

export type StoreWorld = {
  alive(): boolean;
  after(ms: number, act: () => void): void;
  now(): number;
  fate(verb: string): Fate;
  crash(where: string): void;
  log(line: () => string): void;
};

/** What changes nothing is not told. */
const READS = /^(read|list|lost|open|due|next|used|prune|expire|purge)/;

const never = new Promise<never>(() => {});

/** What a process gets instead of the store. */
export function meteredStore(store: Store, ledger: Ledger, world: StoreWorld): Store {
  const wait = (ms: number): Promise<void> =>
    ms <= 0 ? Promise.resolve() : new Promise((resolve) => world.after(ms, resolve));

  async function call(verb: keyof Store, args: unknown[]): Promise<unknown> {
    if (!world.alive()) return never;
    const fate = world.fate(verb);
    if (fate.thereMs > 0) await wait(fate.thereMs);
    if (!world.alive()) return never;
    if (fate.crashes === "before") {
      world.crash(`before ${verb}`);
      return never;
    }
    if (fate.fails === "before") {
      world.log(() => `${verb} fails`);
      throw new TransientError(`simulated: ${verb} did not reach the store`);
    }
    // A copy: what the engine does with its objects later is not what it asked.
    const asked = structuredClone(args);
    const taken = (store[verb] as (...given: unknown[]) => Promise<unknown>)(...args);
    if (fate.crashes === "after") {
      // Sent, and maybe not committed: SQLite takes it back, the far store has it.
      taken.then(
        (result) => book(ledger, verb, asked, result),
        () => {},
      );
      await null;
      world.crash(`after ${verb}`);
      return never;
    }
    const result = await taken;
    book(ledger, verb, asked, result);
    if (!READS.test(verb)) world.log(() => `${verb} ${brief(asked)} -> ${brief(result)}`);
    if (fate.fails === "after") {
      world.log(() => `the answer of ${verb} is lost`);
      throw new TransientError(`simulated: the answer of ${verb} was lost`);
    }
    if (fate.backMs > 0) await wait(fate.backMs);
    return world.alive() ? result : never;
  }

  const verbs = Object.keys(store) as (keyof Store)[];
  return Object.fromEntries(
    verbs.map((verb) => [verb, (...args: unknown[]) => call(verb, args)]),
  ) as Store;
}

type Args<V extends keyof Store> = Parameters<Store[V]>;
type Result<V extends keyof Store> = Awaited<ReturnType<Store[V]>>;

function book(ledger: Ledger, verb: keyof Store, args: unknown[], result: unknown): void {
  switch (verb) {
    case "createTicker": {
      const [ticker, status] = args as Args<"createTicker">;
      if ((result as Result<"createTicker">).ok) ledger.created(ticker, status);
      return;
    }
    case "editTicker": {
      const [ticker, timing] = args as Args<"editTicker">;
      if ((result as Result<"editTicker">).ok) ledger.edited(ticker, timing);
      return;
    }
    case "setHold":
      ledger.setHold((args as Args<"setHold">)[1]);
      return;
    case "setState": {
      const [, id, change] = args as Args<"setState">;
      if (result !== null) ledger.setState(id, change);
      return;
    }
    case "setDeleted": {
      const [, id, deletedAt] = args as Args<"setDeleted">;
      if (result !== null) ledger.setDeleted(id, deletedAt);
      return;
    }
    case "claim":
      ledger.claimed(args[0] as Args<"claim">[0], result as Result<"claim">);
      return;
    case "startAttempt": {
      const [id, , , at] = args as Args<"startAttempt">;
      ledger.attemptStarted(id, result as Result<"startAttempt">, at);
      return;
    }
    case "finishRun":
      ledger.finished(args[0] as Args<"finishRun">[0], result as Result<"finishRun">);
      return;
    case "askKill": {
      const [, id, at, then] = args as Args<"askKill">;
      ledger.killAsked(id, at, then, result as Result<"askKill">);
      return;
    }
    case "recordRun": {
      const told = result as Result<"recordRun">;
      if (told !== null) ledger.told(told.run);
      return;
    }
    default:
  }
}

const brief = (value: unknown): string => {
  const text = JSON.stringify(value, (key, part) =>
    key === "script" || key === "policy" || key === "limits" || key === "events" ? undefined : part,
  );
  return (text ?? "").slice(0, 160);
};
