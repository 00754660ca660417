// What core's platform is on one machine. Open this to see what runs where.

import { randomBytes } from "node:crypto";
import { type Feed, makeFeed } from "@ticker/core/feed";
import type { Platform } from "@ticker/core/platform";
import { nodeClock } from "./clock.ts";
import { guardedFetch } from "./egress.ts";
import { stderrLog } from "./log.ts";
import { sqliteStore } from "./sqlite.ts";
import { timerAlarm } from "./timers.ts";
import { fileVault } from "./vault.ts";
import { type WorkerSandbox, workerSandbox } from "./workers/sandbox.ts";

export type ServerPlatform = Platform & {
  feed: Feed;
  sandbox: WorkerSandbox;
  close(): Promise<void>;
};

/** `wake` is called when something is due. `epoch` names this process. */
export function serverPlatform(
  place: { database: string; vaultKey: string },
  options: { allowHosts: string[]; epoch: string },
  wake: () => void,
): ServerPlatform {
  const clock = nodeClock();
  const log = stderrLog(clock);
  const store = sqliteStore(place.database);
  const sandbox = workerSandbox({ fetch: guardedFetch({ allow: options.allowHosts }) });
  const feed = makeFeed({ clock, store, log }, options.epoch);
  return {
    clock,
    random: {
      bytes: (count) => randomBytes(count),
      // For jitter only; strong bytes here cost a system call at the end of every run.
      fraction: () => Math.random(),
    },
    store,
    alarm: timerAlarm(clock, wake),
    sandbox,
    broadcast: feed,
    vault: fileVault(place.vaultKey),
    log,
    memoryBytes: () => process.memoryUsage.rss(),
    feed,
    async close() {
      await sandbox.close();
      await store.close();
    },
  };
}
