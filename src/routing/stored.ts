// A usage row → what routing knew about the request then. The row's columns say some of it; `facts` holds the rest.
import { isObject, parseJson } from '../lib/json.ts';
import { operations, protocolNames } from '../protocols/capabilities.ts';
import type { Reason } from './decision.ts';
import type { Facts } from './facts.ts';
import type { UsageRow } from './ports.ts';
import { anonymous, createPrincipal } from './principal.ts';
import type { Snapshot } from './snapshot.ts';

/** One upstream call as a row tells it. */
export interface StoredAttempt {
  readonly target: string;
  readonly class?: string;
  readonly status?: number;
  readonly milliseconds?: number;
}

/** Undefined when the request left no trace, or the row is of another version. */
export function readStoredFacts(row: UsageRow, { keys }: Snapshot): Facts | undefined {
  const more = parseJson(row.facts);
  const protocol = protocolNames.find((name) => name === row.protocol);
  const operation = operations.find((name) => name === row.operation);
  if (!isObject(more) || row.requestedModel === '' || !protocol || !operation) return undefined;
  const key = row.key === null ? undefined : keys.values().find(({ id }) => id === row.key);
  const principal = key ? createPrincipal(key) : anonymous;
  const model = row.requestedModel;
  // What a row holds is our own writing.
  const rest = more as Partial<Facts>;
  return {
    address: '',
    bodyBytes: 0,
    ...rest,
    model,
    protocol,
    operation,
    stream: row.stream,
    principal: rest.principal ?? principal,
  };
}

export function readStoredReasons(row: Pick<UsageRow, 'reasons'>): readonly Reason[] {
  const reasons = parseJson(row.reasons);
  return Array.isArray(reasons) ? (reasons as readonly Reason[]) : [];
}

export function readStoredAttempts(row: Pick<UsageRow, 'attempts'>): readonly StoredAttempt[] {
  const attempts = parseJson(row.attempts);
  return Array.isArray(attempts) ? (attempts as readonly StoredAttempt[]) : [];
}
