// Random calls of the store's verbs, from a seed: mostly sensible (they follow from what the last answers
// said), sometimes late, repeated, somebody else's or absent, so that every refusal comes up as well.

import { type Run, runId } from "@ticker/core/run";
import type { Store } from "@ticker/core/store";
import type { Happening } from "../../packages/core/src/event.ts";
import { seeded } from "./seeded.ts";
import { byHand, claimOf, finishOf, output, statusOf, tickerOf } from "./store-values.ts";

/** A call, to be made of two stores alike. `alone`: it may take several turns, so nothing runs beside it. */
export type Call = { verb: keyof Store; alone: boolean; make: (store: Store) => Promise<unknown> };

const OWNERS = ["ada", "bob"];
const IDS = ["t_1", "t_2", "t_3", "t_4", "t_5", "t_6", "t_7"];
const HASHES = ["h1", "h2", "h3"];

/** Calls that follow `oracle`, which the caller keeps in step by making each call of it too. */
export function randomCalls(seed: number, oracle: Store) {
  const random = seeded(seed);
  const chance = (part: number) => random() < part;
  const below = (count: number) => Math.floor(random() * count);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  let now = 1_000_000;

  async function entry() {
    const id = pick(IDS);
    for (const owner of OWNERS) {
      const found = await oracle.readTicker(owner, { id }, true);
      if (found) return found;
    }
    return { ticker: tickerOf(id), status: statusOf(tickerOf(id)) };
  }

  /** A run under way, sometimes one that is over. */
  async function someRun(state: Run["state"] | null): Promise<Run> {
    const open = await oracle.openRuns(null, 100);
    const fitting = open.filter((run) => state === null || run.state === state || chance(0.1));
    if (fitting.length > 0 && chance(0.9)) return pick(fitting);
    const { ticker } = await entry();
    const [newest] = await oracle.listRuns(ticker.owner, ticker.id, {
      before: null,
      limit: 1,
      failed: false,
    });
    const absent = { id: runId(ticker.id, 7, "hand"), attempt: 1, seq: 0, owner: "ada" } as Run;
    return newest ?? absent;
  }

  const verbs: { [verb in keyof Store]?: () => Promise<Call["make"]> } = {
    async createTicker() {
      const page = chance(0.5) ? null : 200 + below(3);
      const more = { owner: pick(OWNERS), page, name: `n${below(4)}`, tags: [pick(["a", "b"])] };
      const retention = { runs: below(4), failures: below(3) };
      const ticker = tickerOf(pick(IDS), { ...more, retention });
      const status = statusOf(ticker, { nextDueAt: now + below(3000) });
      return (store) => store.createTicker(ticker, status);
    },
    async readTicker() {
      const { ticker } = await entry();
      const keys = [{ id: ticker.id }, { page: ticker.page ?? 200 }, { name: ticker.name }];
      const [owner, key, deleted] = [pick(OWNERS), pick(keys), chance(0.5)];
      return (store) => store.readTicker(owner, key, deleted);
    },
    async listTickers() {
      const ask = { limit: 1 + below(3), deleted: chance(0.3), tag: pick([null, null, "a"]) };
      const owner = pick(OWNERS);
      return async (store) => {
        const items = [];
        for (let cursor: string | null = null; ; ) {
          const page = await store.listTickers(owner, { ...ask, cursor });
          items.push(page.items);
          if (page.next === null) return items;
          cursor = page.next;
        }
      };
    },
    async editTicker() {
      const { ticker } = await entry();
      const other = (await entry()).ticker;
      const name = pick([ticker.name, other.name, `n${below(4)}`]);
      const revision = ticker.revision + (chance(0.8) ? 1 : below(3));
      const script = { ...ticker.script, source: `print(${revision})` };
      const edit = { ...ticker, name, revision, script, updatedAt: now };
      const timing = chance(0.3) ? { anchorAt: now, nextDueAt: now + below(2000) } : null;
      const twice = chance(0.2);
      return async (store) => {
        const first = await store.editTicker(edit, timing);
        return twice ? store.editTicker(edit, timing) : first;
      };
    },
    async setState() {
      const { ticker } = await entry();
      const owner = chance(0.9) ? ticker.owner : pick(OWNERS);
      const [anchorAt, nextDueAt, at] = [now, now + below(1500), now];
      const start = chance(0.7);
      return (store) =>
        store.setState(
          owner,
          ticker.id,
          start
            ? { state: "started", anchorAt, nextDueAt, at }
            : { state: "stopped", reason: "asked", at },
        );
    },
    async setDeleted() {
      const { ticker } = await entry();
      const deletedAt = ticker.deletedAt === null && chance(0.3) ? now : null;
      const at = now;
      return (store) => store.setDeleted(ticker.owner, ticker.id, deletedAt, at);
    },
    async purgeTickers() {
      const before = now - 200_000;
      return (store) => store.purgeTickers(before, 2);
    },
    async claim() {
      const { ticker, status } = await entry();
      const revision = status.revision + (chance(0.05) ? 1 : 0);
      const queueMax = pick([0, 1, 2]);
      const at = now;
      if (chance(0.15)) {
        const hand = byHand(ticker.id, chance(0.3) ? 5000 : now, { revision, queueMax, at });
        return (store) => store.claim(hand);
      }
      const dueAt = (chance(0.9) ? status.nextDueAt : null) ?? now;
      const unruns = [
        { kind: "skipped" as const, reason: "kill-all" as const },
        { kind: "skipped" as const, reason: "still-running" as const },
        { kind: "missed" as const, reason: "late" as const },
      ];
      const count = 1 + below(4);
      const range = { fromAt: dueAt, untilAt: dueAt + 10 * count - 10, count };
      const unrun = chance(0.3) ? { ...pick(unruns), ...range } : null;
      const nextDueAt = chance(0.9) ? dueAt + 50 * (1 + below(20)) : null;
      const runDueAt = unrun ? unrun.untilAt + 10 : dueAt;
      const run = claimOf(ticker.id, runDueAt).run;
      const made = unrun && chance(0.5) ? null : run;
      const done = made === null && nextDueAt === null;
      const claim = claimOf(ticker.id, dueAt, { revision, queueMax, at, unrun, nextDueAt, done });
      return (store) => store.claim({ ...claim, run: made });
    },
    async startAttempt() {
      const run = await someRun("waiting");
      const attempt = run.attempt + (chance(0.9) ? 1 : 0);
      const [lease, at] = [{ holder: pick(["here", "there"]), untilAt: now + below(2000) }, now];
      return (store) => store.startAttempt(run.id, attempt, lease, at);
    },
    async renewLease() {
      const run = await someRun("running");
      const [attempt, untilAt] = [run.attempt + (chance(0.1) ? 1 : 0), now + below(2000)];
      return (store) => store.renewLease(run.id, attempt, untilAt);
    },
    async appendEvents() {
      const run = await someRun("running");
      const happenings: Happening[] = Array.from({ length: below(4) }, (_, i) =>
        output(i, `line ${i}`),
      );
      const lateMs = below(500);
      if (chance(0.3))
        happenings.unshift({ kind: "started", at: now, attempt: run.attempt, lateMs });
      const fromSeq = run.seq + 1 + (chance(0.2) ? below(5) - 3 : 0);
      const attempt = run.attempt + (chance(0.1) ? 1 : 0);
      const times = chance(0.3) ? 2 : 1;
      return async (store) => {
        const answers = [];
        for (let time = 0; time < times; time++)
          answers.push(await store.appendEvents(run.id, attempt, fromSeq, happenings));
        return answers;
      };
    },
    async finishRun() {
      const run = await someRun("running");
      const outcome = pick(["succeeded", "succeeded", "failed", "timed-out", "killed"] as const);
      const retryAt = outcome !== "succeeded" && chance(0.5) ? now + below(1000) : null;
      const finish = finishOf(run, now, {
        outcome,
        retryAt,
        attempt: run.attempt + (chance(0.05) ? 1 : 0),
        revision: 1 + below(3),
        stopAfterFailures: pick([0, 1, 2]),
        done: chance(0.1),
        stateWrites: { [pick(["k", "l", "__proto__"])]: pick([null, "1", '"text"']) },
        ...(chance(0.3) ? { nextDueAt: now + below(500) } : {}),
      });
      return (store) => store.finishRun(finish);
    },
    async askKill() {
      const run = await someRun(pick([null, "waiting", "queued", "running"] as const));
      const then = { ...finishOf(run, now), done: chance(0.1) };
      const [owner, at] = [chance(0.9) ? run.owner : pick(OWNERS), now];
      return (store) => store.askKill(owner, run.id, at, then);
    },
    async recordRun() {
      const { ticker } = await entry();
      const at = chance(0.3) ? 9000 : now;
      const { metrics, progress, lastLine, happenings } = finishOf({ attempt: 1 } as Run, at);
      const told = {
        id: runId(ticker.id, at, "outside"),
        owner: chance(0.9) ? ticker.owner : pick(OWNERS),
        tickerId: ticker.id,
        ...{ at, happenings, metrics, progress, lastLine, outputBytes: 3, droppedBytes: 1 },
      };
      return (store) => store.recordRun(told);
    },
    async readEvents() {
      const run = await someRun(null);
      const [owner, from, limit] = [pick(OWNERS), 1 + below(6), 1 + below(8)];
      return (store) =>
        store.readEvents(owner, run.tickerId ?? "t_9", run.number ?? 1, from, limit);
    },
    async listRuns() {
      const { ticker } = await entry();
      const ask = { before: pick([null, 5]), limit: 1 + below(5), failed: chance(0.5) };
      const owner = pick(OWNERS);
      return (store) => store.listRuns(owner, ticker.id, ask);
    },
    async readRun() {
      const { ticker, status } = await entry();
      const number = below(status.runNumber + 2);
      return (store) => store.readRun(ticker.owner, ticker.id, number);
    },
    async dueTickers() {
      const [until, limit] = [now + below(1000), 1 + below(4)];
      return (store) => store.dueTickers(until, limit);
    },
    async dueRetries() {
      const [until, limit] = [now + below(1000), 1 + below(3)];
      return (store) => store.dueRetries(until, limit);
    },
    async lostRuns() {
      const ask = { leaseBefore: now, notHolder: pick([null, "here"]), limit: 1 + below(3) };
      return (store) => store.lostRuns(ask);
    },
    nextWakeAt: async () => (store) => store.nextWakeAt(),
    async openRuns() {
      const owner = pick([null, ...OWNERS]);
      return (store) => store.openRuns(owner, 3);
    },
    async usedPages() {
      const owner = pick(OWNERS);
      return (store) => store.usedPages(owner);
    },
    async tickerCount() {
      const owner = pick(OWNERS);
      return (store) => store.tickerCount(owner);
    },
    async tallies() {
      const [owner, since] = [pick(OWNERS), now - below(200_000)];
      return (store) => store.tallies(owner, since);
    },
    async counts() {
      const owner = pick([null, ...OWNERS]);
      return (store) => store.counts(owner);
    },
    async readState() {
      const id = pick(IDS);
      return (store) => store.readState(id);
    },
    // To its end: which records go first when there are too many is each store's own affair.
    prune: async () => async (store) => {
      let removed = 0;
      for (let piece = -1; piece !== 0; removed += piece) piece = await store.prune(3);
      return removed;
    },
    async expire() {
      const at = now;
      return (store) => store.expire(at, at - 300_000);
    },
    async openAccount() {
      const account = { id: pick(OWNERS), name: `name ${below(9)}`, createdAt: now, hold: null };
      return (store) => store.openAccount(account);
    },
    async readAccount() {
      const id = pick([...OWNERS, "eve"]);
      return (store) => store.readAccount(id);
    },
    async setHold() {
      const hold = chance(0.5) ? { at: now, by: "ada", reason: null } : null;
      const id = pick([...OWNERS, "eve"]);
      return (store) => store.setHold(id, hold);
    },
    async addCredential() {
      const expiresAt = chance(0.5) ? now + below(20_000) : null;
      const number = below(40);
      const credential = {
        ...{ id: `c${number}`, kind: pick(["token", "link"] as const), owner: pick(OWNERS) },
        ...{ name: "n", hash: HASHES[number % 3] as string, scopes: ["read" as const] },
        ...{ createdAt: now, expiresAt, lastUsedAt: null },
      };
      return (store) => store.addCredential(credential);
    },
    async useCredential() {
      const [hash, at, once] = [pick(HASHES), now, chance(0.3)];
      const kinds = pick([["token" as const], ["link" as const, "token" as const]]);
      return (store) => store.useCredential(hash, kinds, at, once);
    },
    async listCredentials() {
      const owner = pick(OWNERS);
      return (store) => store.listCredentials(owner, ["token"]);
    },
    async removeCredential() {
      const [owner, id] = [pick(OWNERS), `c${below(40)}`];
      return (store) => store.removeCredential(owner, id);
    },
    async putSecret() {
      const [owner, name, at] = [pick(OWNERS), `S${below(3)}`, now];
      return (store) => store.putSecret(owner, name, `sealed ${at}`, at);
    },
    async readSecrets() {
      const [owner, names] = [pick(OWNERS), pick([null, ["S1", "S2"], []])];
      return (store) => store.readSecrets(owner, names);
    },
    async removeSecret() {
      const [owner, name] = [pick(OWNERS), `S${below(3)}`];
      return (store) => store.removeSecret(owner, name);
    },
  };

  const often = ["claim", "claim", "claim", "finishRun", "finishRun", "setState", "setDeleted"];
  const rare = new Set(["purgeTickers", "prune", "expire"]);
  const names = [...Object.keys(verbs), ...often, ...often] as (keyof Store)[];
  const SEVERAL_TURNS = ["editTicker", "listTickers", "appendEvents", "prune", "useCredential"];

  return {
    verbs: Object.keys(verbs) as (keyof Store)[],
    async next(): Promise<Call> {
      now += chance(0.02) ? below(60_000) : below(400);
      let verb = pick(names);
      while (rare.has(verb) && chance(0.6)) verb = pick(names);
      const make = await (verbs[verb] as () => Promise<Call["make"]>)();
      return { verb, alone: SEVERAL_TURNS.includes(verb), make };
    },
  };
}
