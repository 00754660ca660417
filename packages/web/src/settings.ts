// How this viewer likes the console: kept in this browser, one signal each.

import { effect, type Signal, signal } from "@preact/signals";

/** A signal whose value is remembered in this browser under `ticker.<name>`. */
export function remembered<T>(name: string, initial: T): Signal<T> {
  const key = `ticker.${name}`;
  let start = initial;
  try {
    const kept = localStorage.getItem(key);
    if (kept !== null) start = JSON.parse(kept) as T;
  } catch {
    // Unreadable or forbidden storage: the setting lasts as long as the page.
  }
  const found = signal(start);
  let isFirst = true;
  effect(() => {
    const text = JSON.stringify(found.value);
    if (isFirst) {
      isFirst = false;
      return;
    }
    try {
      localStorage.setItem(key, text);
    } catch {
      // As above.
    }
  });
  return found;
}

export type Stamps = "off" | "clock" | "start" | "delta";
export const SIZES = ["15px", "16px", "20px", "32px"] as const;

/** Single-letter keys; off for those whom they surprise. */
export const hasKeys = remembered("keys", true);
/** Each new line is spoken by screen readers, not only a summary. */
export const speaksLines = remembered("speak", false);
/** Plain reading font and soft colours everywhere: Teletext's Mix. */
export const isMixed = remembered("mix", false);
/** Index in `SIZES`. */
export const size = remembered("size", 1);
export const stamps = remembered<Stamps>("stamps", "clock");
export const isWrapped = remembered("wrap", true);
export const isPlain = remembered("plain", false);
/** Charts as tables of numbers. */
export const asTables = remembered("tables", false);
