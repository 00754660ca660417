// When all is over: the books against everything that can be read from the store, and the viewers against both.

import { isDeepStrictEqual } from "node:util";
import type { Event } from "@ticker/core/event";
import type { Run } from "@ticker/core/run";
import type { Store } from "@ticker/core/store";
import type { Account, Booked, Ledger } from "./simulated-ledger.ts";
import { isFailed } from "./simulated-ledger.ts";
import { OWNER } from "./simulated-process.ts";
import type { Viewer } from "./simulated-viewer.ts";

type Fault = (rule: string, message: string, tickerId: string) => void;

export async function judgeQuiet(
  ask: {
    store: Store;
    ledger: Ledger;
    viewers: Viewer[];
    ran: ReadonlyMap<string, number>;
    /** Answers were lost, and with them what they would have told. */
    lossy: boolean;
  },
  fault: Fault,
): Promise<void> {
  const { store, ledger, viewers } = ask;
  const sums = { succeeded: 0, failed: 0, skipped: 0, missed: 0 };
  for (const account of ledger.accounts.values()) {
    const runs = await allRuns(store, account.ticker.id);
    judgeRecords(account, runs, fault);
    for (const run of runs) judgeRevision(run, ask.ran.get(run.id), fault);
    const events = new Map<number, Event[]>();
    for (const run of runs) {
      events.set(run.number, await store.readEvents(OWNER, run.tickerId, run.number, 1, 100_000));
      judgeEvents(run, events.get(run.number) as Event[], fault);
      const { outcome, count } = run;
      if (outcome === "succeeded" || outcome === "skipped" || outcome === "missed")
        sums[outcome] += count;
      else if (outcome !== null && isFailed(outcome)) sums.failed += count;
    }
    const viewer = viewers.find(({ tickerId }) => tickerId === account.ticker.id);
    if (viewer?.live()) judgeViewer(viewer, runs, events, ask.lossy, fault);
    await judgeStatus(store, account, fault);
  }
  const tallies = await store.tallies(OWNER, 0);
  for (const kind of ["succeeded", "failed", "skipped", "missed"] as const) {
    const told = tallies.reduce((sum, minute) => sum + minute[kind], 0);
    if (told !== sums[kind])
      fault("counts equal records", `${told} ${kind} in tallies, ${sums[kind]} in records`, "");
  }
  const counts = await store.counts(OWNER);
  const { running, queued, waiting } = counts;
  if (running + queued + waiting > 0)
    fault("everything ends", `${running} running, ${queued} queued, ${waiting} waiting`, "");
}

async function allRuns(store: Store, tickerId: string): Promise<Run[]> {
  const found: Run[] = [];
  for (let before: number | null = null; ; ) {
    const page: Run[] = await store.listRuns(OWNER, tickerId, {
      before,
      limit: 1_000,
      failed: false,
    });
    found.push(...page);
    if (page.length < 1_000) return found.reverse();
    before = page.at(-1)?.number ?? null;
  }
}

const asBooked = (run: Run): Partial<Booked> => {
  const { id, trigger, dueAt, dueUntilAt: untilAt, count, state, outcome, reason } = run;
  return { id, trigger, dueAt, untilAt, count, state, outcome, reason };
};

function judgeRecords({ ticker, booked }: Account, runs: Run[], fault: Fault): void {
  if (runs.length !== booked.length)
    fault(
      "every due time in exactly one record",
      `${runs.length} records, ${booked.length} booked`,
      ticker.id,
    );
  for (const [index, run] of runs.entries()) {
    const book = booked[index];
    if (book === undefined) return;
    const { id, trigger, dueAt, untilAt, count, state, outcome, reason } = book;
    const right = { id, trigger, dueAt, untilAt, count, state, outcome, reason };
    const stored = asBooked(run);
    if (run.number === index + 1 && isDeepStrictEqual(stored, right)) continue;
    const both = `${JSON.stringify(stored)} is stored; booked ${JSON.stringify(right)}`;
    fault("records say what happened", both, ticker.id);
  }
}

function judgeRevision(run: Run, ran: number | undefined, fault: Fault): void {
  // An attempt that was cut short may have been given a newer text than its record could say.
  if (ran === undefined || run.outcome === "interrupted" || run.outcome === "killed") return;
  if (run.revision === ran) return;
  fault(
    "records say what happened",
    `${run.id} ran revision ${ran}, not ${run.revision}`,
    run.tickerId,
  );
}

/** Dense, one start and one end for each attempt, nothing after the end. */
function judgeEvents(run: Run, events: Event[], fault: Fault): void {
  const wrong = (what: string): void =>
    fault(
      "events of a run are in order",
      `${run.id}: ${what}: ${events
        .map((e) => `${e.seq} ${e.kind}`)
        .join(", ")
        .slice(0, 300)}`,
      run.tickerId,
    );
  if (run.outcome === "skipped" || run.outcome === "missed") {
    const [only] = events;
    const says =
      only?.kind === run.outcome && only.count === run.count && only.dueUntilAt === run.dueUntilAt;
    if (events.length !== 1 || !says || only?.seq !== run.seq) wrong("a record's one event");
    return;
  }
  if (events.some((event, index) => event.seq !== index + 1)) wrong("a number is missing");
  if ((events.at(-1)?.seq ?? 0) !== run.seq) wrong(`run.seq is ${run.seq}`);
  let attempt = run.trigger === "outside" || run.attempt > 0 ? 1 : 0;
  let started = false;
  let over = false;
  for (const event of events) {
    if (over) wrong("something after the end");
    if (event.kind === "started") {
      if (started || event.attempt !== attempt)
        wrong(`attempt ${attempt} starts twice or as ${event.attempt}`);
      started = true;
    } else if (event.kind === "retry") {
      if (event.attempt !== attempt) wrong(`attempt ${attempt} ends as ${event.attempt}`);
      attempt++;
      started = false;
    } else if (event.kind === "finished") {
      over = true;
      if (event.outcome !== run.outcome)
        wrong(`ends ${event.outcome}; the record says ${run.outcome}`);
    }
  }
  if (over !== (run.state === "finished")) wrong(`the run is ${run.state}`);
  const last =
    run.state === "waiting" || (over && run.attempt === attempt - 1) ? attempt - 1 : attempt;
  if (run.attempt !== last && run.trigger !== "outside")
    wrong(`${run.attempt} attempts are recorded`);
}

/** What the viewer has is what is stored, but for gaps that were said. */
function judgeViewer(
  viewer: Viewer,
  runs: Run[],
  events: Map<number, Event[]>,
  lossy: boolean,
  fault: Fault,
): void {
  const rule = "the feed's replay equals the stored events";
  for (const run of runs) {
    const seen = viewer.seen.get(run.number);
    const told = viewer.gaps.some(({ from, to }) => run.number >= from && run.number <= to);
    const stored = events.get(run.number) ?? [];
    if (told) continue;
    // What follows from a lost answer is told to nobody live; who connects anew reads it.
    const shown = seen?.events ?? [];
    if (lossy && isDeepStrictEqual(shown, stored.slice(0, shown.length))) continue;
    const { tickerId } = run;
    if (seen === undefined) fault(rule, `run ${run.number} was never shown`, tickerId);
    else if (run.outcome === "skipped" || run.outcome === "missed") {
      // The last growth of a record whose telling was lost shows in nothing that follows.
      const earlier = lossy && seen.events.at(-1)?.kind === run.outcome && seen.seq < run.seq;
      if (!earlier && !isDeepStrictEqual(seen.events.at(-1), stored[0]))
        fault(
          rule,
          `record ${run.number}: ${JSON.stringify(seen.events.at(-1))} was shown`,
          tickerId,
        );
    } else if (!isDeepStrictEqual(seen.events, stored)) {
      const at = stored.findIndex((event, index) => !isDeepStrictEqual(event, seen.events[index]));
      const both = `${JSON.stringify(seen.events[at])} was shown, ${JSON.stringify(stored[at])} is stored`;
      fault(
        rule,
        `run ${run.number}, ${seen.events.length} of ${stored.length}: ${both}`,
        tickerId,
      );
    }
  }
}

async function judgeStatus(store: Store, account: Account, fault: Fault): Promise<void> {
  const entry = await store.readTicker(OWNER, { id: account.ticker.id }, true);
  const { ticker } = account;
  if (entry === null) {
    fault("what was acknowledged stays", `ticker ${ticker.name} is gone`, ticker.id);
    return;
  }
  const { state, nextDueAt, anchorAt, runNumber, failuresInRow, active, queued } = entry.status;
  const stored = {
    state,
    nextDueAt,
    anchorAt,
    runNumber,
    failuresInRow,
    active: active.map((a) => a.runId),
    queued: queued.map((a) => a.runId),
  };
  const right = {
    ...{ state: account.state, nextDueAt: account.nextDueAt, anchorAt: account.anchorAt },
    ...{ runNumber: account.booked.length, failuresInRow: account.failuresInRow },
    ...{ active: account.active, queued: account.queued },
  };
  if (!isDeepStrictEqual(stored, right))
    fault(
      "counts equal records",
      `status ${JSON.stringify(stored)}; booked ${JSON.stringify(right)}`,
      ticker.id,
    );
  const succeeded = account.booked.filter(
    (b) => b.outcome === "succeeded" && b.trigger !== "outside",
  );
  const kept = Number((await store.readState(ticker.id)).count ?? "0");
  if (kept !== succeeded.length)
    fault(
      "state and outcome in one commit",
      `${kept} kept of ${succeeded.length} successes`,
      ticker.id,
    );
}
