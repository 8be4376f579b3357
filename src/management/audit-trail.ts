// The one way into the audit log for everything that management sees: who asked from where is known here, and a flood
// of refusals becomes one row a minute.
import { AsyncLocalStorage } from 'node:async_hooks';
import { addressId } from '../routing/world/lockout.ts';
import type { Clock } from '../lib/clock.ts';
import type { AuditLog, AuditRow } from '../state/audit.ts';
import { untilDurable } from './durable.ts';

/** Where a request came from; every row that is written while it runs carries it. */
export interface AuditOrigin {
  readonly address: string;
  readonly requestId: string;
}

export type AuditEvent = Omit<AuditRow, 'at' | 'address' | 'requestId'> & { readonly at?: number };

export interface AuditTrail {
  /** Resolves when the row is durable; rejects when it never will be. For changes that must not happen unseen. */
  write(event: AuditEvent): Promise<void>;
  /** For what has happened already: a log that cannot be written is told to `report`, the caller goes on. */
  note(event: AuditEvent): void;
  /** Like `note`, at most once a minute for the same action, address and target. */
  refuse(event: Omit<AuditEvent, 'status'>): void;
  /** Runs with this origin. */
  within<Result>(origin: AuditOrigin, run: () => Promise<Result>): Promise<Result>;
}

const interval = 60_000;
const mostRemembered = 5_000;

export function createAuditTrail(log: AuditLog, clock: Clock, report: (error: unknown) => void): AuditTrail {
  const origins = new AsyncLocalStorage<AuditOrigin>();
  const refusals = new Map<string, { at: number; more: number }>();
  const write = (event: AuditEvent): Promise<void> => {
    const { address = null, requestId = null } = origins.getStore() ?? {};
    return untilDurable(log.append({ at: clock.now(), ...event, address, requestId }));
  };
  const note = (event: AuditEvent): void => void write(event).catch(report);
  return {
    write,
    note,
    refuse: (event) => {
      const now = clock.now();
      const id = [event.action, addressId(origins.getStore()?.address ?? ''), event.details?.['code']].join(
        ' ',
      );
      const last = refusals.get(id);
      if (last && now - last.at < interval) {
        last.more++;
        return;
      }
      refusals.delete(id);
      const [oldest] = refusals.keys();
      if (refusals.size >= mostRemembered && oldest !== undefined) refusals.delete(oldest);
      refusals.set(id, { at: now, more: 0 });
      const alike = last && last.more > 0 ? { alikeBefore: last.more } : {};
      note({ ...event, status: 'refused', details: { ...event.details, ...alike } });
    },
    within: (origin, run) => origins.run(origin, run),
  };
}
