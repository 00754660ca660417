// A ticker's id: from the clock and chance, or, for a repeatable request, from owner and key.
// Beside it the canonical text that tells whether two requests are one.

import { sha256 } from "./credential.ts";
import type { Platform } from "./platform.ts";

const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** 48 bits of time, then 32 of chance: sorts by creation. */
export function idFromTime(platform: Platform, now: number): string {
  const time = Array.from({ length: 6 }, (_, i) => Math.floor(now / 256 ** (5 - i)) % 256);
  return `t_${base32([...time, ...platform.random.bytes(4)])}`;
}

/** The same owner and key always give the same id, so a repeat meets the first. */
export async function idFromKey(owner: string, key: string): Promise<string> {
  const hash = await sha256(JSON.stringify([owner, key]));
  return `t_${base32(Array.from({ length: 10 }, (_, i) => parseInt(hash.slice(i * 2, i * 2 + 2), 16)))}`;
}

/** Ten bytes as sixteen characters that sort as the bytes do. */
function base32(bytes: number[]): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < 16; i++) text += ID_ALPHABET[Number((bits >> BigInt(75 - i * 5)) & 31n)];
  return text;
}

/** JSON with its keys in order, so that two ways to write one request are one. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
