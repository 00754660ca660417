// What the console tells its viewer in passing: one notice at a time, with an undo when there is one.

import { signal } from "@preact/signals";

export type Notice = {
  text: string;
  tone: "ok" | "fail" | "info";
  undo: (() => void) | null;
};

/** Time to change one's mind or to read why; what went as asked needs less, and hides what is below it. */
const SHOWN_MS = 10_000;
const SHOWN_OK_MS = 4_000;
export const notice = signal<Notice | null>(null);
/** What only screen readers are told. */
export const spoken = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows a notice for some seconds, or until the next. */
export function tell(text: string, tone: Notice["tone"] = "ok", undo: (() => void) | null = null) {
  notice.value = { text, tone, undo };
  clearTimeout(timer);
  timer = setTimeout(closeNotice, tone === "ok" && !undo ? SHOWN_OK_MS : SHOWN_MS);
}

/** Takes the notice away. */
export function closeNotice() {
  notice.value = null;
}
