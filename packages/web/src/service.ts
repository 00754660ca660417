// Ticker as this console knows it: who is signed in, the one feed, what the service says of itself. Starts
// when somebody signs in and stops when they leave.

import { computed, effect, signal } from "@preact/signals";
import type { Hold } from "@ticker/core/account";
import { SUBPROTOCOL } from "@ticker/core/protocol";
import { call, callAll, onSignedOut, Problem } from "./api.ts";
import { hearTime, now, onServer } from "./clock.ts";
import { type Connection, Feed } from "./feed.ts";
import { go, route } from "./router.ts";
import { forgetTiles, hearTiles } from "./tiles.ts";
import type { StatusView, TickerView } from "./view.ts";

/** Undefined until it is known; null when nobody is signed in. */
export const account = signal<{ id: string; name: string } | null | undefined>(undefined);
/** The last hour's numbers; read afresh while P100, which draws them, is open. */
export const status = signal<StatusView | null>(null);
export const connection = signal<Connection>({ state: "connecting", heardAt: null, failures: 0 });
/** Killall in force, or null: as the feed tells it. */
export const held = signal<Hold | null>(null);

/** Server time of what is shown when the line is down long enough to say so; null when all is well. */
export const staleSince = computed(() => {
  const { state, heardAt, failures } = connection.value;
  if (state === "live" || (failures === 0 && heardAt === null)) return null;
  const since = heardAt === null ? now.value : onServer(heardAt);
  return failures > 0 ? since : null;
});

const STATUS_EVERY_MS = 10_000;
const isIndexOpen = computed(() => Boolean(account.value) && route.value.page === "index");

export const feed = new Feed({
  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return new WebSocket(`${scheme}://${location.host}/v1/feed`, [SUBPROTOCOL]);
  },
  now: () => Date.now(),
  after(ms, wake) {
    const waiting = setTimeout(wake, ms);
    return () => clearTimeout(waiting);
  },
  fraction: () => Math.random(),
});

/** Where to go after signing in: the page that was asked for. */
let wantedPath = "/";

/** Finds out who is signed in, and starts. */
export async function startService() {
  onSignedOut(leave);
  feed.onTime = hearTime;
  feed.onHeld = (hold) => {
    held.value = hold;
  };
  feed.onConnection = (next) => {
    const hasJustFailed = next.state === "lost" && next.failures > connection.value.failures;
    connection.value = next;
    // A refused socket does not say why; a session that ended is the likeliest reason.
    if (hasJustFailed) void readStatus();
  };
  feed.subscribe("tiles", undefined, (message) => {
    if (message.type === "tiles") hearTiles(message.tiles, message.removed);
    if (message.type === "gap") void readTiles();
  });
  addEventListener("online", () => feed.start());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !account.value) return;
    feed.start();
    if (isIndexOpen.value) void readStatus();
  });
  effect(() => {
    if (!isIndexOpen.value) return;
    void readStatus();
    const timer = setInterval(() => !document.hidden && void readStatus(), STATUS_EVERY_MS);
    return () => clearInterval(timer);
  });
  try {
    const session = await call<{ account: { id: string; name: string } }>("/session");
    enter(session.account);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    leave();
  }
}

function enter(who: { id: string; name: string }) {
  account.value = who;
  feed.start();
  void readTiles();
}

function leave() {
  feed.stop();
  forgetTiles();
  status.value = null;
  held.value = null;
  account.value = null;
  if (route.value.page === "sign-in") return;
  wantedPath = location.pathname + location.search + location.hash;
  go("/sign-in", true);
}

/** Signs in by a link's secret, a password or a token. Throws the server's refusal. */
export async function signIn(proof: { link: string } | { password: string } | { token: string }) {
  const session = await call<{ account: { id: string; name: string } }>("/session", {
    method: "POST",
    body: proof,
  });
  enter(session.account);
  go(wantedPath, true);
}

/** Ends this browser's session. */
export async function signOut() {
  await call("/session", { method: "DELETE" });
  leave();
}

/** Reads what the service says of itself; the page in hand stays if it does not answer. */
async function readStatus() {
  try {
    status.value = await call<StatusView>("/status");
  } catch {
    // The connection in the header says that nobody answers.
  }
}

/** Reads every ticker's state afresh. */
export async function readTiles() {
  try {
    const views = await callAll<TickerView>("/tickers");
    hearTiles(
      views.map((view) => view.tile),
      [],
      true,
    );
  } catch {
    // As above.
  }
}
