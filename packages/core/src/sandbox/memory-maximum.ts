// Gives a WebAssembly module a hard maximum of memory by rewriting its memory section. It stands under
// the engine's own allocation limit: whatever a guest finds wrong with that one, this one holds.

const MEMORY_SECTION = 5;
export const PAGE_BYTES = 65_536;

/**
 * The same module, whose own memory can never grow past `maximumPages`.
 * Throws when the bytes are no module with a memory of its own.
 */
export function withMemoryMaximum(
  module: Uint8Array<ArrayBuffer>,
  maximumPages: number,
): Uint8Array<ArrayBuffer> {
  let offset = 8;
  const readNumber = (): number => {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = module[offset++] ?? 0;
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return value >>> 0;
  };

  while (offset < module.length) {
    const sectionAt = offset;
    const section = module[offset++];
    const length = readNumber();
    const bodyAt = offset;
    if (section === MEMORY_SECTION) {
      readNumber();
      const flags = readNumber();
      const minimumPages = readNumber();
      const body = [1, flags | 1, ...leb128(minimumPages), ...leb128(maximumPages)];
      const rewritten = [MEMORY_SECTION, ...leb128(body.length), ...body];
      return joined([
        module.subarray(0, sectionAt),
        Uint8Array.from(rewritten),
        module.subarray(bodyAt + length),
      ]);
    }
    offset = bodyAt + length;
  }
  throw new Error("cannot limit the engine's memory: the module has no memory section");
}

function leb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 127;
    rest >>>= 7;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return bytes;
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
