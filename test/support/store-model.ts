// The store's contract once more, as naively as can be: one array of tickers, one of runs, everything
// searched from the start. It shares no code with the stores it is compared with.

import type { Account, Credential } from "@ticker/core/account";
import type { Store } from "@ticker/core/store";
import { modelRuns } from "./store-model-runs.ts";
import { modelTickers } from "./store-model-tickers.ts";
import { copy, makeWorld, order } from "./store-model-world.ts";

/** A store in memory: the oracle. */
export function storeModel(): Store {
  const world = makeWorld();
  const { all } = world;
  const accounts = new Map<string, Account>();
  let credentials: Credential[] = [];
  let secrets: { owner: string; name: string; sealed: string; updatedAt: number }[] = [];

  const rest: Partial<Store> = {
    async openAccount(account) {
      if (!accounts.has(account.id)) accounts.set(account.id, copy(account));
      return copy(accounts.get(account.id) as Account);
    },
    readAccount: async (id) => copy(accounts.get(id) ?? null),
    async setHold(id, hold) {
      const account = accounts.get(id);
      if (account) account.hold = copy(hold);
      return copy(account ?? null);
    },
    async addCredential(credential) {
      if (!credentials.some(({ id }) => id === credential.id)) credentials.push(copy(credential));
    },
    async useCredential(hash, kinds, now, once) {
      const found = credentials.find(
        (each) =>
          each.hash === hash &&
          kinds.includes(each.kind) &&
          (each.expiresAt === null || each.expiresAt > now),
      );
      if (!found) return null;
      if (once || found.lastUsedAt === null || found.lastUsedAt + 60_000 <= now)
        found.lastUsedAt = now;
      if (once) credentials = credentials.filter((each) => each !== found);
      return copy(found);
    },
    async listCredentials(owner, kinds) {
      return copy(
        credentials
          .filter((each) => each.owner === owner && kinds.includes(each.kind))
          .sort((a, b) => a.createdAt - b.createdAt || order(a.id, b.id)),
      );
    },
    async removeCredential(owner, id) {
      const before = credentials.length;
      credentials = credentials.filter((each) => each.owner !== owner || each.id !== id);
      return credentials.length < before;
    },
    async putSecret(owner, name, sealed, updatedAt) {
      secrets = secrets.filter((each) => each.owner !== owner || each.name !== name);
      secrets.push({ owner, name, sealed, updatedAt });
    },
    async readSecrets(owner, names) {
      return secrets
        .filter((each) => each.owner === owner && (names === null || names.includes(each.name)))
        .sort((a, b) => order(a.name, b.name))
        .map(({ name, sealed, updatedAt }) => ({ name, sealed, updatedAt }));
    },
    async removeSecret(owner, name) {
      const before = secrets.length;
      secrets = secrets.filter((each) => each.owner !== owner || each.name !== name);
      return secrets.length < before;
    },
    async expire(now, talliesBefore) {
      const before = credentials.length + all.minutes.length;
      credentials = credentials.filter((each) => each.expiresAt === null || each.expiresAt > now);
      all.minutes = all.minutes.filter((each) => each.minuteAt >= talliesBefore);
      return before - credentials.length - all.minutes.length;
    },
    async close() {},
  };
  return { ...modelTickers(world), ...modelRuns(world), ...rest } as Store;
}
