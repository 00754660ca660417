// The tables, as numbered migrations. A migration that has shipped is never edited: add the next one.
// `ticker` in the tables is the row number of tickers.key: short, so that a run's key is a few bytes.

export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE accounts (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;

CREATE TABLE credentials (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
  hash TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER, last_used_at INTEGER
) STRICT;
CREATE INDEX credentials_hash ON credentials (hash);
CREATE INDEX credentials_owner ON credentials (owner, created_at, id);
CREATE INDEX credentials_expiry ON credentials (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tickers (
  key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
  page INTEGER, name TEXT NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
  keep_runs INTEGER NOT NULL, keep_failures INTEGER NOT NULL, tags TEXT NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tickers_page ON tickers (owner, page) WHERE page IS NOT NULL;
CREATE UNIQUE INDEX tickers_name ON tickers (owner, name) WHERE deleted_at IS NULL;
CREATE INDEX tickers_place ON tickers (owner, ifnull(page, 1000000), id);
CREATE INDEX tickers_bin ON tickers (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE statuses (
  ticker INTEGER PRIMARY KEY, state TEXT NOT NULL, stop_reason TEXT, revision INTEGER NOT NULL,
  anchor_at INTEGER NOT NULL, next_due_at INTEGER, run_number INTEGER NOT NULL,
  active TEXT, queued TEXT, failures_in_row INTEGER NOT NULL, last_run_number INTEGER,
  last_outcome TEXT, last_finished_at INTEGER, open_record TEXT, open_reason TEXT,
  pruned_to INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX statuses_due ON statuses (next_due_at)
  WHERE state = 'started' AND next_due_at IS NOT NULL;

-- Rows in the order they were made, and found by id through the due time: what is written together lies
-- together. Clustered by ticker, each of a thousand runs a second dirtied two pages of its own, and
-- claim + finish was 1.6 times slower.
CREATE TABLE runs (
  key INTEGER PRIMARY KEY, ticker INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  trigger TEXT NOT NULL, due_at INTEGER NOT NULL, due_until_at INTEGER NOT NULL,
  count INTEGER NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL, lease_holder TEXT,
  lease_until_at INTEGER, retry_at INTEGER, kill_asked_at INTEGER, started_at INTEGER,
  finished_at INTEGER, late_ms REAL, cpu_ms REAL, outcome TEXT, failed INTEGER NOT NULL,
  reason TEXT, error TEXT, seq INTEGER NOT NULL, output_bytes INTEGER NOT NULL,
  dropped_bytes INTEGER NOT NULL, metrics TEXT, progress REAL, last_line TEXT, events TEXT
) STRICT;
CREATE UNIQUE INDEX runs_number ON runs (ticker, number);
CREATE INDEX runs_due ON runs (due_at, ticker);
CREATE INDEX runs_failed ON runs (ticker, number) WHERE failed = 1;

CREATE TABLE chunks (
  ticker INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL, events TEXT NOT NULL,
  PRIMARY KEY (ticker, number, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE tallies (
  owner TEXT NOT NULL, minute_at INTEGER NOT NULL, succeeded INTEGER NOT NULL,
  failed INTEGER NOT NULL, skipped INTEGER NOT NULL, missed INTEGER NOT NULL,
  PRIMARY KEY (owner, minute_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX tallies_minute ON tallies (minute_at);

CREATE TABLE kept (
  ticker INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (ticker, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  owner TEXT NOT NULL, name TEXT NOT NULL, sealed TEXT NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
`,
];
