// The "account" feed: every event of every ticker of an account. Replay is from memory, so it reaches back
// only so far and not beyond this process; what it cannot give is a gap. Each account's newest batches lie in
// one ring, and a slow reader is no more than a place in it.

import type { EventBatch } from "./event.ts";
import type { Subscription } from "./feed.ts";
import { keyed } from "./keyed.ts";
import type { ServerMessage } from "./protocol.ts";
import { eventsMessage, type Watcher } from "./subscription.ts";

/** A ring holds this many batches and this much text, whichever is less. */
const BATCHES_MAX = 5_000;
const CHARACTERS_MAX = 8_000_000;
const MESSAGES_PER_WRITE = 200;

/** `first`: the number of the oldest batch kept. */
type Ring = { first: number; batches: EventBatch[]; characters: number };
type Member = {
  watcher: Watcher;
  id: string;
  next: number;
  live: boolean;
  /** Told that its replay is over. */
  greeted: boolean;
};

export type AccountAsk = { id: string; owner: string; cursor: string | null };

export type AccountFeed = {
  publish(owner: string, batch: EventBatch): void;
  watch(ask: AccountAsk, watcher: Watcher): Subscription;
};

export function makeAccountFeed(
  epoch: string,
  count: { deliveries: number; gaps: number },
): AccountFeed {
  const rings = new Map<string, Ring>();
  const members = new Map<string, Set<Member>>();
  const ringOf = (owner: string): Ring =>
    keyed(rings, owner, () => ({ first: 1, batches: [], characters: 0 }));

  function pump(member: Member, ring: Ring): void {
    const { watcher, id } = member;
    do {
      const texts: string[] = [];
      const end = ring.first + ring.batches.length;
      if (member.next < ring.first) {
        texts.push(gap(id, "too-far-behind", ring.first - 1));
        member.next = ring.first;
      }
      while (member.next < end && texts.length < MESSAGES_PER_WRITE) {
        const batch = ring.batches[member.next - ring.first] as EventBatch;
        texts.push(JSON.stringify(eventsMessage(id, batch, `${epoch}.${member.next}`)));
        count.deliveries += batch.events.length;
        member.next++;
      }
      if (!member.greeted && member.next === end) {
        member.greeted = true;
        const live: ServerMessage = { type: "live", id, cursor: `${epoch}.${end - 1}` };
        texts.push(JSON.stringify(live));
      }
      if (texts.length > 0) watcher.write(watcher.encode(texts));
      // A slow reader waits here, in the ring, and costs nobody anything; `resume` goes on.
      member.live = watcher.ready();
    } while (member.live && member.next < ring.first + ring.batches.length);
  }

  function gap(id: string, reason: "restarted" | "too-far-behind", number: number): string {
    count.gaps++;
    const message: ServerMessage = {
      type: "gap",
      id,
      reason,
      tickerId: null,
      fromRun: null,
      toRun: null,
      cursor: `${epoch}.${number}`,
    };
    return JSON.stringify(message);
  }

  return {
    publish(owner, batch) {
      const ring = ringOf(owner);
      ring.batches.push(batch);
      ring.characters += charactersOf(batch);
      const full =
        ring.batches.length > BATCHES_MAX * 1.2 || ring.characters > CHARACTERS_MAX * 1.2;
      if (full) shorten(ring);
      for (const member of members.get(owner) ?? []) if (member.live) pump(member, ring);
    },
    watch({ id, owner, cursor }, watcher) {
      const ring = ringOf(owner);
      const end = ring.first + ring.batches.length;
      const known = cursor === null ? end - 1 : numberOf(cursor, epoch);
      const isOurs = known !== null && known < end;
      const next = isOurs ? known + 1 : end;
      const member: Member = { watcher, id, next, live: true, greeted: false };
      const hello: ServerMessage = { type: "subscribed", id, feed: "account", tickerId: null };
      const texts = [JSON.stringify(hello)];
      if (!isOurs) texts.push(gap(id, "restarted", end - 1));
      watcher.write(watcher.encode(texts));
      const group = keyed(members, owner, () => new Set());
      group.add(member);
      pump(member, ring);
      return {
        close: () => group.delete(member),
        resume: () => pump(member, ring),
      };
    },
  };
}

function shorten(ring: Ring): void {
  let gone = Math.max(0, ring.batches.length - BATCHES_MAX);
  for (const batch of ring.batches.slice(0, gone)) ring.characters -= charactersOf(batch);
  while (ring.characters > CHARACTERS_MAX) {
    ring.characters -= charactersOf(ring.batches[gone] as EventBatch);
    gone++;
  }
  ring.batches.splice(0, gone);
  ring.first += gone;
}

/** What a batch weighs, about: its printed text, and a little for the rest. */
const charactersOf = (batch: EventBatch): number =>
  batch.events.reduce((sum, e) => sum + 100 + (e.kind === "output" ? e.text.length : 0), 0);

/** The number in a cursor of this process; null for any other text. */
function numberOf(cursor: string, epoch: string): number | null {
  const dot = cursor.lastIndexOf(".");
  const number = cursor.slice(dot + 1);
  return cursor.slice(0, dot) === epoch && /^\d{1,15}$/.test(number) ? Number(number) : null;
}
