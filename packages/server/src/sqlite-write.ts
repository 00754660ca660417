// Writing of runs and statuses, shared by the store's verbs: what changes is written, memory is told.

import type { DatabaseSync } from "node:sqlite";
import { assert } from "@ticker/core/error";
import type { Event } from "@ticker/core/event";
import { dueAtOfId, type Run } from "@ticker/core/run";
import type { ActiveRun, Status } from "@ticker/core/status";
import { killed } from "@ticker/core/transition";
import type { Known, Memory } from "./sqlite-memory.ts";
import {
  RUN_INSERT,
  RUN_UPDATE,
  runInsert,
  runUpdate,
  STATUS_UPDATE,
  STATUS_UPDATE_RUNS,
  statusRow,
  statusRuns,
} from "./sqlite-row.ts";

export type Writing = ReturnType<typeof makeWriting>;

export function makeWriting(db: DatabaseSync, memory: Memory) {
  const insertRun = db.prepare(RUN_INSERT);
  const updateRun = db.prepare(RUN_UPDATE);
  const updateStatus = db.prepare(STATUS_UPDATE);
  const updateStatusRuns = db.prepare(STATUS_UPDATE_RUNS);

  const jsonOf = (events: Event[]) => (events.length === 0 ? null : JSON.stringify(events));

  /** Writes a new run. `events` are kept in its own row. */
  function addRun(known: Known, run: Run, events: Event[]): void {
    assert(dueAtOfId(run.id) === run.dueAt, `run ${run.id} is due at ${run.dueAt}`);
    insertRun.run(...runInsert(known.key, run, jsonOf(events)));
    memory.noteRun(known, run);
  }

  /** Writes a run again. `events` replace those of its own row; none leaves them. */
  function saveRun(known: Known, run: Run, events: Event[]): void {
    updateRun.run(...runUpdate(known.key, run, jsonOf(events)));
    memory.noteRun(known, run);
  }

  /** Writes a status. `before`: the one it came from, to spare the index of due times when it can. */
  function saveStatus(known: Known, status: Status, before?: Status): void {
    const same =
      before?.state === status.state &&
      before.nextDueAt === status.nextDueAt &&
      before.revision === status.revision;
    if (same) updateStatusRuns.run(...statusRuns(known.key, status));
    else updateStatus.run(...statusRow(known.key, status));
    // Every new record and every end of a run comes by here. Below the budget nothing can be pruned.
    const { retention } = (memory.knownByKey(known.key) ?? known).ticker;
    if (status.runNumber > retention.runs) memory.grown.add(known.key);
  }

  /** Ends queued runs as killed; they never began. The status is the caller's to write. */
  function killQueued(known: Known, queued: ActiveRun[], at: number) {
    return queued.map(({ runId }) => {
      const open = memory.open.get(runId);
      assert(open, `queued run ${runId} is not open`);
      const end = killed(open.run, at);
      saveRun(known, end.run, end.events);
      return end;
    });
  }

  return { addRun, saveRun, saveStatus, killQueued };
}
