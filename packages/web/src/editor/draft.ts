// Unsaved work, kept in this browser on each pause of typing; it survives reloads, renames and signing out.

import type { Form } from "./form.ts";

export type Draft = { form: Form; revision: number | null; savedAt: number };

const keyOf = (tickerId: string | null) => `ticker.draft.${tickerId ?? "new"}`;

/** The draft of a ticker, or of the next new one; null when there is none. */
export function readDraft(tickerId: string | null): Draft | null {
  try {
    const text = localStorage.getItem(keyOf(tickerId));
    return text ? (JSON.parse(text) as Draft) : null;
  } catch {
    return null;
  }
}

/** True if it is kept. */
export function keepDraft(tickerId: string | null, draft: Draft): boolean {
  try {
    localStorage.setItem(keyOf(tickerId), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(tickerId: string | null) {
  try {
    localStorage.removeItem(keyOf(tickerId));
  } catch {
    // Nothing was kept, then.
  }
}
