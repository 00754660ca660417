// Seals secrets with a key that lies beside the database and not in it, so that a copied database alone
// gives nothing away: AES-256-GCM, a new nonce for each text.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { VisibleError } from "@ticker/core/error";
import type { Vault } from "@ticker/core/platform";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = "v1.";

/** The vault whose key is the file at `path`, made (0600) when absent. Throws VisibleError when it cannot be used. */
export function fileVault(path: string): Vault {
  const key = readKey(path) ?? makeKey(path);
  return {
    async seal(text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
    },
    async open(sealed) {
      const bytes = Buffer.from(sealed.slice(PREFIX.length), "base64url");
      if (!sealed.startsWith(PREFIX) || bytes.length < NONCE_BYTES + TAG_BYTES) throw notOurs();
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
      } catch (error) {
        throw notOurs(error);
      }
    },
  };
}

const notOurs = (cause?: unknown) =>
  new Error("This text was not sealed with this vault's key, or was changed since.", { cause });

function readKey(path: string): Buffer | null {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unusable(path, (error as Error).message);
  }
  if (key.length !== KEY_BYTES) throw unusable(path, `${key.length} bytes, not ${KEY_BYTES}`);
  return key;
}

/** Written beside and linked into place: a crash leaves a whole key or none, and none is ever overwritten. */
function makeKey(path: string): Buffer {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, randomBytes(KEY_BYTES), { mode: 0o600, flush: true });
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw unusable(path, (error as Error).message);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return readKey(path) as Buffer;
}

const unusable = (path: string, why: string) =>
  new VisibleError(
    "unavailable",
    `The vault's key ${path} cannot be used (${why}). Put the right file back; without it the stored ` +
      "secrets cannot be read, and they must be entered again after moving it away.",
  );
