// Killall in force, by account. Killall and release are written one after the other, in the order they were
// asked for, or the one that overtakes the other would leave memory and store of different minds.

import type { Hold } from "./account.ts";
import type { Feed } from "./feed.ts";
import type { Store } from "./store.ts";

export function makeHolds(store: Store, feed: Feed) {
  const holds = new Map<string, Hold>();
  const turns = new Map<string, Promise<void>>();

  function inTurn(owner: string, work: () => Promise<void>): Promise<void> {
    const turn = (turns.get(owner) ?? Promise.resolve()).then(work, work);
    turns.set(owner, turn);
    return turn;
  }

  return {
    of: (owner: string): Hold | undefined => holds.get(owner),
    /** As the store has it, at the start. */
    known(owner: string, hold: Hold): void {
      holds.set(owner, hold);
      feed.held(owner, hold);
    },
    /** In force from now on; resolves when it is written. */
    put(owner: string, hold: Hold): Promise<void> {
      holds.set(owner, hold); // Before the write: nothing starts while it is on its way.
      return inTurn(owner, async () => {
        await store.setHold(owner, hold);
        feed.held(owner, hold);
      });
    },
    /** Over when it is written, unless there is another by then. */
    lift(owner: string): Promise<void> {
      const lifted = holds.get(owner);
      return inTurn(owner, async () => {
        await store.setHold(owner, null);
        if (holds.get(owner) !== lifted) return;
        holds.delete(owner);
        feed.held(owner, null);
      });
    },
  };
}
