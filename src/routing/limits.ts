// Everything with a ceiling that a request can meet: the key's own limits, the places at targets and accounts, what an
// account includes. One spelling of ids and windows for the gateway, for simulations and for what explains them.
import { renderDuration } from '../lib/duration.ts';
import type { Attempt } from './decision.ts';
import type { Connection, KeyLimits } from './snapshot.ts';
import type { Ceiling } from './slots.ts';
import type { MutableWorld } from './world/world.ts';

/** The window in which a key's tokens are counted; it begins with the first answer in it. */
export const tokenWindow = 'tokens';

/** The lane in which the requests of a key are counted. */
export function keyLane(key: string): string {
  return `key ${key}`;
}

/** Ceiling of that lane; undefined where the key has none of its kind. */
export function keyCeiling({ requests, concurrent }: KeyLimits): Ceiling | undefined {
  if (requests === undefined && concurrent === undefined) return undefined;
  return {
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(requests === undefined ? {} : { rate: requests }),
  };
}

/** The id under which the world counts the tokens of a key. */
export function keyCounter(key: string): string {
  return `key:${key}`;
}

/** Counts what an answer cost against the key's window. */
export function spendKeyTokens(
  world: MutableWorld,
  { key, limits }: { readonly key?: string; readonly limits?: KeyLimits },
  tokens: number,
  now: number,
): void {
  const limit = limits?.tokens;
  if (key === undefined || limit === undefined || tokens <= 0) return;
  const window = { window: tokenWindow, amount: tokens, limit: limit.count, length: limit.per };
  world.record({ kind: 'quota-spent', connection: keyCounter(key), windows: [window] }, now);
}

/** The name of a declared window of an account. */
export function quotaWindow(what: 'requests' | 'tokens', length: number): string {
  return `${what} per ${renderDuration(length)}`;
}

/** Counts calls or tokens against what the account includes. */
export function spendQuota(
  world: MutableWorld,
  { key, quota }: Pick<Connection, 'key' | 'quota'>,
  what: 'requests' | 'tokens',
  amount: number,
  now: number,
): void {
  const limit = quota?.[what];
  if (!quota || limit === undefined || amount === 0) return;
  const { window: length } = quota;
  const windows = [{ window: quotaWindow(what, length), amount, limit, length }];
  world.record({ kind: 'quota-spent', connection: key, windows }, now);
}

/** A lane that a call has to take a place in. */
export interface Place {
  readonly id: string;
  readonly ceiling: Ceiling;
}

/** Milliseconds in a queue when no combo says otherwise. */
const usualWait = 30_000;

/** How long a call may wait for its places, in milliseconds. */
export function queueTime({ queue }: Attempt): number {
  return queue?.timeout ?? usualWait;
}

/** Always the target's lane first: two calls that wait for each other's lanes cannot happen. */
export function listPlaces({ queue, connection: { key, maxConcurrent, pace } }: Attempt): readonly Place[] {
  // Where nothing is bounded, no call has to make a list of that.
  if (queue?.concurrent === undefined && maxConcurrent === undefined && !pace) return noPlaces;
  const places: Place[] = [];
  if (queue?.concurrent !== undefined)
    places.push({ id: queue.id, ceiling: { concurrent: queue.concurrent } });
  if (maxConcurrent !== undefined || pace) {
    const concurrent = Math.min(maxConcurrent ?? Infinity, pace?.concurrent ?? Infinity);
    places.push({ id: key, ceiling: { ...pace, concurrent } });
  }
  return places;
}

const noPlaces: readonly Place[] = Object.freeze([]);

/** What a call is told that has waited for its places in vain. */
export function describeWait({ target }: Attempt): string {
  return `No place at ${target} within the time that a call may wait.`;
}
