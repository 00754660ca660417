// Turns what a sandbox says into happenings to be stored: masks secrets, keeps head and tail of output
// within its limit with a mark between, understands plain lines, and coalesces before numbers are given.

import type { Happening } from "./event.ts";
import type { Mask } from "./mask.ts";
import type { SandboxEvent } from "./platform.ts";
import { sense } from "./sense.ts";

/** Metric values kept per run, all names together; further ones only move the last value. */
const METRIC_EVENTS_MAX = 2_000;
const METRIC_NAMES_MAX = 16;
const LAST_LINE_CHARS = 200;
/** Each event costs about this much beside its text; so a flood of empty lines is bounded too. */
const EVENT_BYTES = 16;

const byteLength = (text: string): number => {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
};

export type Output = {
  /** Feeds events in order; what is to be stored piles up until `take`. */
  add(events: SandboxEvent[]): void;
  /** What piled up since the last call. */
  take(): Happening[];
  pending(): number;
  /** The tail and its mark, when the limit was passed. Call once, at the end. */
  close(at: number): Happening[];
  droppedBytes(): number;
  readonly metrics: Record<string, number>;
  progress(): number | null;
  lastLine(): string | null;
};

export function makeOutput(limitBytes: number, mask: Mask): Output {
  // Without a prototype, so that `__proto__` is a name like any other.
  const metrics: Record<string, number> = Object.create(null);
  const half = limitBytes / 2;
  let pile: Happening[] = [];
  let headBytes = 0;
  let tail: { happening: Happening; bytes: number }[] = [];
  let tailBytes = 0;
  let droppedBytes = 0;
  let metricEvents = 0;
  let metricNames = 0;
  let progress: number | null = null;
  let lastLine: string | null = null;

  function metric(at: number, name: string, value: number): void {
    if (!Object.hasOwn(metrics, name)) {
      if (metricNames === METRIC_NAMES_MAX) return;
      metricNames++;
    }
    metrics[name] = value;
    if (metricEvents++ < METRIC_EVENTS_MAX) pile.push({ kind: "metric", at, name, value });
  }

  /** Only the newest progress of a pile is kept: it says everything the earlier ones said. */
  function advance(at: number, fraction: number, message: string | null): void {
    progress = fraction;
    const last = pile.findLastIndex((h) => h.kind === "progress");
    if (last >= 0 && pile.length - last < 4) pile.splice(last, 1);
    pile.push({ kind: "progress", at, fraction, message });
  }

  function keepTail(happening: Happening, bytes: number): void {
    tail.push({ happening, bytes });
    tailBytes += bytes;
    while (tailBytes > half && tail.length > 1) {
      const gone = tail.shift();
      tailBytes -= gone?.bytes ?? 0;
      droppedBytes += (gone?.bytes ?? 0) - EVENT_BYTES;
    }
  }

  function print(at: number, text: string, stream: "out" | "err"): void {
    const bytes = byteLength(text) + EVENT_BYTES;
    if (tail.length > 0 || headBytes + bytes > half) {
      keepTail({ kind: "output", at, text, stream }, bytes);
      return;
    }
    headBytes += bytes;
    const last = pile.at(-1);
    if (last?.kind === "output" && last.at === at && last.stream === stream) {
      last.text += `\n${text}`;
    } else pile.push({ kind: "output", at, text, stream });
  }

  function line(at: number, text: string, stream: "out" | "err"): void {
    const shown = mask(text);
    print(at, shown, stream);
    for (const one of shown.includes("\n") ? shown.split("\n") : [shown]) {
      if (one.trim() !== "") lastLine = one.slice(0, LAST_LINE_CHARS);
      if (stream === "err") continue;
      for (const s of sense(one)) {
        if (s.kind === "metric") metric(at, s.name, s.value);
        else advance(at, s.fraction, s.message);
      }
    }
  }

  return {
    add(events) {
      for (const event of events) {
        if (event.kind === "output") line(event.at, event.text, event.stream);
        else if (event.kind === "metric") metric(event.at, mask(event.name), event.value);
        else if (event.kind === "progress") {
          advance(event.at, event.fraction, event.message === null ? null : mask(event.message));
        }
      }
    },
    take() {
      const taken = pile;
      pile = [];
      return taken;
    },
    pending: () => pile.length,
    close(at) {
      const rest = tail.map((kept) => kept.happening);
      tail = [];
      return droppedBytes > 0 ? [{ kind: "cut", at, bytes: droppedBytes }, ...rest] : rest;
    },
    droppedBytes: () => droppedBytes,
    metrics,
    progress: () => progress,
    lastLine: () => lastLine,
  };
}
