// A declared key → who calls, as rules see it, and whether it may call now. Authentication, `explain` and tests must agree.
import type { ErrorCode } from '../errors.ts';
import type { Principal } from './facts.ts';
import type { ClientKey } from './snapshot.ts';

/** A caller without a key, on a gateway that serves such. */
export const anonymous: Principal = Object.freeze({
  role: 'anonymous',
  tags: Object.freeze({}),
  noLog: false,
});

export function createPrincipal(key: ClientKey): Principal {
  const { id, tags, models, connections, limits, role = 'inference', noLog = false } = key;
  return {
    key: id,
    role,
    tags,
    noLog,
    ...(models && { models }),
    ...(connections && { connections }),
    ...(limits && { limits }),
  };
}

/** Why a key that is known is not accepted; `retryAfter` in seconds. */
export interface KeyFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfter?: number;
}

/** What is wrong with a known key at this moment. */
export function findKeyFault(
  { id, enabled, expires, schedule }: ClientKey,
  now: number,
): KeyFault | undefined {
  if (!enabled) return { code: 'key_disabled', message: `The key "${id}" is switched off.` };
  if (expires !== undefined && now >= expires) {
    const message = `The key "${id}" expired on ${new Date(expires).toISOString()}.`;
    return { code: 'key_expired', message };
  }
  if (!schedule || schedule.isOpen(now)) return undefined;
  const opens = schedule.nextChange(now);
  const message = `The key "${id}" is not valid at this time.`;
  if (opens === undefined) return { code: 'key_outside_schedule', message };
  return {
    code: 'key_outside_schedule',
    message,
    retryAfter: Math.max(1, Math.ceil((opens - now) / 1000)),
  };
}
