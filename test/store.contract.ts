// The store's contract in examples: what core/src/store.ts says in words. Run over the model and over
// every store. Where two stores could differ in anything else, the differential test looks.

import type { Happening } from "@ticker/core/event";
import type { Status } from "@ticker/core/status";
import type { Claim, Store } from "@ticker/core/store";
import type { Ticker } from "@ticker/core/ticker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  byHand,
  claimOf,
  finishOf,
  LEASE,
  output,
  statusOf,
  tickerOf,
} from "./support/store-values.ts";

export function storeContract(name: string, makeStore: () => Store): void {
  describe(`${name} keeps the store's contract`, () => {
    let store: Store;
    beforeEach(() => {
      store = makeStore();
    });
    afterEach(() => store.close());

    const create = async (ticker: Ticker, status: Partial<Status> = {}) => {
      expect(await store.createTicker(ticker, statusOf(ticker, status))).toEqual({ ok: true });
    };
    /** Claims and expects a run. */
    const begin = async (claim: Claim) => {
      const claimed = await store.claim(claim);
      if (!claimed.claimed || !claimed.run) throw new Error(JSON.stringify(claimed));
      return claimed.run;
    };
    const skipped = (fromAt: number, untilAt: number, count: number): Partial<Claim> => ({
      unrun: { kind: "skipped", reason: "kill-all", fromAt, untilAt, count },
      run: null,
    });

    test("a due time is claimed once, and its run begins under the claimer's lease", async () => {
      await create(tickerOf("t_1"));
      const claims = await Promise.all([
        store.claim(claimOf("t_1", 1000)),
        store.claim(claimOf("t_1", 1000, { run: null })),
      ]);
      expect(claims[0]).toMatchObject({
        claimed: true,
        run: { number: 1, state: "running", attempt: 1, lease: LEASE },
        status: { nextDueAt: 2000, runNumber: 1, active: [{ runId: "t_1.1000", number: 1 }] },
      });
      expect(claims[1]).toEqual({ claimed: false, why: "not-due", run: null });
    });

    test("a repeated claim gives the run that exists", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000));
      const again = await store.claim(claimOf("t_1", 1000));
      expect(again).toEqual({ claimed: false, why: "same-run", run });
    });

    test("a due time that has its run already does not hold the schedule up", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000));
      await store.finishRun(finishOf(run, 1010));
      await store.setState("ada", "t_1", { state: "stopped", reason: "asked", at: 1100 });
      const back = { anchorAt: 0, nextDueAt: 1000, at: 900 };
      await store.setState("ada", "t_1", { state: "started", ...back });
      expect(await store.claim(claimOf("t_1", 1000))).toMatchObject({ why: "same-run" });
      expect(await store.dueTickers(1500, 10)).toEqual([]);
      expect(await store.nextWakeAt()).toBe(2000);
    });

    test("stopped, edited and binned tickers are not claimed; by hand a stopped one is", async () => {
      await create(tickerOf("t_1"));
      expect(await store.claim(claimOf("t_1", 1000, { revision: 2 }))).toMatchObject({
        why: "edited",
      });
      await store.setState("ada", "t_1", { state: "stopped", reason: "asked", at: 900 });
      expect(await store.claim(claimOf("t_1", 1000))).toMatchObject({ why: "stopped" });
      expect(await begin(byHand("t_1", 950))).toMatchObject({ id: "t_1.950h", trigger: "hand" });
      await store.setDeleted("ada", "t_1", 960, 960);
      expect(await store.claim(byHand("t_1", 970))).toMatchObject({ why: "absent" });
      expect(await store.claim(claimOf("t_9", 1000))).toMatchObject({ why: "absent" });
    });

    test("due times not run share a record that grows until another record comes", async () => {
      await create(tickerOf("t_1"));
      await store.claim(claimOf("t_1", 1000, skipped(1000, 1000, 1)));
      const grown = await store.claim(claimOf("t_1", 2000, skipped(2000, 4000, 3)));
      expect(grown).toMatchObject({
        record: { number: 1, count: 4, dueAt: 1000, dueUntilAt: 4000, seq: 2, outcome: "skipped" },
      });
      expect(await store.readEvents("ada", "t_1", 1, 1, 10)).toEqual([
        { seq: 2, at: 2000, kind: "skipped", reason: "kill-all", count: 4, dueUntilAt: 4000 },
      ]);
      await store.finishRun(finishOf(await begin(claimOf("t_1", 3000)), 3010));
      const fresh = await store.claim(claimOf("t_1", 4000, skipped(4000, 4000, 1)));
      expect(fresh).toMatchObject({ record: { number: 3, count: 1, seq: 1 } });
      expect(await store.tallies("ada", 0)).toEqual([
        { minuteAt: 0, succeeded: 1, failed: 0, skipped: 5, missed: 0 },
      ]);
    });

    test("a due time without a place is recorded as skipped, with what was passed over", async () => {
      await create(tickerOf("t_1"));
      await begin(claimOf("t_1", 1000));
      const unrun = { kind: "skipped", reason: "still-running" } as const;
      const claim = claimOf("t_1", 2000, {
        unrun: { ...unrun, fromAt: 2000, untilAt: 3000, count: 2 },
        run: { id: "t_1.4000", trigger: "schedule", dueAt: 4000 },
      });
      expect(await store.claim(claim)).toMatchObject({
        claimed: true,
        run: null,
        record: { number: 2, reason: "still-running", count: 3, dueAt: 2000, dueUntilAt: 4000 },
      });
      const hand = await store.claim(byHand("t_1", 2500));
      expect(hand).toMatchObject({ claimed: true, run: null, record: null });
      expect(hand).toMatchObject({ status: { runNumber: 2 } });
    });

    test("a queue is taken in order, is bounded, and ends with a stop", async () => {
      await create(tickerOf("t_1"));
      const first = await begin(claimOf("t_1", 1000, { queueMax: 2 }));
      const second = await begin(claimOf("t_1", 2000, { queueMax: 2 }));
      expect(second).toMatchObject({ state: "queued", attempt: 0, lease: null });
      await begin(claimOf("t_1", 3000, { queueMax: 2 }));
      expect(await store.claim(claimOf("t_1", 4000, { queueMax: 2 }))).toMatchObject({
        run: null,
        record: { reason: "queue-full" },
      });
      expect(await store.finishRun(finishOf(first, 4100))).toMatchObject({
        next: { id: "t_1.2000", state: "running", attempt: 1, lease: LEASE },
      });
      const stop = { state: "stopped", reason: "asked", at: 4200 } as const;
      const stopped = await store.setState("ada", "t_1", stop);
      expect(stopped?.ended).toMatchObject([
        { run: { id: "t_1.3000", outcome: "killed" }, events: [{ seq: 1, kind: "finished" }] },
      ]);
      expect(await store.counts("ada")).toMatchObject({ running: 1, queued: 0, started: 0 });
    });

    test("events are appended by the attempt's own, in order, and a repeat is a success", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000));
      const lines = [output(1001, "a"), output(1002, "b")];
      const added = await store.appendEvents(run.id, 1, 1, lines);
      expect(added).toMatchObject({ ok: true, events: [{ seq: 1 }, { seq: 2, text: "b" }] });
      expect(await store.appendEvents(run.id, 1, 1, lines)).toEqual(added);
      expect(await store.appendEvents(run.id, 1, 2, lines)).toEqual({ ok: false, why: "gap" });
      expect(await store.appendEvents(run.id, 1, 4, lines)).toEqual({ ok: false, why: "gap" });
      expect(await store.appendEvents(run.id, 2, 3, lines)).toEqual({ ok: false, why: "fenced" });
      const current = await store.readRun("ada", "t_1", 1);
      await store.finishRun(finishOf(current ?? run, 1010));
      const events = await store.readEvents("ada", "t_1", 1, 2, 3);
      expect(events.map(({ seq, kind }) => [seq, kind])).toEqual([
        [2, "output"],
        [3, "started"],
        [4, "output"],
      ]);
      expect(await store.appendEvents(run.id, 1, 6, lines)).toEqual({ ok: false, why: "over" });
    });

    test("a finish is applied once, with its state, its streak and its stop", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000));
      const finish = finishOf(run, 1010, {
        outcome: "failed",
        stateWrites: { n: "1" },
        stopAfterFailures: 1,
      });
      expect(await store.finishRun({ ...finish, attempt: 2 })).toEqual({
        ok: false,
        why: "fenced",
      });
      expect(await store.finishRun(finish)).toMatchObject({
        ok: true,
        run: { outcome: "failed", seq: 3, lastLine: "hello", lease: null },
        status: { state: "stopped", stopReason: "failures", failuresInRow: 1, nextDueAt: null },
      });
      expect(await store.finishRun(finish)).toEqual({ ok: false, why: "over" });
      expect(await store.finishRun({ ...finish, runId: "t_1.5" })).toMatchObject({ why: "absent" });
      expect(await store.readState("t_1")).toEqual({ n: "1" });
      const failures = { before: null, limit: 10, failed: true };
      expect(await store.listRuns("ada", "t_1", failures)).toMatchObject([{ number: 1 }]);
    });

    test("a retry waits, holds its place, and begins once as the next attempt", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000));
      const retry = finishOf(run, 1010, { outcome: "failed", retryAt: 1500 });
      expect(await store.finishRun(retry)).toMatchObject({
        run: { state: "waiting", retryAt: 1500, outcome: null },
      });
      expect(await store.nextWakeAt()).toBe(1500);
      expect(await store.dueRetries(1499, 10)).toEqual([]);
      expect(await store.dueRetries(1500, 10)).toMatchObject([{ id: run.id }]);
      const starts = await Promise.all([
        store.startAttempt(run.id, 2, LEASE, 1500),
        store.startAttempt(run.id, 2, LEASE, 1500),
      ]);
      expect(starts).toMatchObject([{ attempt: 2, state: "running", seq: 3 }, null]);
      expect(await store.renewLease(run.id, 1, 9)).toEqual({ ok: false, killAsked: false });
    });

    test("a kill is asked of the holder, and done at once where nobody holds", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(claimOf("t_1", 1000, { queueMax: 1 }));
      const then = { lease: LEASE, done: false };
      expect(await store.askKill("bob", run.id, 1001, then)).toBeNull();
      expect(await store.askKill("ada", run.id, 1001, then)).toMatchObject({
        run: { state: "running", killAskedAt: 1001 },
      });
      expect(await store.renewLease(run.id, 1, 9000)).toEqual({ ok: true, killAsked: true });
      const queued = await begin(claimOf("t_1", 2000, { queueMax: 1 }));
      expect(await store.askKill("ada", queued.id, 2001, then)).toMatchObject({
        run: { state: "finished", outcome: "killed" },
        events: [{ seq: 1, kind: "finished" }],
      });
      // It fails and would be tried again, but somebody asked for its end.
      const retry = finishOf(run, 2010, { outcome: "failed", retryAt: 2500 });
      const ended = await store.finishRun(retry);
      expect(ended).toMatchObject({ run: { state: "finished", outcome: "killed" } });
      expect(ended.ok && ended.events.at(-1)).toMatchObject({ kind: "finished" });
      expect(await store.askKill("ada", run.id, 2020, then)).toBeNull();
    });

    test("lost runs are those whose lease ended or that somebody else holds", async () => {
      await create(tickerOf("t_1"));
      await create(tickerOf("t_2"));
      const lease = (holder: string, untilAt: number) => ({ lease: { holder, untilAt } });
      await begin(claimOf("t_1", 1000, lease("old", 5000)));
      await begin(claimOf("t_2", 1000, lease("new", 3000)));
      const lost = async (leaseBefore: number, notHolder: string | null) =>
        (await store.lostRuns({ leaseBefore, notHolder, limit: 10 })).map(({ id }) => id);
      expect(await lost(0, null)).toEqual([]);
      expect(await lost(0, "new")).toEqual(["t_1.1000"]);
      expect(await lost(4000, null)).toEqual(["t_2.1000"]);
    });

    test("an edit needs the revision before it, and moves a started ticker's due time", async () => {
      await create(tickerOf("t_1"));
      await create(tickerOf("t_2"));
      const edit = tickerOf("t_1", { revision: 2 });
      const timing = { anchorAt: 500, nextDueAt: 1700 };
      const edited = { ok: true, entry: { status: { revision: 2, nextDueAt: 1700 } } };
      expect(await store.editTicker(edit, timing)).toMatchObject(edited);
      expect(await store.editTicker(edit, timing)).toMatchObject(edited);
      const other = { ...edit, tags: ["x"] };
      expect(await store.editTicker(other, null)).toMatchObject({
        why: "conflict",
        entry: { ticker: { revision: 2, tags: [] } },
      });
      const named = { ...edit, revision: 3, name: "t-2" };
      expect(await store.editTicker(named, null)).toMatchObject({ why: "name-taken" });
      expect(await store.editTicker({ ...edit, owner: "bob" }, null)).toEqual({
        ok: false,
        why: "absent",
        entry: null,
      });
    });

    test("pages and names are one owner's; the bin keeps the page and frees the name", async () => {
      await create(tickerOf("t_1", { page: 200, name: "a" }));
      await create(tickerOf("t_2", { page: 200, name: "a", owner: "bob" }));
      const taken = async (ticker: Ticker) => {
        const made = await store.createTicker(ticker, statusOf(ticker));
        return made.ok ? null : made.why;
      };
      expect(await taken(tickerOf("t_1"))).toBe("exists");
      expect(await taken(tickerOf("t_3", { page: 200 }))).toBe("page-taken");
      expect(await taken(tickerOf("t_3", { name: "a" }))).toBe("name-taken");
      await store.setDeleted("ada", "t_1", 5, 5);
      expect(await store.readTicker("ada", { id: "t_1" })).toBeNull();
      expect(await store.readTicker("ada", { page: 200 }, true)).toMatchObject({
        ticker: { id: "t_1", deletedAt: 5 },
        status: { state: "stopped", stopReason: "deleted" },
      });
      expect(await taken(tickerOf("t_3", { page: 200 }))).toBe("page-taken");
      await create(tickerOf("t_3", { name: "a" }));
      await expect(store.setDeleted("ada", "t_1", null, 6)).rejects.toMatchObject({
        code: "conflict",
      });
      expect([await store.tickerCount("ada"), await store.tickerCount("bob")]).toEqual([1, 1]);
      expect(await store.purgeTickers(6, 10)).toBe(1);
      expect(await store.usedPages("ada")).toEqual([]);
      expect(await store.usedPages("bob")).toEqual([200]);
    });

    test("pages in use and tickers outside the bin follow every change", async () => {
      const taken = async () => [await store.usedPages("ada"), await store.tickerCount("ada")];
      expect(await taken()).toEqual([[], 0]);
      await create(tickerOf("t_1", { page: 300 }));
      await create(tickerOf("t_2", { page: 200 }));
      await create(tickerOf("t_3", { page: null }));
      expect(await taken()).toEqual([[200, 300], 3]);
      await store.setDeleted("ada", "t_1", 5, 5);
      await store.setDeleted("ada", "t_1", 6, 6);
      expect(await taken()).toEqual([[200, 300], 2]);
      await store.setDeleted("ada", "t_1", null, 7);
      expect(await taken()).toEqual([[200, 300], 3]);
      await store.setDeleted("ada", "t_2", 8, 8);
      await store.purgeTickers(9, 10);
      expect(await taken()).toEqual([[300], 2]);
    });

    test("the bin ends what was queued, and says so", async () => {
      await create(tickerOf("t_1"));
      await begin(claimOf("t_1", 1000, { queueMax: 1 }));
      await begin(claimOf("t_1", 2000, { queueMax: 1 }));
      const gone = await store.setDeleted("ada", "t_1", 2500, 2500);
      expect(gone).toMatchObject({
        entry: { ticker: { deletedAt: 2500 }, status: { queued: [], active: [{ number: 1 }] } },
        ended: [{ run: { number: 2, outcome: "killed" }, events: [{ kind: "finished" }] }],
      });
      expect(await store.setDeleted("ada", "t_1", 2600, 2600)).toMatchObject({ ended: [] });
    });

    test("a run under way keeps its ticker in the bin until it is over", async () => {
      await create(tickerOf("t_1"));
      const run = await begin(byHand("t_1", 950));
      await store.setDeleted("ada", "t_1", 960, 960);
      expect(await store.purgeTickers(2000, 10)).toBe(0);
      expect(await store.finishRun(finishOf(run, 3000))).toMatchObject({ ok: true });
      expect(await store.purgeTickers(2000, 10)).toBe(1);
    });

    test("lists go by page and then id, a piece at a time", async () => {
      for (const [id, page] of [
        ["t_1", null],
        ["t_2", 300],
        ["t_3", 200],
        ["t_4", null],
      ] as const)
        await create(tickerOf(id, { page }));
      const ask = { limit: 3, deleted: false, tag: null };
      const first = await store.listTickers("ada", { ...ask, cursor: null });
      expect(first.items.map(({ ticker }) => ticker.id)).toEqual(["t_3", "t_2", "t_1"]);
      const second = await store.listTickers("ada", { ...ask, cursor: first.next });
      expect(second).toMatchObject({ items: [{ ticker: { id: "t_4" } }], next: null });
    });

    test("retention has two budgets, and a run under way is not pruned", async () => {
      await create(tickerOf("t_1", { retention: { runs: 2, failures: 1 } }));
      const outcomes = ["failed", "failed", "succeeded", "succeeded", "succeeded"] as const;
      for (const [index, outcome] of outcomes.entries()) {
        const run = await begin(claimOf("t_1", 1000 * (index + 1)));
        await store.appendEvents(run.id, 1, 1, [output(run.dueAt, "early")]);
        await store.finishRun(finishOf({ ...run, seq: 1 }, run.dueAt + 10, { outcome }));
      }
      const numbers = async () => {
        const ask = { before: null, limit: 10, failed: false };
        return (await store.listRuns("ada", "t_1", ask)).map(({ number }) => number);
      };
      expect(await store.prune(1)).toBe(1);
      expect(await store.prune(10)).toBe(1);
      expect(await store.prune(10)).toBe(0);
      expect(await numbers()).toEqual([5, 4, 2]);
      expect(await store.readEvents("ada", "t_1", 3, 1, 10)).toEqual([]);
      expect(await store.readEvents("ada", "t_1", 2, 1, 10)).toHaveLength(4);
      await begin(claimOf("t_1", 6000));
      for (const at of [6100, 6200, 6300]) {
        const happenings: Happening[] = [
          { at, kind: "finished", outcome: "succeeded", error: null, durationMs: 0 },
        ];
        const told = { id: `t_1.${at}o`, owner: "ada", tickerId: "t_1", at, happenings };
        const rest = { lastLine: "x", metrics: {}, progress: null, outputBytes: 1 };
        await store.recordRun({ ...told, ...rest, droppedBytes: 0 });
      }
      expect(await store.prune(10)).toBe(2);
      expect(await numbers()).toEqual([9, 8, 7, 6, 2]);
    });

    test("somebody else's runs, events and tickers look absent", async () => {
      await create(tickerOf("t_1"));
      await begin(claimOf("t_1", 1000));
      expect(await store.readRun("bob", "t_1", 1)).toBeNull();
      expect(await store.readEvents("bob", "t_1", 1, 1, 10)).toEqual([]);
      const ask = { before: null, limit: 10, failed: false };
      expect(await store.listRuns("bob", "t_1", ask)).toEqual([]);
      expect(await store.setDeleted("bob", "t_1", 5, 5)).toBeNull();
      expect(await store.openRuns("bob", 10)).toEqual([]);
      expect(await store.counts("bob")).toMatchObject({ tickers: 0, running: 0 });
    });

    test("a credential that counts once is given to one caller", async () => {
      const credential = {
        ...{ id: "c_1", kind: "link" as const, owner: "ada", name: "", hash: "h" },
        ...{ scopes: [], createdAt: 0, expiresAt: 100, lastUsedAt: null },
      };
      await store.addCredential(credential);
      expect(await store.useCredential("h", ["link"], 100, true)).toBeNull();
      expect(await store.useCredential("h", ["token"], 50, true)).toBeNull();
      const uses = [1, 2].map(() => store.useCredential("h", ["link"], 50, true));
      const used = await Promise.all(uses);
      expect(used.filter((each) => each !== null)).toEqual([{ ...credential, lastUsedAt: 50 }]);
    });
  });
}
