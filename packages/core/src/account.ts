// Who owns what, and how they prove it. A credential's secret is never stored: only its SHA-256.

export type Hold = { at: number; by: string; reason: string | null };

export type Account = {
  id: string;
  name: string;
  createdAt: number;
  /** Killall in force: nothing runs and nothing starts until release. */
  hold: Hold | null;
};

export type CredentialKind =
  | "token" // bearer, for programs
  | "session" // cookie, for browsers
  | "link" // one-time sign-in link
  | "ticket"; // one-time, short-lived, for a socket

export type Scope = "read" | "write";

export type Credential = {
  id: string;
  kind: CredentialKind;
  owner: string;
  name: string;
  /** Lower-case hex SHA-256 of the secret. */
  hash: string;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
};
