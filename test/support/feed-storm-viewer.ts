// One who watches one ticker through all of a storm: keeps what it was shown, and complains of what is doubled,
// out of order, or missing without a word.

import { isDeepStrictEqual } from "node:util";
import type { Event } from "@ticker/core/event";
import type { ServerMessage } from "@ticker/core/protocol";
import type { StormRecord } from "./feed-storm.ts";

export type StormViewer = ReturnType<typeof makeStormViewer>;

export function makeStormViewer(tickerId: string, name: string, fault: (what: string) => void) {
  const seen = new Map<number, { seq: number; events: Event[] }>();
  const gaps: { from: number; to: number }[] = [];
  let cursor = "0";
  let isLive = false;
  let reached = 0;
  let wake = (): void => {};

  function hearEvents(message: Extract<ServerMessage, { type: "events" }>): void {
    const { run, from, to, events } = message;
    const known = seen.get(run) ?? { seq: 0, events: [] };
    seen.set(run, known);
    if (from !== known.seq + 1) fault(`${name} run ${run}: ${from}..${to} came after ${known.seq}`);
    const last = events.at(-1);
    const isRecord = last?.kind === "skipped" || last?.kind === "missed";
    const dense = events.every((event, i) => event.seq === (isRecord ? to : from + i));
    if (!dense || last?.seq !== to) fault(`${name} run ${run}: ${from}..${to} holds other events`);
    if (gaps.some((gap) => gap.from <= run && run <= gap.to))
      fault(`${name} run ${run}: events ${from}..${to} came after it was said to be gone`);
    known.seq = to;
    // A record's newest event says all that the earlier ones said.
    known.events = isRecord ? events : [...known.events, ...events];
    reached = Math.max(reached, run);
  }

  return {
    tickerId,
    gaps,
    cursor: () => cursor,
    events: () => [...seen.values()].reduce((sum, { seq }) => sum + seq, 0),
    begin(): void {
      isLive = false;
    },
    hear(message: ServerMessage): void {
      if (message.type === "events") hearEvents(message);
      if (message.type === "gap") {
        gaps.push({ from: message.fromRun ?? 0, to: message.toRun ?? 0 });
        reached = Math.max(reached, message.toRun ?? 0);
      }
      if (message.type === "live") isLive = true;
      if ("cursor" in message) cursor = message.cursor;
      wake();
    },
    /** Resolves when it is live and has come to that run. */
    async reaches(run: number): Promise<void> {
      while (!isLive || reached < run) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    /** Against the records, newest first, when all is over. */
    compare(records: StormRecord[]): void {
      const stored = new Map(records.map((record) => [record.number, record]));
      for (let run = 1; run <= (records[0]?.number ?? 0); run++) {
        const known = seen.get(run);
        const record = stored.get(run);
        const isGone = gaps.some((gap) => gap.from <= run && run <= gap.to);
        const last = known?.events.at(-1)?.kind;
        const isRecord = last === "skipped" || last === "missed";
        // Of a record that is not read any more nobody knows whether it grew.
        if (isRecord && (!record || isGone)) continue;
        const isWhole = record
          ? isDeepStrictEqual(known?.events, record.events)
          : last === "finished";
        if (!isWhole && !isGone)
          fault(`${name} run ${run}: shown ${known?.seq ?? 0} events of ${record?.events.length}`);
        if (isWhole && isGone) fault(`${name} run ${run}: said to be gone, and was shown whole`);
      }
    },
  };
}
