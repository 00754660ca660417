// Where the events of runs lie: pieces appended while a run goes on are rows of `chunks`; those that come
// with its end are in the run's own row, so that a short run is one row in all.

import type { DatabaseSync } from "node:sqlite";
import type { Event } from "@ticker/core/event";

export type EventRows = ReturnType<typeof eventRows>;

export function eventRows(db: DatabaseSync) {
  const add = db.prepare("INSERT INTO chunks VALUES (?, ?, ?, ?)");
  // The piece that holds fromSeq is the last one that begins at or before it.
  const chunks = db.prepare(
    `SELECT events FROM chunks WHERE ticker = ?1 AND number = ?2 AND seq >= ifnull(
       (SELECT max(seq) FROM chunks WHERE ticker = ?1 AND number = ?2 AND seq <= ?3), 0)
     ORDER BY seq`,
  );
  const own = db.prepare("SELECT events FROM runs WHERE ticker = ? AND number = ?");

  return {
    /** `events` are not empty and follow those there are. */
    addChunk(ticker: number, number: number, events: Event[]): void {
      const first = events[0];
      if (first) add.run(ticker, number, first.seq, JSON.stringify(events));
    },

    /** At most `limit` events of a run from `fromSeq` on, in order. */
    read(ticker: number, number: number, fromSeq: number, limit: number): Event[] {
      const found: Event[] = [];
      const take = (json: string | null) => {
        if (json === null) return;
        for (const event of JSON.parse(json) as Event[]) {
          if (event.seq >= fromSeq && found.length < limit) found.push(event);
        }
      };
      for (const row of chunks.iterate(ticker, number, fromSeq)) {
        take((row as { events: string }).events);
        if (found.length >= limit) return found;
      }
      take((own.get(ticker, number) as { events: string | null } | undefined)?.events ?? null);
      return found;
    },
  };
}
