// Scripts by number, so that a source travels to a thread once and not with every run. A job holds its
// script itself: forgetting one here only means that its next job gives it a new number.

import type { SentScript } from "./message.ts";

const KEPT_MAX = 20_000;
const KEPT_LENGTH_MAX = 64 * 1024 * 1024;

export type Numbered = { number: number; text: SentScript };

export class Scripts {
  #known = new Map<string, Numbered>();
  #length = 0;
  #last = 0;

  find(key: string): Numbered | undefined {
    return this.#known.get(key);
  }

  add(key: string, text: SentScript): Numbered {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= KEPT_MAX || this.#length > KEPT_LENGTH_MAX) this.#forgetOldest();
    const added = { number: ++this.#last, text };
    this.#known.set(key, added);
    this.#length += key.length;
    return added;
  }

  #forgetOldest(): void {
    const oldest = [...this.#known.keys()].slice(0, Math.ceil(this.#known.size / 2));
    for (const key of oldest) {
      this.#known.delete(key);
      this.#length -= key.length;
    }
  }
}
