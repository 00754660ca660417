// Scripts by number, so that a source travels to a thread once and not with every run.

import type { SentScript } from "./message.ts";

const KEPT_MAX = 5_000;
const KEPT_LENGTH_MAX = 64 * 1024 * 1024;

export class Scripts {
  #numbers = new Map<string, number>();
  #texts = new Map<number, SentScript>();
  #length = 0;
  #last = 0;

  find(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  add(key: string, text: SentScript): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= KEPT_MAX || this.#length > KEPT_LENGTH_MAX) this.#forgetOldest();
    const number = ++this.#last;
    this.#numbers.set(key, number);
    this.#texts.set(number, text);
    this.#length += key.length;
    return number;
  }

  text(number: number): SentScript {
    const text = this.#texts.get(number);
    if (!text) throw new Error(`broken invariant: script ${number} is not kept`);
    return text;
  }

  /** Jobs under way still ask for theirs by number, so only the older half goes. */
  #forgetOldest(): void {
    const oldest = [...this.#numbers].slice(0, Math.ceil(this.#numbers.size / 2));
    for (const [key, number] of oldest) {
      this.#numbers.delete(key);
      this.#texts.delete(number);
      this.#length -= key.length;
    }
  }
}
