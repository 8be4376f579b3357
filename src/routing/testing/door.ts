// What the door of a gateway says to a request of a test, before anything is decided: its address, then its key.
import type { ErrorCode } from '../../errors.ts';
import type { Reason, Refusal } from '../decision.ts';
import { isAdmitted } from '../ip-filter.ts';
import { findKeyFault, type KeyFault } from '../principal.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Snapshot } from '../snapshot.ts';
import type { MutableWorld } from '../world/world.ts';

/** Who comes; `key` is the id of a declared key. */
export interface Visitor {
  readonly key?: string | undefined;
  readonly address: string;
}

/** Undefined lets the request in. */
export function checkDoor(
  { key, address }: Visitor,
  snapshot: Snapshot,
  world: Pick<MutableWorld, 'ban'>,
  now: number,
): Refusal | undefined {
  if (!isAdmitted(address, snapshot.access, world, now)) {
    const message = `The address ${address} is not served.`;
    return refuse('address_not_allowed', message, [{ code: 'address-not-allowed', message }]);
  }
  const fault = findFault(key, snapshot, now);
  if (!fault) return undefined;
  const { code, message, retryAfter } = fault;
  const at = snapshot.keys.values().find(({ id }) => id === key)?.at;
  const reason: ReasonCode = 'key-not-allowed';
  const reasons: Reason[] = key === undefined ? [] : [{ code: reason, message, rule: key, at }];
  return { ...refuse(code, message, reasons), ...(retryAfter !== undefined && { retryAfter }) };
}

function findFault(id: string | undefined, { keys, access }: Snapshot, now: number): KeyFault | undefined {
  const key = id === undefined ? undefined : keys.values().find((known) => known.id === id);
  if (key) return findKeyFault(key, now);
  if (id !== undefined) return { code: 'invalid_api_key', message: `There is no key "${id}".` };
  if (!access.requireApiKey) return undefined;
  return { code: 'missing_api_key', message: 'This gateway requires a key.' };
}

function refuse(code: ErrorCode, message: string, reasons: readonly Reason[]): Refusal {
  return { kind: 'refuse', code, message, reasons };
}
