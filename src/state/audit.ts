// Who did what, when, from where, and what came of it: the rows of the one audit log and the questions about them.
// Rows hold names, revisions and masked differences, never a secret; they are appended and only retention removes them.

/** How it ended. `refused` is what the gateway did not let happen; `intent` stands before a change that follows. */
export type AuditStatus = 'success' | 'failed' | 'refused' | 'intent';

export interface AuditRow {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Dotted, the general first: `auth.login.failed`, `config.change`. */
  readonly action: string;
  /** `key:ops`, `token`, `login`, `anonymous`, `cli`, `system`, `git`. */
  readonly actor: string;
  readonly status: AuditStatus;
  readonly address?: string | null;
  readonly requestId?: string | null;
  /** What it was done to: a file, a pointer, a secret's name, a route. */
  readonly target?: string | null;
  /** Revision of the configuration before and after. */
  readonly before?: string | null;
  readonly after?: string | null;
  /** Facts and masked differences; becomes JSON of at most 64 KiB. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A row as it is kept. */
export interface StoredAudit extends Required<Omit<AuditRow, 'details'>> {
  readonly id: number;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Members are joined by "and"; times are epoch milliseconds, `from` inclusive, `to` exclusive. */
export interface AuditFilter {
  /** The whole action, or its beginning up to a dot: `auth` finds `auth.login.failed`. */
  readonly action?: string;
  readonly actor?: string;
  readonly target?: string;
  readonly status?: AuditStatus;
  readonly requestId?: string;
  readonly from?: number;
  readonly to?: number;
}

export interface AuditLog {
  /** Resolves when the row is durable. Rejects when it never will be. */
  append(row: AuditRow): Promise<void>;
}

/** Longer details are cut: one change of a large file must not fill the log. */
const maxDetails = 64 * 1024;

/** Details as the text that is stored. */
export function renderDetails(details: AuditRow['details']): string {
  const text = JSON.stringify(details ?? {});
  if (text.length <= maxDetails) return text;
  return JSON.stringify({ truncated: true, beginning: text.slice(0, maxDetails / 2) });
}

/** What an omitted member is stored as. */
export function completeAudit(row: AuditRow, id: number): StoredAudit {
  const { address = null, requestId = null, target = null, before = null, after = null } = row;
  const details = JSON.parse(renderDetails(row.details)) as StoredAudit['details'];
  const { at, action, actor, status } = row;
  return { id, at, action, actor, status, address, requestId, target, before, after, details };
}

/** Whether a row is one of those that the filter asks for; the SQL says the same. */
export function matchesAudit(row: StoredAudit, { action, from, to, ...equal }: AuditFilter): boolean {
  if (action !== undefined && row.action !== action && !row.action.startsWith(`${action}.`)) return false;
  if (from !== undefined && row.at < from) return false;
  if (to !== undefined && row.at >= to) return false;
  return (Object.keys(equal) as (keyof typeof equal)[]).every(
    (name) => equal[name] === undefined || row[name] === equal[name],
  );
}
