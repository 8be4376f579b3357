// The schema of the state database as a list of steps. A step that was released is never edited: add the next one.
import { tokenKinds } from '../batch.ts';

export interface Migration {
  /** What it changes, for the error message when it fails. */
  readonly title: string;
  readonly sql: string;
}

/** SQL spelling of a token kind: `cacheWrite1h` → `cache_write_1h_tokens`. */
export function tokenColumn(kind: (typeof tokenKinds)[number]): string {
  return `${kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace('1h', '_1h')}_tokens`;
}

const counterColumns = `
  hour INTEGER NOT NULL,
  key TEXT NOT NULL,
  provider TEXT NOT NULL,
  connection TEXT NOT NULL,
  model TEXT NOT NULL,
  requests INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  ${tokenKinds.map((kind) => `${tokenColumn(kind)} INTEGER NOT NULL,`).join('\n  ')}
  last_at INTEGER NOT NULL,
  PRIMARY KEY (hour, key, provider, connection, model)`;

/** In order; the version of a database is the number of steps it has taken (`PRAGMA user_version`). */
export const migrations: readonly Migration[] = [
  {
    title: 'usage rows, their counters, slices of the world',
    // What the fold reads stands first, long texts last: SQLite walks a row from its beginning. Each index costs every
    // request CPU in the writer thread; whoever filters by key reads along the time.
    // AUTOINCREMENT: an id is never used twice, else rows that follow a complete clean-up would lie below the watermark.
    sql: `
CREATE TABLE usage (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  key TEXT,
  provider TEXT,
  connection TEXT,
  model TEXT,
  status INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  cost INTEGER,
  ${tokenKinds.map((kind) => `${tokenColumn(kind)} INTEGER`).join(',\n  ')},
  request_id TEXT NOT NULL,
  revision TEXT NOT NULL,
  secret_epoch INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  operation TEXT NOT NULL,
  requested_model TEXT NOT NULL,
  error_code TEXT,
  stream INTEGER NOT NULL,
  facts TEXT NOT NULL,
  reasons TEXT NOT NULL,
  attempts TEXT NOT NULL,
  marks TEXT NOT NULL
) STRICT;
CREATE INDEX usage_at ON usage (at);
CREATE INDEX usage_request ON usage (request_id);
CREATE INDEX usage_failed ON usage (id) WHERE status >= 400;

CREATE TABLE counters (${counterColumns}
) STRICT, WITHOUT ROWID;
-- The fold of rows that retention removed, so that counters = retired + fold(usage) stays provable.
CREATE TABLE retired (${counterColumns}
) STRICT, WITHOUT ROWID;

CREATE TABLE slices (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- watermark: the last usage id that counters contain. writer/<session>: the last batch that a writer has written.
CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO marks (name, value) VALUES ('watermark', 0);
`,
  },
  {
    title: 'the audit log and the secret store',
    sql: `
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  status TEXT NOT NULL,
  address TEXT,
  request_id TEXT,
  target TEXT,
  "before" TEXT,
  "after" TEXT,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);

-- Envelopes only: the key is never in the database.
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  envelope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    title: 'no index over request ids',
    // An id says when it was made, and the index over times finds that; a second index costs every request CPU.
    sql: 'DROP INDEX usage_request;',
  },
  {
    title: 'reasons that many rows share',
    // No row behind last_usage names the text.
    sql: `
CREATE TABLE texts (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE,
  last_usage INTEGER NOT NULL
) STRICT;
-- Retention asks after every small portion of rows which texts may go.
CREATE INDEX texts_last ON texts (last_usage);
`,
  },
];
