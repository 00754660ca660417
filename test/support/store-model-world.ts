// What the model of the store keeps (arrays, searched from the start) and what its verbs do to it in common.

import type { Event, Happening } from "@ticker/core/event";
import type { Run } from "@ticker/core/run";
import type { Status } from "@ticker/core/status";
import type { Claim, Entry, Tally } from "@ticker/core/store";
import type { Ticker } from "@ticker/core/ticker";

export type Item = { ticker: Ticker; status: Status; kept: Map<string, string> };
export type Recorded = { run: Run; events: Event[] };
export type Lease = { holder: string; untilAt: number };

export const FAILURES = [
  "failed",
  "timed-out",
  "cpu-limit",
  "out-of-memory",
  "output-limit",
  "host-call-limit",
  "interrupted",
];
export const copy = <T>(value: T): T => structuredClone(value);
export const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export type World = ReturnType<typeof makeWorld>;

/** An empty store's contents, with what the verbs have in common. */
export function makeWorld() {
  const all = {
    items: [] as Item[],
    records: [] as Recorded[],
    minutes: [] as (Tally & { owner: string })[],
  };

  const item = (id: string) => all.items.find((each) => each.ticker.id === id);
  const owned = (owner: string, id: string) =>
    all.items.find((each) => each.ticker.id === id && each.ticker.owner === owner);
  const live = (owner: string, id: string) => {
    const found = owned(owner, id);
    return found && found.ticker.deletedAt === null ? found : undefined;
  };
  const record = (id: string) => all.records.find((each) => each.run.id === id);
  const openRecords = () => all.records.filter((each) => each.run.state !== "finished");
  const entry = (found: Item): Entry => copy({ ticker: found.ticker, status: found.status });

  function tally(owner: string, at: number, outcome: string, count: number): void {
    const kind = FAILURES.includes(outcome) ? "failed" : outcome;
    if (kind === "killed") return;
    const minuteAt = at - (at % 60_000);
    let minute = all.minutes.find((each) => each.owner === owner && each.minuteAt === minuteAt);
    if (!minute) {
      minute = { owner, minuteAt, succeeded: 0, failed: 0, skipped: 0, missed: 0 };
      all.minutes.push(minute);
    }
    minute[kind as "succeeded"] += count;
  }

  function add(found: Item, id: string, dueAt: number, trigger: Run["trigger"]): Recorded {
    found.status.runNumber += 1;
    const { ticker, status } = found;
    const recorded: Recorded = {
      run: {
        id,
        tickerId: ticker.id,
        owner: ticker.owner,
        number: status.runNumber,
        revision: ticker.revision,
        trigger,
        dueAt,
        dueUntilAt: dueAt,
        count: 1,
        state: "finished",
        attempt: 0,
        lease: null,
        retryAt: null,
        killAskedAt: null,
        startedAt: null,
        finishedAt: null,
        lateMs: null,
        cpuMs: null,
        outcome: null,
        reason: null,
        error: null,
        seq: 0,
        outputBytes: 0,
        droppedBytes: 0,
        metrics: {},
        progress: null,
        lastLine: null,
      },
      events: [],
    };
    all.records.push(recorded);
    return recorded;
  }

  function happen(recorded: Recorded, happenings: Happening[]): Event[] {
    const added = happenings.map((each) => {
      recorded.run.seq += 1;
      return { seq: recorded.run.seq, ...copy(each) };
    });
    recorded.events.push(...added);
    return copy(added);
  }

  function pass(found: Item, unrun: NonNullable<Claim["unrun"]>, at: number): Run {
    const { status } = found;
    let recorded = status.openRecord ? record(status.openRecord.runId) : undefined;
    if (recorded && recorded.run.reason === unrun.reason) {
      recorded.run.count += unrun.count;
    } else {
      const id = `${found.ticker.id}.${unrun.fromAt}r${status.runNumber + 1}`;
      recorded = add(found, id, unrun.fromAt, "schedule");
      recorded.run.count = unrun.count;
      recorded.run.outcome = unrun.kind;
      recorded.run.reason = unrun.reason;
      status.openRecord = { runId: id, reason: unrun.reason };
    }
    const { run } = recorded;
    run.dueUntilAt = unrun.untilAt;
    run.finishedAt = at;
    run.seq += 1;
    const { count, dueUntilAt, seq } = run;
    recorded.events = [
      { seq, at, kind: unrun.kind, reason: unrun.reason, count, dueUntilAt } as Event,
    ];
    tally(run.owner, at, unrun.kind, unrun.count);
    return run;
  }

  function stop(found: Item, reason: Status["stopReason"]): void {
    if (found.status.state === "stopped") return;
    found.status.state = "stopped";
    found.status.stopReason = reason;
    found.status.nextDueAt = null;
  }

  function kill(recorded: Recorded, at: number): { run: Run; events: Event[] } {
    const { run } = recorded;
    run.state = "finished";
    run.outcome = "killed";
    run.finishedAt = at;
    run.retryAt = null;
    run.killAskedAt ??= at;
    const events = happen(recorded, [
      { at, kind: "finished", outcome: "killed", error: null, durationMs: 0 },
    ]);
    return { run: copy(run), events };
  }

  function killQueue(found: Item, at: number): { run: Run; events: Event[] }[] {
    const queued = found.status.queued;
    found.status.queued = [];
    return queued.map(({ runId }) => kill(record(runId) as Recorded, at));
  }

  function ended(run: Run): void {
    const { status } = item(run.tickerId) as Item;
    if (run.outcome === "succeeded") status.failuresInRow = 0;
    if (FAILURES.includes(run.outcome as string)) status.failuresInRow += 1;
    if (status.lastRunNumber === null || status.lastRunNumber <= run.number) {
      status.lastRunNumber = run.number;
      status.lastOutcome = run.outcome;
      status.lastFinishedAt = run.finishedAt;
    }
  }

  function after(
    recorded: Recorded,
    then: { lease: Lease; nextDueAt?: number | null; done: boolean; stopAfterFailures: number },
    at: number,
  ) {
    const found = item(recorded.run.tickerId) as Item;
    const { status } = found;
    status.active = status.active.filter(({ runId }) => runId !== recorded.run.id);
    ended(recorded.run);
    let dropped: { run: Run; events: Event[] }[] = [];
    if (then.stopAfterFailures > 0 && status.failuresInRow >= then.stopAfterFailures) {
      if (status.state === "started") dropped = killQueue(found, at);
      stop(found, "failures");
    }
    const turn = status.active.length === 0 ? status.queued.shift() : undefined;
    const next = turn ? (record(turn.runId) as Recorded).run : null;
    if (turn && next) {
      status.active.push(turn);
      next.state = "running";
      next.revision = found.ticker.revision;
      next.attempt = 1;
      next.lease = copy(then.lease);
    }
    if (status.state === "started" && status.nextDueAt === null) {
      if (then.nextDueAt !== undefined) status.nextDueAt = then.nextDueAt;
      if (then.done && status.active.length === 0 && status.nextDueAt === null) stop(found, "done");
    }
    return { next: copy(next), ended: dropped };
  }

  return {
    all,
    item,
    owned,
    live,
    record,
    openRecords,
    entry,
    tally,
    add,
    happen,
    pass,
    stop,
    kill,
    killQueue,
    ended,
    after,
  };
}
