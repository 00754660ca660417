// The store's verbs about due times and runs: claim, attempt, append, finish, kill. Each looks up what
// the transition needs, applies it, and writes what came out of it.

import type { DatabaseSync } from "node:sqlite";
import { assert } from "@ticker/core/error";
import type { Event } from "@ticker/core/event";
import { dueAtOfId, type Run } from "@ticker/core/run";
import type { ActiveRun, Status } from "@ticker/core/status";
import type { Finish, Store } from "@ticker/core/store";
import {
  announced,
  attempted,
  begun,
  decideClaim,
  decideFinish,
  killed,
  numbered,
  recordEvent,
  type Settled,
  settle,
  toldRun,
  unqueued,
} from "@ticker/core/transition";
import type { Group } from "./sqlite-commit.ts";
import type { EventRows } from "./sqlite-event.ts";
import type { Known, Memory, OpenRun } from "./sqlite-memory.ts";
import type { Writing } from "./sqlite-write.ts";

type RunVerbs = Pick<
  Store,
  "claim" | "startAttempt" | "renewLease" | "appendEvents" | "finishRun" | "askKill" | "recordRun"
>;

export function runVerbs(
  db: DatabaseSync,
  group: Group,
  memory: Memory,
  writing: Writing,
  events: EventRows,
): RunVerbs {
  const isThere = db.prepare("SELECT 1 FROM runs WHERE due_at = ? AND id = ?");
  const keepValue = db.prepare(
    "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (ticker, name) DO UPDATE SET value = excluded.value",
  );
  const dropValue = db.prepare("DELETE FROM kept WHERE ticker = ? AND name = ?");
  const markKill = db.prepare("UPDATE runs SET kill_asked_at = ? WHERE ticker = ? AND number = ?");
  const moveLease = db.prepare(
    "UPDATE runs SET lease_until_at = ? WHERE ticker = ? AND number = ?",
  );
  const moveSeq = db.prepare(
    "UPDATE runs SET seq = ?, started_at = ?, late_ms = ? WHERE ticker = ? AND number = ?",
  );

  /** Writes what a settlement says about other runs: the next one's turn, and the ends of those without one. */
  function follow(known: Known, settled: Settled, lease: Finish["lease"], at: number) {
    const ended = writing.killQueued(known, settled.dropped, at);
    if (settled.next === null) return { next: null, ended };
    const next = begun(queuedRun(settled.next), revisionNow(known), lease);
    writing.saveRun(known, next, []);
    return { next, ended };
  }

  /** An open run knows the definition it was made of, which may have been edited since. */
  const revisionNow = (known: Known): number =>
    (memory.knownByKey(known.key) ?? known).ticker.revision;

  function queuedRun({ runId }: ActiveRun): Run {
    const open = memory.open.get(runId);
    assert(open?.run.state === "queued", `run ${runId} stands in a queue but is not queued`);
    return open.run;
  }

  function keepState(known: Known, writes: Record<string, string | null>): void {
    for (const name in writes) {
      const value = writes[name] ?? null;
      if (value === null) dropValue.run(known.key, name);
      else {
        memory.stateless.delete(known.key);
        keepValue.run(known.key, name, value);
      }
    }
  }

  function held(runId: string, attempt: number): OpenRun | "fenced" | null {
    const open = memory.open.get(runId);
    if (!open) return null;
    const holds = open.run.state === "running" && open.run.attempt === attempt;
    return holds ? open : "fenced";
  }

  return {
    claim(claim) {
      return group.write("claim a due time", true, () => {
        const known = memory.knownById(claim.tickerId);
        if (!known || known.ticker.deletedAt !== null)
          return { claimed: false, why: "absent", run: null };
        const status = memory.status(known);
        const there = claim.run === null ? null : memory.runById(known, claim.run.id);
        if (there) {
          passOver(known, status, claim);
          return { claimed: false, why: "same-run", run: there };
        }
        const open = status.openRecord && memory.runById(known, status.openRecord.runId);
        const decided = decideClaim(status, claim, open);
        if (!decided.claimed) return { claimed: false, why: decided.why, run: null };
        const { run, records } = decided;
        writeRecords(known, status, records);
        if (run) writing.addRun(known, run, []);
        if (decided.status !== status) writing.saveStatus(known, decided.status);
        tallyRecords(records, open, claim.at);
        return { claimed: true, status: decided.status, run, record: records.at(-1) ?? null };
      });
    },

    startAttempt(runId, attempt, lease) {
      return group.write("start an attempt", true, () => {
        const open = memory.open.get(runId);
        if (open?.run.state !== "waiting" || open.run.attempt + 1 !== attempt) return null;
        const run = attempted(open.run, revisionNow(open.known), lease);
        writing.saveRun(open.known, run, []);
        return run;
      });
    },

    renewLease(runId, attempt, untilAt) {
      return group.write("renew a lease", false, () => {
        const open = held(runId, attempt);
        if (open === null || open === "fenced") return { ok: false, killAsked: false };
        const { run, known } = open;
        assert(run.lease, `running run ${runId} has no lease`);
        moveLease.run(untilAt, known.key, run.number);
        memory.noteRun(known, { ...run, lease: { ...run.lease, untilAt } });
        return { ok: true, killAsked: run.killAskedAt !== null };
      });
    },

    appendEvents(runId, attempt, fromSeq, happenings) {
      return group.write("append events", false, () => {
        const open = held(runId, attempt);
        if (open === null) return { ok: false, why: "over" };
        if (open === "fenced") return { ok: false, why: "fenced" };
        const { run, known } = open;
        const added = numbered(happenings, fromSeq - 1);
        if (fromSeq === run.seq + 1) {
          if (added.length === 0) return { ok: true, events: [] };
          events.addChunk(known.key, run.number, added);
          const seq = run.seq + added.length;
          const after = announced({ ...run, seq }, added);
          moveSeq.run(seq, after.startedAt, after.lateMs, known.key, run.number);
          memory.noteRun(known, after);
          return { ok: true, events: added };
        }
        if (fromSeq > run.seq + 1 || fromSeq < 1) return { ok: false, why: "gap" };
        const stored = events.read(known.key, run.number, fromSeq, added.length);
        const repeat = JSON.stringify(stored) === JSON.stringify(added);
        return repeat ? { ok: true, events: stored } : { ok: false, why: "gap" };
      });
    },

    finishRun(finish) {
      return group.write("finish a run", false, () => {
        const open = held(finish.runId, finish.attempt);
        if (open === "fenced") return { ok: false, why: "fenced" };
        if (open === null) {
          const over = isThere.get(dueAtOfId(finish.runId), finish.runId) !== undefined;
          return { ok: false, why: over ? "over" : "absent" };
        }
        const { known } = open;
        const before = memory.status(known);
        const decided = decideFinish(before, open.run, finish);
        const { run, status } = decided;
        if (run.state === "finished") {
          writing.saveRun(known, run, decided.events);
        } else {
          // Its own row's events belong to the end of the run; another attempt will write them.
          events.addChunk(known.key, run.number, decided.events);
          writing.saveRun(known, run, []);
        }
        keepState(known, finish.stateWrites);
        const { next, ended } = follow(known, decided, finish.lease, finish.at);
        if (status !== before) writing.saveStatus(known, status, before);
        if (run.state === "finished") memory.tally(run, finish.at, 1);
        return { ok: true, run, events: decided.events, status, next, ended };
      });
    },

    askKill(owner, runId, at, then) {
      return group.write("kill a run", true, () => {
        const open = memory.open.get(runId);
        if (open?.run.owner !== owner) return null;
        const { known, run } = open;
        if (run.state === "running") {
          const marked = { ...run, killAskedAt: run.killAskedAt ?? at };
          markKill.run(marked.killAskedAt, known.key, run.number);
          memory.noteRun(known, marked);
          return { run: marked, events: [], next: null };
        }
        const before = memory.status(known);
        const end = killed(run, at);
        const settled =
          run.state === "queued"
            ? { status: unqueued(before, runId), next: null, dropped: [] }
            : settle(before, end.run, { ...then, stopAfterFailures: 0 });
        writing.saveRun(known, end.run, end.events);
        const { next } = follow(known, settled, then.lease, at);
        writing.saveStatus(known, settled.status, before);
        return { ...end, next };
      });
    },

    recordRun(ask) {
      return group.write("record a run from outside", true, () => {
        const known = memory.owned(ask.owner, ask.tickerId);
        if (!known || known.ticker.deletedAt !== null) return null;
        const before = memory.status(known);
        const there = memory.runById(known, ask.id);
        if (there) {
          const stored = events.read(known.key, there.number, 1, there.seq);
          return { run: there, events: stored, status: before };
        }
        const told = toldRun(before, ask);
        writing.addRun(known, told.run, told.events);
        writing.saveStatus(known, told.status, before);
        memory.tally(told.run, ask.at, 1);
        return told;
      });
    },
  };

  /** The due time has its run already (a clock was set back over it): the schedule must still go on. */
  function passOver(known: Known, status: Status, claim: Parameters<Store["claim"]>[0]): void {
    if (claim.dueAt === null) return;
    const open = status.openRecord && memory.runById(known, status.openRecord.runId);
    const decided = decideClaim(status, { ...claim, run: null }, open);
    if (!decided.claimed) return;
    writeRecords(known, status, decided.records);
    writing.saveStatus(known, decided.status);
    tallyRecords(decided.records, open, claim.at);
  }

  function writeRecords(known: Known, before: Status, records: Run[]): void {
    for (const record of records) {
      const last: Event[] = [recordEvent(record)];
      if (record.number > before.runNumber) writing.addRun(known, record, last);
      else writing.saveRun(known, record, last);
    }
  }

  function tallyRecords(records: Run[], open: Run | null, at: number): void {
    for (const record of records) {
      const before = record.id === open?.id ? open.count : 0;
      memory.tally(record, at, record.count - before);
    }
  }
}
