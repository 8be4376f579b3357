// GET /api/compliance/audit-log: the audit log newest first, as the contract spells its rows; paging in headers.
import { GatewayError } from '../../errors.ts';
import type { AuditFilter, AuditStatus, StoredAudit } from '../../state/audit.ts';
import type { Reader } from '../../state/queries.ts';

export interface AuditPage {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly headers: Readonly<Record<string, string>>;
}

const statuses: readonly AuditStatus[] = ['success', 'failed', 'refused', 'intent'];

/** Throws GatewayError 400 for a parameter that is none. */
export async function viewAudit(reader: Reader, query: URLSearchParams): Promise<AuditPage> {
  const limit = readNumber(query, 'limit', 50, 1, 500);
  const offset = readNumber(query, 'offset', 0, 0, 10_000);
  const { rows, total } = await reader.query('audit', { ...readFilter(query), limit, offset });
  return {
    rows: rows.map(renderRow),
    headers: {
      'x-total-count': String(total),
      'x-page-limit': String(limit),
      'x-page-offset': String(offset),
    },
  };
}

function renderRow(row: StoredAudit): Readonly<Record<string, unknown>> {
  const { id, at, action, actor, status, address, requestId, target, before, after, details } = row;
  const timestamp = new Date(at).toISOString();
  const revisions = { revisionBefore: before, revisionAfter: after };
  return {
    id,
    timestamp,
    action,
    actor,
    status,
    target,
    details,
    ip_address: address,
    requestId,
    ...revisions,
  };
}

function readFilter(query: URLSearchParams): AuditFilter {
  const texts = Object.fromEntries(
    (['action', 'actor', 'target', 'requestId'] as const).flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value.slice(0, 500)]];
    }),
  );
  const status = query.get('status') || undefined;
  if (status !== undefined && !statuses.some((known) => known === status))
    throw new GatewayError('invalid_body', `"status" is one of ${statuses.join(', ')}`, { param: 'status' });
  const from = readTime(query, 'from') ?? readTime(query, 'since');
  const to = readTime(query, 'to') ?? readTime(query, 'until');
  return {
    ...texts,
    ...(status === undefined ? {} : { status: status as AuditStatus }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** ISO 8601 or epoch milliseconds. */
function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(time)) throw new GatewayError('invalid_body', `"${name}" is no time`, { param: name });
  return time;
}

function readNumber(
  query: URLSearchParams,
  name: string,
  usual: number,
  least: number,
  most: number,
): number {
  const text = query.get(name);
  if (text === null || text === '') return usual;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new GatewayError('invalid_body', `"${name}" must be ${least} to ${most}`, { param: name });
  return value;
}
