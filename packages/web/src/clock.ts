// The server's time in the browser: the offset is measured from what the server says, never taken from the
// viewer's clock, and one signal ticks each second on the server's second.

import { signal } from "@preact/signals";

/** Server time now, ms; changes about once a second, right after the second did. */
export const now = signal(Date.now());
let offsets: number[] = [];
let offsetMs = 0;

/** The server said it was `serverAt`. Messages are only ever late, so the largest offset is the truest. */
export function hearTime(serverAt: number) {
  offsets = [...offsets.slice(-7), serverAt - Date.now()];
  offsetMs = Math.max(...offsets);
}

/** Server time to the millisecond, as well as it is known. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** What a local instant is on the server's clock. */
export function onServer(localAt: number): number {
  return localAt + offsetMs;
}

/** Starts the ticking; called once. */
export function startClock() {
  const tick = () => {
    now.value = serverNow();
    setTimeout(tick, 1000 - (now.value % 1000) + 5);
  };
  tick();
}
