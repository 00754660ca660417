// The model's verbs about due times and runs.

import type { Event, Happening } from "@ticker/core/event";
import type { Run } from "@ticker/core/run";
import type { Claim, Claimed, Finished, Store } from "@ticker/core/store";
import {
  copy,
  FAILURES,
  type Item,
  type Lease,
  order,
  type Recorded,
  type World,
} from "./store-model-world.ts";

/** Claim, attempt, append, finish, kill, read, prune. */
export function modelRuns(world: World): Partial<Store> {
  const {
    all,
    item,
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
    ended,
    after,
  } = world;

  function claim(ask: Claim): Claimed {
    const lost = (why: "not-due" | "stopped" | "edited" | "absent"): Claimed => ({
      claimed: false,
      why,
      run: null,
    });
    const found = item(ask.tickerId);
    if (!found || found.ticker.deletedAt !== null) return lost("absent");
    const { status } = found;
    const same = ask.run && record(ask.run.id);
    if (same && ask.dueAt === null) return { claimed: false, why: "same-run", run: copy(same.run) };
    const valid =
      status.revision === ask.revision &&
      (ask.dueAt === null || (status.state === "started" && status.nextDueAt === ask.dueAt));
    if (same) {
      const run = copy(same.run);
      if (valid) {
        status.nextDueAt = ask.nextDueAt;
        if (ask.done) stop(found, "done");
        if (ask.unrun) pass(found, ask.unrun, ask.at);
      }
      return { claimed: false, why: "same-run", run };
    }
    if (ask.dueAt !== null && status.state === "stopped") return lost("stopped");
    if (status.revision !== ask.revision) return lost("edited");
    if (!valid) return lost("not-due");
    const busy = status.active.length > 0;
    let reason: "still-running" | "queue-full" | null = null;
    if (ask.run && busy && ask.queueMax === 0) reason = "still-running";
    else if (ask.run && busy && status.queued.length >= ask.queueMax) reason = "queue-full";
    if (ask.dueAt === null && reason)
      return { claimed: true, status: copy(status), run: null, record: null };
    if (ask.dueAt !== null) {
      status.nextDueAt = ask.nextDueAt;
      if (ask.done) stop(found, "done");
    }
    let newest: Run | null = null;
    if (ask.unrun) newest = pass(found, ask.unrun, ask.at);
    if (ask.run && reason) {
      const { dueAt } = ask.run;
      const own = { kind: "skipped" as const, reason, fromAt: dueAt, untilAt: dueAt, count: 1 };
      const alike = newest?.reason === reason;
      newest = pass(found, own, ask.at);
      if (alike) {
        // One step for the reader: the two were one range, so they are one event.
        newest.seq -= 1;
        for (const event of (record(newest.id) as Recorded).events) event.seq -= 1;
      }
    }
    let run: Run | null = null;
    if (ask.run && !reason) {
      run = add(found, ask.run.id, ask.run.dueAt, ask.run.trigger).run;
      run.state = busy ? "queued" : "running";
      if (!busy) {
        run.attempt = 1;
        run.lease = copy(ask.lease);
      }
      const place = { runId: run.id, number: run.number, dueAt: run.dueAt };
      (busy ? status.queued : status.active).push(place);
      status.openRecord = null;
    }
    return copy({ claimed: true, status, run, record: newest });
  }

  return {
    async dueTickers(until, limit) {
      return all.items
        .filter(({ status }) => status.state === "started" && status.nextDueAt !== null)
        .filter(({ status }) => (status.nextDueAt as number) <= until)
        .sort((a, b) => (a.status.nextDueAt as number) - (b.status.nextDueAt as number))
        .slice(0, limit)
        .map(entry);
    },
    async dueRetries(until, limit) {
      return openRecords()
        .map(({ run }) => copy(run))
        .filter((run) => run.state === "waiting" && (run.retryAt as number) <= until)
        .sort((a, b) => (a.retryAt as number) - (b.retryAt as number) || order(a.id, b.id))
        .slice(0, limit);
    },
    async nextWakeAt() {
      const due = all.items.filter(({ status }) => status.state === "started");
      const instants = [
        ...due.map(({ status }) => status.nextDueAt),
        ...openRecords().map(({ run }) => run.retryAt),
      ].filter((at) => at !== null);
      return instants.length === 0 ? null : Math.min(...instants);
    },
    claim: async (ask) => claim(ask),
    async startAttempt(runId, attempt, lease) {
      const run = record(runId)?.run;
      if (run?.state !== "waiting" || run.attempt !== attempt - 1) return null;
      run.state = "running";
      run.revision = (item(run.tickerId) as Item).ticker.revision;
      run.attempt = attempt;
      run.lease = copy(lease);
      run.retryAt = null;
      run.startedAt = null;
      return copy(run);
    },
    async renewLease(runId, attempt, untilAt) {
      const run = record(runId)?.run;
      if (run?.state !== "running" || run.attempt !== attempt || !run.lease)
        return { ok: false, killAsked: false };
      run.lease.untilAt = untilAt;
      return { ok: true, killAsked: run.killAskedAt !== null };
    },
    async appendEvents(runId, attempt, fromSeq, happenings) {
      const recorded = record(runId);
      if (!recorded || recorded.run.state === "finished") return { ok: false, why: "over" };
      const { run } = recorded;
      if (run.state !== "running" || run.attempt !== attempt) return { ok: false, why: "fenced" };
      if (fromSeq === run.seq + 1) {
        const events = happen(recorded, happenings);
        for (const event of events) {
          if (event.kind !== "started") continue;
          run.startedAt = event.at;
          if (run.lateMs === null && run.trigger === "schedule") run.lateMs = event.lateMs;
        }
        return { ok: true, events };
      }
      const again = happenings.map((each, index) => ({ seq: fromSeq + index, ...each }));
      const stored = recorded.events.filter(
        ({ seq }) => seq >= fromSeq && seq < fromSeq + happenings.length,
      );
      const repeat =
        fromSeq >= 1 && fromSeq <= run.seq && JSON.stringify(stored) === JSON.stringify(again);
      return repeat ? { ok: true, events: copy(stored) } : { ok: false, why: "gap" };
    },
    async finishRun(finish): Promise<Finished> {
      const recorded = record(finish.runId);
      if (!recorded) return { ok: false, why: "absent" };
      const { run } = recorded;
      if (run.state === "finished") return { ok: false, why: "over" };
      if (run.state !== "running" || run.attempt !== finish.attempt)
        return { ok: false, why: "fenced" };
      const found = item(run.tickerId) as Item;
      const happenings = copy(finish.happenings);
      const killedNow = finish.retryAt !== null && run.killAskedAt !== null;
      if (killedNow) {
        const { at } = happenings.pop() as Happening;
        const durationMs = finish.startedAt === null ? 0 : finish.at - finish.startedAt;
        happenings.push({ at, kind: "finished", outcome: "killed", error: null, durationMs });
      }
      const events = happen(recorded, happenings);
      run.lease = null;
      run.revision = finish.revision;
      run.startedAt = finish.startedAt;
      if (run.lateMs === null) run.lateMs = finish.lateMs;
      run.cpuMs = finish.cpuMs;
      run.outputBytes = finish.outputBytes;
      run.droppedBytes = finish.droppedBytes;
      run.metrics = copy(finish.metrics);
      run.progress = finish.progress;
      run.lastLine = finish.lastLine;
      for (const [name, value] of Object.entries(finish.stateWrites)) {
        if (value === null) found.kept.delete(name);
        else found.kept.set(name, value);
      }
      if (finish.retryAt !== null && !killedNow) {
        run.state = "waiting";
        run.retryAt = finish.retryAt;
        const status = copy(found.status);
        return { ok: true, run: copy(run), events, status, next: null, ended: [] };
      }
      run.state = "finished";
      run.finishedAt = finish.at;
      run.outcome = killedNow ? "killed" : finish.outcome;
      run.error = killedNow ? null : copy(finish.error);
      tally(run.owner, finish.at, run.outcome, 1);
      const follow = after(recorded, finish, finish.at);
      return { ok: true, run: copy(run), events, status: copy(found.status), ...follow };
    },
    async askKill(owner, runId, at, then) {
      const recorded = record(runId);
      if (!recorded || recorded.run.owner !== owner || recorded.run.state === "finished")
        return null;
      const { run } = recorded;
      const { status } = item(run.tickerId) as Item;
      if (run.state === "running") {
        run.killAskedAt ??= at;
        return { run: copy(run), events: [], next: null };
      }
      const waiting = run.state === "waiting";
      const end = kill(recorded, at);
      status.queued = status.queued.filter((each) => each.runId !== runId);
      if (!waiting) return { ...end, next: null };
      const { next } = after(recorded, { ...then, stopAfterFailures: 0 }, at);
      return { ...end, next };
    },
    async lostRuns({ leaseBefore, notHolder, limit }) {
      return openRecords()
        .map(({ run }) => copy(run))
        .filter(({ lease }) => lease !== null)
        .filter(({ lease: held }) => {
          const lease = held as Lease;
          return lease.untilAt < leaseBefore || (notHolder !== null && lease.holder !== notHolder);
        })
        .sort(
          (a, b) => (a.lease as Lease).untilAt - (b.lease as Lease).untilAt || order(a.id, b.id),
        )
        .slice(0, limit);
    },
    async openRuns(owner, limit) {
      return openRecords()
        .map(({ run }) => copy(run))
        .filter((run) => owner === null || run.owner === owner)
        .sort((a, b) => b.dueAt - a.dueAt || order(b.id, a.id))
        .slice(0, limit);
    },
    async recordRun(ask) {
      const found = live(ask.owner, ask.tickerId);
      if (!found) return null;
      const there = record(ask.id);
      if (there) return copy({ ...there, status: found.status });
      const recorded = add(found, ask.id, ask.at, "outside");
      const { run } = recorded;
      const events = happen(recorded, ask.happenings);
      const last = events.at(-1) as Extract<Event, { kind: "finished" }>;
      run.attempt = 1;
      run.startedAt = ask.at;
      run.finishedAt = ask.at;
      run.outcome = last.outcome;
      run.error = last.error;
      run.lastLine = ask.lastLine;
      run.metrics = copy(ask.metrics);
      run.progress = ask.progress;
      run.outputBytes = ask.outputBytes;
      run.droppedBytes = ask.droppedBytes;
      found.status.openRecord = null;
      ended(run);
      tally(run.owner, ask.at, last.outcome, 1);
      return copy({ run, events, status: found.status });
    },
    async readRun(owner, tickerId, number) {
      const found = all.records.find(
        ({ run }) => run.owner === owner && run.tickerId === tickerId && run.number === number,
      );
      return found ? copy(found.run) : null;
    },
    async listRuns(owner, tickerId, { before, limit, failed }) {
      return all.records
        .map(({ run }) => copy(run))
        .filter((run) => run.owner === owner && run.tickerId === tickerId)
        .filter((run) => before === null || run.number < before)
        .filter((run) => !failed || FAILURES.includes(run.outcome as string))
        .sort((a, b) => b.number - a.number)
        .slice(0, limit);
    },
    async readEvents(owner, tickerId, number, fromSeq, limit) {
      const found = all.records.find(
        ({ run }) => run.owner === owner && run.tickerId === tickerId && run.number === number,
      );
      return copy((found?.events ?? []).filter(({ seq }) => seq >= fromSeq).slice(0, limit));
    },
    async tallies(owner, sinceAt) {
      return all.minutes
        .filter((each) => each.owner === owner && each.minuteAt >= sinceAt)
        .sort((a, b) => a.minuteAt - b.minuteAt)
        .map(({ owner: _owner, ...rest }) => rest);
    },
    async counts(owner) {
      const mine = all.items.filter(
        ({ ticker }) => ticker.deletedAt === null && (owner === null || ticker.owner === owner),
      );
      const states = openRecords()
        .filter(({ run }) => owner === null || run.owner === owner)
        .map(({ run }) => run.state);
      return {
        tickers: mine.length,
        started: mine.filter(({ status }) => status.state === "started").length,
        running: states.filter((state) => state === "running").length,
        queued: states.filter((state) => state === "queued").length,
        waiting: states.filter((state) => state === "waiting").length,
      };
    },
    async readState(tickerId) {
      return Object.fromEntries(item(tickerId)?.kept ?? []);
    },
    async prune(limit) {
      const doomed: Recorded[] = [];
      for (const { ticker, status } of all.items) {
        const mine = all.records.filter(({ run }) => run.tickerId === ticker.id);
        mine.sort((a, b) => b.run.number - a.run.number);
        const failures = mine.filter(({ run }) => FAILURES.includes(run.outcome as string));
        const oldestOpen = mine.findLast(({ run }) => run.state !== "finished")?.run.number;
        doomed.push(
          ...mine
            .filter(({ run }) => run.number <= status.runNumber - ticker.retention.runs)
            .filter((each) => !failures.slice(0, ticker.retention.failures).includes(each))
            .filter(({ run }) => oldestOpen === undefined || run.number < oldestOpen),
        );
      }
      const gone = doomed.slice(0, limit);
      all.records = all.records.filter((each) => !gone.includes(each));
      return gone.length;
    },
  };
}
