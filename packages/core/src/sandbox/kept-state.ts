// The ticker's kept state during one run: what it was, what the script made of it, and how much of it
// there may be. Writes leave with the result and count only if the run succeeded.

export const STATE_VALUE_BYTES_MAX = 64 * 1024;
export const STATE_KEY_LENGTH_MAX = 256;
export const STATE_BYTES_MAX = 256 * 1024;
export const STATE_KEYS_MAX = 200;

export class KeptState {
  #values: Map<string, string>;
  #changed = new Set<string>();
  #initial: Record<string, string>;
  #bytes = 0;

  constructor(initial: Record<string, string>) {
    this.#initial = initial;
    this.#values = new Map(Object.entries(initial));
    for (const [key, text] of this.#values) this.#bytes += sizeOf(key, text);
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** Null, or why it is refused. `text` is JSON of `bytes` bytes. */
  set(key: string, text: string, bytes: number): string | null {
    const before = this.#values.get(key);
    if (key === "" || key.length > STATE_KEY_LENGTH_MAX) {
      return `state: a key must have 1 to ${STATE_KEY_LENGTH_MAX} characters`;
    }
    if (bytes > STATE_VALUE_BYTES_MAX) {
      return `state: the value of ${key} has ${bytes} bytes as JSON; ${STATE_VALUE_BYTES_MAX} is the most`;
    }
    if (before === undefined && this.#values.size >= STATE_KEYS_MAX) {
      return `state: there are ${STATE_KEYS_MAX} keys already, the most there may be; delete one first`;
    }
    const sum = this.#bytes + sizeOf(key, text) - (before === undefined ? 0 : sizeOf(key, before));
    if (sum > STATE_BYTES_MAX) {
      return `state: with ${key} it would have ${sum} bytes; ${STATE_BYTES_MAX} is the most in all`;
    }
    this.#bytes = sum;
    this.#values.set(key, text);
    this.#changed.add(key);
    return null;
  }

  delete(key: string): boolean {
    const before = this.#values.get(key);
    if (before === undefined) return false;
    this.#bytes -= sizeOf(key, before);
    this.#values.delete(key);
    this.#changed.add(key);
    return true;
  }

  keys(): string[] {
    return [...this.#values.keys()].sort();
  }

  /** What is different now, in order of key; null for a removed key. */
  writes(): Record<string, string | null> {
    if (this.#changed.size === 0) return {};
    const changed = [...this.#changed].sort().flatMap((key): [string, string | null][] => {
      const before = Object.hasOwn(this.#initial, key) ? this.#initial[key] : undefined;
      const now = this.#values.get(key);
      return before === now ? [] : [[key, now ?? null]];
    });
    return Object.fromEntries(changed);
  }
}

/** In bytes of UTF-8, the key included. */
function sizeOf(key: string, text: string): number {
  return utf8Length(key) + utf8Length(text);
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
