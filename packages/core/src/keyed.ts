// Maps of collections.

/** The value at `key`, made and kept if there is none yet. */
export function keyed<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
