// A worker's outgoing post: events and results of many runs gathered into few messages, joined where a
// script prints faster than anybody could read, so that a flood costs the main thread little.

import type { SandboxEvent, SandboxResult } from "@ticker/core/platform";
import type { FromRunner } from "./message.ts";

/** Nothing waits longer than this while the thread is busy. */
const AGE_MS = 5;
/** A batch of this size leaves at once. */
const SIZE_BYTES = 64 * 1024;
/** Printed in the same millisecond, lines join into one event up to this size. */
const JOINED_BYTES_MAX = 16 * 1024;
/** From so many on, a run's progress and metrics keep only their newest value per message. */
const CALM_EVENTS_MAX = 200;

export type Post = { job: number; events: SandboxEvent[]; result: SandboxResult | null };

export class Outbox {
  #send: (items: FromRunner[]) => void;
  #monotonic: () => number;
  #items: FromRunner[] = [];
  #open = new Map<number, Post>();
  #sizeBytes = 0;
  #waitingSince = 0;
  #asked = false;

  constructor(send: (items: FromRunner[]) => void, monotonic: () => number) {
    this.#send = send;
    this.#monotonic = monotonic;
  }

  /** `told`: progress and metric events of this run so far. */
  event(job: number, event: SandboxEvent, told: number): void {
    const post = this.#post(job);
    const last = post.events.at(-1);
    if (last && event.kind === "output" && joins(last, event)) {
      (last as { text: string }).text += `\n${event.text}`;
    } else if (told <= CALM_EVENTS_MAX || !replaced(post.events, event)) {
      post.events.push(event);
    }
    this.#sizeBytes += event.kind === "output" ? event.text.length + 40 : 60;
    this.#noticed();
  }

  result(job: number, result: SandboxResult): void {
    this.#post(job).result = result;
    this.#open.delete(job);
    this.#noticed();
  }

  item(item: FromRunner): void {
    this.#items.push(item);
    this.#noticed();
  }

  /** From inside a long slice, when no turn of the loop is near: sends what waited long enough. */
  flushIfOld(): void {
    if (this.#items.length > 0 && this.#monotonic() - this.#waitingSince >= AGE_MS) this.flush();
  }

  #noticed(): void {
    if (this.#sizeBytes >= SIZE_BYTES) this.flush();
    else if (this.#asked) this.flushIfOld();
    else {
      this.#asked = true;
      this.#waitingSince = this.#monotonic();
      setImmediate(() => {
        this.#asked = false;
        this.flush();
      });
    }
  }

  flush(): void {
    this.#waitingSince = this.#monotonic();
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#open.clear();
    this.#sizeBytes = 0;
    this.#send(items);
  }

  #post(job: number): Post {
    const known = this.#open.get(job);
    if (known) return known;
    const post = { kind: "events" as const, job, events: [], result: null };
    this.#items.push(post);
    this.#open.set(job, post);
    return post;
  }
}

function joins(last: SandboxEvent, next: SandboxEvent & { kind: "output" }): boolean {
  return (
    last.kind === "output" &&
    last.stream === next.stream &&
    last.at === next.at &&
    last.text.length + next.text.length < JOINED_BYTES_MAX
  );
}

/** Puts the newest value in the place of an older one of its kind and name in the same message. */
function replaced(events: SandboxEvent[], event: SandboxEvent): boolean {
  const at = events.findLastIndex(
    (other) =>
      (event.kind === "progress" && other.kind === "progress") ||
      (event.kind === "metric" && other.kind === "metric" && event.name === other.name),
  );
  if (at < 0) return false;
  events[at] = event;
  return true;
}
