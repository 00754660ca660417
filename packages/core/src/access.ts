// Who is asking, and may they. Turns the parts of a request into an Actor, signs browsers in and
// out, and holds the one table of what a scope permits. Whose object it is, is part of every store
// query (`owner`), so a stranger's things are simply not there. HTTP's own checks (Origin, Host)
// are in api/guard.ts.

import type { Credential, Scope } from "./account.ts";
import { issueCredential, sameHash, secretKind, sha256 } from "./credential.ts";
import { VisibleError } from "./error.ts";
import type { Platform } from "./platform.ts";
import { makeRate, type Rate, spend } from "./rate.ts";

export type Actor = {
  /** Account id: the owner in every query. */
  account: string;
  scopes: Scope[];
  via: "token" | "session" | "ticket" | "operator";
  /** Shown in the record of what was done: `token deploy`. */
  name: string;
  /** What must still be there for this to be true: of a ticket, what the ticket was asked for with. */
  credentialId: string | null;
  /** What this actor hands on (tokens, sessions, tickets) may not outlive it. */
  expiresAt: number | null;
};

/** What the operator said when starting the service. Texts are hashed before they are compared. */
export type Operator = {
  /** The account the operator acts as. */
  owner: string;
  token: string | null;
  password: string | null;
};

export type Action =
  | "read"
  | "write"
  /** Tokens and secrets: what outlives the request that made it. */
  | "hand-on";

/** The scope each action needs. */
export const SCOPE: Record<Action, Scope> = { read: "read", write: "write", "hand-on": "write" };

/** May this actor do that, to what is theirs? */
export const can = (actor: Actor, action: Action): boolean => actor.scopes.includes(SCOPE[action]);

/** Throws unless the actor is known and may. */
export function demand(actor: Actor | null, action: Action): Actor {
  if (!actor) {
    throw new VisibleError(
      "unauthenticated",
      "Nobody is signed in. Send a token as `Authorization: Bearer tkr_...`, or sign in.",
    );
  }
  if (!can(actor, action)) {
    throw new VisibleError(
      "forbidden",
      `This ${actor.via} may only ${actor.scopes.join(" and ")}; that needs the scope "${SCOPE[action]}".`,
    );
  }
  return actor;
}

export const SESSION_LIFE_MS = 30 * 24 * 3600 * 1000;
export const TICKET_LIFE_MS = 30_000;
export const LINK_LIFE_MS = 3600 * 1000;
const ALL: Scope[] = ["read", "write"];

/** Where a credential may stand in a request; each as it came, or null. */
export type Proof = { bearer: string | null; session: string | null; ticket: string | null };

export type Access = {
  /** Null: no proof at all. Throws `unauthenticated` for a proof that is wrong. */
  authenticate(proof: Proof): Promise<Actor | null>;
  /** Opens a session by link, password or token. `address`: who tries, for the rate limit. */
  signIn(
    by: { link: string } | { password: string } | { token: string },
    address: string,
  ): Promise<{ secret: string; expiresAt: number; actor: Actor }>;
  signOut(actor: Actor): Promise<void>;
  /** Is what this actor proved itself with still good? Asked again by whoever stays, as sockets do. */
  holds(actor: Actor): Promise<boolean>;
};

/** Passwords tried from all addresses together: who has many addresses has no more tries a day than this. */
const GUESSES = { burst: 60, perSecond: 1 };

/** `attempts` limits passwords and wrong proofs, by address. */
export function makeAccess(platform: Platform, operator: Operator, attempts: Rate): Access {
  const guesses = makeRate(platform.clock, GUESSES.burst, GUESSES.perSecond);
  const hashOf = (text: string | null) => (text === null ? null : sha256(text));
  const tokenHash = hashOf(operator.token);
  const passwordHash = hashOf(operator.password);
  const theOperator: Actor = {
    account: operator.owner,
    scopes: ALL,
    via: "operator",
    name: "operator",
    credentialId: null,
    expiresAt: null,
  };

  async function byBearer(secret: string): Promise<Actor> {
    const expected = await tokenHash;
    if (expected !== null && sameHash(expected, await sha256(secret))) return theOperator;
    const actor = await lookUp(platform, secret, "token");
    if (actor) return actor;
    throw new VisibleError(
      "unauthenticated",
      "That token is not known: expired, revoked or mistyped.",
    );
  }

  async function authenticate(proof: Proof): Promise<Actor | null> {
    if (proof.bearer !== null) return byBearer(proof.bearer);
    if (proof.ticket !== null) {
      const actor = await lookUp(platform, proof.ticket, "ticket");
      if (actor) return actor;
      throw new VisibleError(
        "unauthenticated",
        "That ticket is used up or too old: ask for another.",
      );
    }
    // A stale cookie is sent by browsers without anybody wanting it to count: it is as good as
    // none.
    return proof.session === null ? null : lookUp(platform, proof.session, "session");
  }

  async function proven(by: { link: string } | { password: string } | { token: string }) {
    if ("token" in by) return byBearer(by.token);
    if ("link" in by) {
      const actor = await lookUp(platform, by.link, "link");
      if (actor) return { ...actor, expiresAt: null };
      throw new VisibleError("unauthenticated", "That sign-in link is used up or too old.");
    }
    const expected = await passwordHash;
    if (expected !== null && sameHash(expected, await sha256(by.password))) return theOperator;
    throw new VisibleError("unauthenticated", "That is not the password.");
  }

  /** A password can be guessed: it is paid for before it is known whether it was right. */
  function guessed(by: { password: string }, address: string): Promise<Actor> {
    spend(attempts, `sign-in ${address}`, "attempts to sign in");
    spend(guesses, "all", "attempts to sign in");
    return proven(by);
  }

  /** Nobody guesses a link or a token: a right one is let in however many wrong ones came before it. */
  async function shown(by: { link: string } | { token: string }, address: string): Promise<Actor> {
    try {
      return await proven(by);
    } catch (error) {
      spend(attempts, `proof ${address}`, "wrong links and tokens");
      throw error;
    }
  }

  return {
    authenticate,
    async signIn(by, address) {
      const actor = await ("password" in by ? guessed(by, address) : shown(by, address));
      const latest = platform.clock.now() + SESSION_LIFE_MS;
      const expiresAt = Math.min(latest, actor.expiresAt ?? latest);
      const { secret, credential } = await issueCredential(platform, {
        kind: "session",
        owner: actor.account,
        name: sessionName(actor),
        scopes: actor.scopes,
        expiresAt,
      });
      return { secret, expiresAt, actor: actorOf(credential) };
    },
    async signOut(actor) {
      if (actor.via !== "session" || actor.credentialId === null) return;
      await platform.store.removeCredential(actor.account, actor.credentialId);
      platform.broadcast.revoked(actor.account);
    },
    async holds({ account, credentialId }) {
      if (credentialId === null) return true;
      const now = platform.clock.now();
      const kept = await platform.store.listCredentials(account, ["token", "session"]);
      return kept.some(({ id, expiresAt }) => id === credentialId && (expiresAt ?? Infinity) > now);
    },
  };
}

/** Removes a token and the sessions that were opened with it. False: there is no such token. */
export async function revokeToken(platform: Platform, owner: string, id: string): Promise<boolean> {
  const tokens = await platform.store.listCredentials(owner, ["token"]);
  if (!tokens.some((token) => token.id === id)) return false;
  for (const session of await platform.store.listCredentials(owner, ["session"])) {
    if (session.name === `token ${id}`) await platform.store.removeCredential(owner, session.id);
  }
  const removed = await platform.store.removeCredential(owner, id);
  platform.broadcast.revoked(owner);
  return removed;
}

/** Sessions remember the token they came from, so that revoking it ends them too. */
const sessionName = (actor: Actor): string =>
  actor.via === "token" ? `token ${actor.credentialId}` : actor.via;

/** A ticket remembers what it was asked for with, for its socket is to end with that. */
export const ticketName = (actor: Actor): string =>
  actor.credentialId === null ? actor.via : `${actor.via} ${actor.credentialId}`;

async function lookUp(
  platform: Platform,
  secret: string,
  kind: "token" | "session" | "link" | "ticket",
): Promise<Actor | null> {
  if (secretKind(secret) !== kind) return null;
  const credential = await platform.store.useCredential(
    await sha256(secret),
    [kind],
    platform.clock.now(),
    kind === "link" || kind === "ticket",
  );
  return credential && actorOf(credential);
}

function actorOf(credential: Credential): Actor {
  const via = credential.kind === "link" ? "session" : credential.kind;
  return {
    account: credential.owner,
    scopes: credential.scopes,
    via,
    name: `${via} ${credential.name}`,
    credentialId:
      credential.kind === "ticket" ? (credential.name.split(" ")[1] ?? null) : credential.id,
    expiresAt: credential.expiresAt,
  };
}
