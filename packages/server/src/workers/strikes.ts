// Scripts that took their thread with them. They are not forbidden, but run alone from then on.

const KEPT_MAX = 1_000;

export class Strikes {
  #keys = new Set<string>();

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key);
  }

  /** The longest ago struck is forgotten when there are too many. */
  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > KEPT_MAX && oldest !== undefined) this.#keys.delete(oldest);
  }
}
