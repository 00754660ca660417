// Random calls, made of the naive model and of SQLite: every answer and, again and again, everything that
// can be read must be the same. Refuses to pass when a verb never succeeded, or when (with the seed that
// is always the same) a refusal or an effect never came up.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Store } from "@ticker/core/store";
import { afterAll, expect, test } from "vitest";
import { sqliteStore } from "../packages/server/src/sqlite.ts";
import { temporaryFolder } from "./support/folder.ts";
import { storeModel } from "./support/store-model.ts";
import { type Call, randomCalls } from "./support/store-random.ts";

const CALLS = 8_000;
const SEEDS = [1, Number(process.env.SEED ?? Date.now() % 1_000_000)];

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(SEEDS)(
  "SQLite answers as the model does (seed %i)",
  { timeout: 60_000 },
  async (seed) => {
    console.log(`seed ${seed}: SEED=${seed} repeats it`);
    const path = join(folder, `${seed}.sqlite`);
    const model = storeModel();
    let store = sqliteStore(path, { lazyMs: 0, synchronous: "normal" });
    const calls = randomCalls(seed, model);
    const seen = new Set<string>();
    const trail: string[] = [];
    for (let made = 0; made < CALLS; ) {
      const batch = await batchOf(calls, 1 + (made % 4));
      made += batch.length;
      const expected = await Promise.all(batch.map((call) => answer(call, model)));
      const actual = await Promise.all(batch.map((call) => answer(call, store)));
      for (const [index, call] of batch.entries()) {
        trail.push(`${call.verb} ${JSON.stringify(expected[index])}`);
        for (const sign of signs(call.verb, expected[index])) seen.add(sign);
        same(actual[index], expected[index], `${call.verb}, call ${made} of seed ${seed}`, trail);
      }
      if (made % 50 < batch.length)
        same(await snapshot(store), await snapshot(model), `call ${made} of seed ${seed}`, trail);
      if (made % 1500 < batch.length) {
        await store.close();
        store = sqliteStore(path, { lazyMs: 0, synchronous: "normal" });
      }
    }
    await store.close();
    const wanted = [...calls.verbs.map((verb) => `${verb} ok`), ...(seed === 1 ? REFUSALS : [])];
    expect(wanted.filter((sign) => !seen.has(sign))).toEqual([]);
  },
);

const REFUSALS = [
  ...["exists", "page-taken", "name-taken"].map((why) => `createTicker ${why}`),
  ...["conflict", "absent", "name-taken"].map((why) => `editTicker ${why}`),
  ...["not-due", "stopped", "edited", "absent", "same-run"].map((why) => `claim ${why}`),
  ...["fenced", "gap", "over"].map((why) => `appendEvents ${why}`),
  ...["fenced", "over", "absent"].map((why) => `finishRun ${why}`),
  ...["skipped still-running", "skipped queue-full", "missed late"].map((each) => `claim ${each}`),
  ...["run running", "run queued", "neither"].map((each) => `claim ${each}`),
  ...["next", "ended", "waiting"].map((each) => `finishRun ${each}`),
  "setDeleted threw conflict",
  "setState ended",
  "setDeleted ended",
  "askKill next",
];

async function batchOf(calls: ReturnType<typeof randomCalls>, size: number): Promise<Call[]> {
  const batch: Call[] = [];
  while (batch.length < size) {
    const call = await calls.next();
    if (call.alone) return batch.length === 0 ? [call] : batch;
    batch.push(call);
  }
  return batch;
}

async function answer(call: Call, store: Store): Promise<unknown> {
  try {
    return await call.make(store);
  } catch (error) {
    return { threw: (error as { code?: string }).code ?? String(error) };
  }
}

/** What an answer showed: that the verb succeeded, or how it was refused, and what else is worth having met. */
function signs(verb: string, answers: unknown): string[] {
  if (verb === "appendEvents" && Array.isArray(answers))
    return answers.flatMap((each) => signs(verb, { ...each }));
  if (answers === null) return [];
  if (typeof answers !== "object") return [`${verb} ok`];
  // biome-ignore lint/suspicious/noExplicitAny: any verb's answer, of which any part may be absent
  const { threw, why, run, record, next, ended } = answers as any;
  if (threw) return [`${verb} threw ${threw}`];
  if (why) return [`${verb} ${why}`];
  const found = [`${verb} ok`];
  if (record) found.push(`${verb} ${record.outcome} ${record.reason}`);
  if (run) found.push(`${verb} run ${run.state}`, `${verb} ${run.state}`);
  if (!run && !record) found.push(`${verb} neither`);
  if (next) found.push(`${verb} next`);
  if (ended?.length > 0) found.push(`${verb} ended`);
  return found;
}

/** All that can be read, in one value. */
async function snapshot(store: Store): Promise<unknown> {
  const all: unknown[] = [await store.counts(null), await store.openRuns(null, 1000)];
  for (const owner of ["ada", "bob"]) {
    all.push(await store.tallies(owner, 0), await store.readSecrets(owner, null));
    all.push(await store.listCredentials(owner, ["token", "link"]));
    for (const deleted of [false, true]) {
      const ask = { limit: 100, cursor: null, tag: null, deleted };
      const { items } = await store.listTickers(owner, ask);
      for (const entry of items) {
        const { id } = entry.ticker;
        const asked = { before: null, limit: 1000, failed: false };
        const runs = await store.listRuns(owner, id, asked);
        all.push(entry, runs, await store.readState(id));
        for (const { number } of runs) all.push(await store.readEvents(owner, id, number, 1, 1000));
      }
    }
  }
  return all;
}

function same(actual: unknown, expected: unknown, where: string, trail: string[]): void {
  if (isDeepStrictEqual(plain(actual), plain(expected))) return;
  expect(plain(actual), `${where}, after\n${trail.slice(-12).join("\n")}`).toEqual(plain(expected));
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));
