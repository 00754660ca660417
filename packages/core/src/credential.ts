// The secrets that prove who is asking: how they are made, told from rubbish without a lookup, and
// hashed. Only SHA-256 is kept; the secret itself is shown once. Who may do what is decided in
// access.ts.

import type { Credential, CredentialKind, Scope } from "./account.ts";
import { VisibleError } from "./error.ts";
import type { Platform, Random } from "./platform.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 32 characters of base62 hold 190 bits. */
const RANDOM_CHARACTERS = 32;
const CHECK_CHARACTERS = 6;
const PREFIX: Record<CredentialKind, string> = {
  token: "tkr_",
  session: "tks_",
  link: "tkl_",
  ticket: "tkt_",
};

/** `tkr_` and 38 characters: 32 random, 6 of CRC-32, so a slip of the finger needs no lookup. */
export function makeSecret(random: Random, kind: CredentialKind): string {
  let body = "";
  while (body.length < RANDOM_CHARACTERS) {
    for (const byte of random.bytes(RANDOM_CHARACTERS * 2)) {
      // Bytes from 248 on would make the first eight characters likelier than the rest.
      if (byte < 248 && body.length < RANDOM_CHARACTERS) body += ALPHABET[byte % 62];
    }
  }
  return PREFIX[kind] + body + checkCharacters(PREFIX[kind] + body);
}

/** The kind a well-formed secret says it is; null for anything malformed. */
export function secretKind(secret: string): CredentialKind | null {
  if (secret.length !== 4 + RANDOM_CHARACTERS + CHECK_CHARACTERS) return null;
  const kind = (Object.keys(PREFIX) as CredentialKind[]).find((name) =>
    secret.startsWith(PREFIX[name]),
  );
  if (!kind || !/^[0-9A-Za-z]+$/.test(secret.slice(4))) return null;
  const body = secret.slice(0, -CHECK_CHARACTERS);
  return secret.endsWith(checkCharacters(body)) ? kind : null;
}

/** Lower-case hex SHA-256 of a text's UTF-8. */
export async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

/** Compares two hashes of equal length in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/**
 * Makes and stores a credential; the secret is in the answer and nowhere else. `expiresAt` null: no
 * end.
 */
export async function issueCredential(
  platform: Platform,
  ask: {
    kind: CredentialKind;
    owner: string;
    name: string;
    scopes: Scope[];
    expiresAt: number | null;
  },
): Promise<{ secret: string; credential: Credential }> {
  const now = platform.clock.now();
  if (ask.expiresAt !== null && ask.expiresAt <= now) {
    throw new VisibleError("invalid", "The credential would have expired before it was made.", {
      issues: [{ path: "expiresAt", message: "must lie in the future (epoch milliseconds)" }],
    });
  }
  const secret = makeSecret(platform.random, ask.kind);
  const credential: Credential = {
    id: `c_${hex(platform.random.bytes(8))}`,
    kind: ask.kind,
    owner: ask.owner,
    name: ask.name,
    hash: await sha256(secret),
    scopes: ask.scopes,
    createdAt: now,
    expiresAt: ask.expiresAt,
    lastUsedAt: null,
  };
  await platform.store.addCredential(credential);
  return { secret, credential };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function checkCharacters(text: string): string {
  let rest = crc32(text);
  let characters = "";
  for (let i = 0; i < CHECK_CHARACTERS; i++) {
    characters = ALPHABET[rest % 62] + characters;
    rest = Math.floor(rest / 62);
  }
  return characters;
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
