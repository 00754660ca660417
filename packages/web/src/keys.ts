// The remote control. Digits go to pages, colours to the Fastext keys, letters to what the page offers; all
// only outside inputs, and letters only while their switch is on.

import { signal } from "@preact/signals";
import { PageEntry } from "./page-entry.ts";
import { hasKeys } from "./settings.ts";

export type Fastext = {
  colour: "r" | "g" | "y" | "c";
  label: string;
  /** Either goes to an address of ours, or does something. */
  href?: string;
  act?: () => void;
};

/** The page's four keys. */
export const fastext = signal<Fastext[]>([]);
/** Keys shown beside their buttons: Teletext's Reveal. */
export const isRevealed = signal(false);
/** Digits typed so far: echoed in the header. */
export const typed = signal("");

const ENTRY_TIMEOUT_MS = 2_000;

type Action = () => void;
/** What keys do on the page in hand, by `event.key`; the newest layer first. */
const layers: Map<string, Action>[] = [];

/** Adds keys until the answer is called. Names are those of `KeyboardEvent.key`, `ctrl+s` with Control. */
export function bindKeys(bindings: Record<string, Action>): () => void {
  const layer = new Map(Object.entries(bindings));
  layers.push(layer);
  return () => {
    layers.splice(layers.indexOf(layer), 1);
  };
}

/** Would this key be text, where the focus is? */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.tagName) return false;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;
}

const COLOUR: Record<string, Fastext["colour"]> = { r: "r", g: "g", y: "y", c: "c", b: "c" };

/** Starts listening. `goTo` opens a page by number. */
export function startKeys(goTo: (page: string) => void) {
  const entry = new PageEntry();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const echo = () => {
    typed.value = entry.digits;
    clearTimeout(timer);
    timer = setTimeout(() => {
      entry.cancel();
      typed.value = "";
    }, ENTRY_TIMEOUT_MS);
  };
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const name = (event.ctrlKey || event.metaKey ? "ctrl+" : "") + event.key;
    const action = layers.findLast((layer) => layer.has(name))?.get(name);
    const deep = event.composedPath()[0] ?? event.target;
    const isPlainKey = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
    if (isPlainKey && (isTyping(deep) || !hasKeys.value)) return;
    if (!isPlainKey && /^Arrow|^Enter$/.test(event.key) && isTyping(deep)) return;
    if (event.key === "Escape") {
      entry.cancel();
      typed.value = "";
    }
    if (isPlainKey && /\d/.test(event.key) && (event.key !== "0" || entry.digits)) {
      const page = entry.press(event.key);
      echo();
      if (page) goTo(page);
      return;
    }
    const run = action ?? (isPlainKey ? pressColour(event.key) : undefined);
    if (!run) return;
    event.preventDefault();
    run();
  });
}

function pressColour(key: string): Action | undefined {
  const item = fastext.value.find(({ colour }) => colour === COLOUR[key]);
  return item?.act;
}
