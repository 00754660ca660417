// The store's verbs about accounts, credentials and secrets.

import type { DatabaseSync } from "node:sqlite";
import type { Account, Credential } from "@ticker/core/account";
import type { Store } from "@ticker/core/store";
import type { Group } from "./sqlite-commit.ts";

type AccountVerbs = Pick<
  Store,
  | "openAccount"
  | "readAccount"
  | "setHold"
  | "addCredential"
  | "useCredential"
  | "listCredentials"
  | "removeCredential"
  | "putSecret"
  | "readSecrets"
  | "removeSecret"
>;

/** A credential's lastUsedAt is stamped at most this often: a request must not cost a write each. */
const STAMP_MS = 60_000;

export function accountVerbs(db: DatabaseSync, group: Group): AccountVerbs {
  const insert = db.prepare("INSERT OR IGNORE INTO accounts VALUES (?, ?)");
  const read = db.prepare("SELECT json FROM accounts WHERE id = ?");
  const update = db.prepare("UPDATE accounts SET json = ? WHERE id = ?");
  const addCredential = db.prepare(
    "INSERT OR IGNORE INTO credentials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const byHash = db.prepare("SELECT * FROM credentials WHERE hash = ? ORDER BY created_at, id");
  const stamp = db.prepare("UPDATE credentials SET last_used_at = ? WHERE id = ?");
  const spend = db.prepare("DELETE FROM credentials WHERE id = ?");
  const listed = db.prepare("SELECT * FROM credentials WHERE owner = ? ORDER BY created_at, id");
  const remove = db.prepare("DELETE FROM credentials WHERE owner = ? AND id = ?");
  const putSecret = db.prepare(
    `INSERT INTO secrets VALUES (?, ?, ?, ?) ON CONFLICT (owner, name) DO UPDATE SET
     sealed = excluded.sealed, updated_at = excluded.updated_at`,
  );
  const secrets = db.prepare(
    `SELECT name, sealed, updated_at FROM secrets WHERE owner = ?1
     AND (?2 IS NULL OR name IN (SELECT value FROM json_each(?2))) ORDER BY name`,
  );
  const removeSecret = db.prepare("DELETE FROM secrets WHERE owner = ? AND name = ?");

  function account(id: string): Account | null {
    const row = read.get(id) as { json: string } | undefined;
    return row ? JSON.parse(row.json) : null;
  }

  return {
    openAccount(asked) {
      return group.write("open an account", true, () => {
        insert.run(asked.id, JSON.stringify(asked));
        return account(asked.id) as Account;
      });
    },

    readAccount: (id) => group.read("read an account", () => account(id)),

    setHold(accountId, hold) {
      return group.write("hold or release an account", true, () => {
        const found = account(accountId);
        if (!found) return null;
        const held = { ...found, hold };
        update.run(JSON.stringify(held), accountId);
        return held;
      });
    },

    addCredential(credential) {
      return group.write("add a credential", true, () => {
        const { id, kind, owner, name, hash, scopes, createdAt, expiresAt, lastUsedAt } =
          credential;
        const json = JSON.stringify(scopes);
        addCredential.run(id, kind, owner, name, hash, json, createdAt, expiresAt, lastUsedAt);
      });
    },

    useCredential(hash, kinds, now, once) {
      const find = () =>
        (byHash.all(hash) as Row[])
          .map(credentialOf)
          .find((each) => kinds.includes(each.kind) && (each.expiresAt ?? Infinity) > now) ?? null;
      const fresh = (found: Credential) =>
        found.lastUsedAt !== null && now - found.lastUsedAt < STAMP_MS;
      const use = () => {
        const found = find();
        if (!found) return null;
        if (once) spend.run(found.id);
        else if (fresh(found)) return found;
        else stamp.run(now, found.id);
        return { ...found, lastUsedAt: now };
      };
      const doing = "look up a credential";
      if (once) return group.write(doing, true, use);
      return group.read(doing, find).then((found) => {
        if (found === null || fresh(found)) return found;
        return group.write(doing, true, use);
      });
    },

    listCredentials(owner, kinds) {
      return group.read("list credentials", () =>
        (listed.all(owner) as Row[]).map(credentialOf).filter(({ kind }) => kinds.includes(kind)),
      );
    },

    removeCredential(owner, id) {
      return group.write("remove a credential", true, () => remove.run(owner, id).changes > 0);
    },

    putSecret(owner, name, sealed, at) {
      return group.write("put a secret", true, () => {
        putSecret.run(owner, name, sealed, at);
      });
    },

    readSecrets(owner, names) {
      return group.read("read secrets", () =>
        secrets.all(owner, names && JSON.stringify(names)).map((row) => ({
          name: String(row.name),
          sealed: String(row.sealed),
          updatedAt: Number(row.updated_at),
        })),
      );
    },

    removeSecret(owner, name) {
      return group.write("remove a secret", true, () => removeSecret.run(owner, name).changes > 0);
    },
  };
}

type Row = {
  id: string;
  kind: Credential["kind"];
  owner: string;
  name: string;
  hash: string;
  scopes: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
};

const credentialOf = (row: Row): Credential => ({
  id: row.id,
  kind: row.kind,
  owner: row.owner,
  name: row.name,
  hash: row.hash,
  scopes: JSON.parse(row.scopes),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});
