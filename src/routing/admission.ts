// A key's own limits: requests and tokens per window, requests and conversations at the same time. Asked before the body
// is read; a request that is refused here costs the key nothing.
import { renderDuration } from '../lib/duration.ts';
import type { Reason } from './decision.ts';
import type { Facts, Principal } from './facts.ts';
import { keyCeiling, keyCounter, keyLane, tokenWindow } from './limits.ts';
import type { Slot, Slots } from './slots.ts';
import type { KeyLimits, Rate, Snapshot } from './snapshot.ts';
import { sessionIdOf } from './world/sessions.ts';
import type { World } from './world/world.ts';

/** Why a key may make no request at this moment. */
export interface AdmissionFault {
  readonly limit: keyof KeyLimits;
  readonly message: string;
  /** Whole seconds, at least 1. */
  readonly retryAfter: number;
}

export interface AdmissionInput {
  readonly principal: Principal;
  readonly world: World;
  readonly slots: Slots;
  /** The conversation as the client calls it; asked only where the key's conversations are bounded. */
  readonly session: () => string | undefined;
  /** Milliseconds that a conversation is remembered. */
  readonly ttl: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The conversation, where the client has named it; what the gateway tells apart by itself is not counted. */
export function namedSession({ session }: Pick<Facts, 'session'>): string | undefined {
  return session?.startsWith('ext:') === true ? session : undefined;
}

/** Takes the place that the key has for this request, to be given back at its end; undefined where none is counted. */
export function admitKey(input: AdmissionInput): Slot | AdmissionFault | undefined {
  const { key, limits } = input.principal;
  if (key === undefined || limits === undefined) return undefined;
  const fault = checkTokens(input, key, limits) ?? checkSessions(input, key, limits);
  if (fault) return fault;
  const ceiling = keyCeiling(limits);
  if (!ceiling) return undefined;
  const { slots } = input;
  const lane = keyLane(key);
  const slot = slots.take(lane, ceiling);
  if (slot) return slot;
  const { requests, concurrent } = limits;
  if (concurrent !== undefined && slots.running(lane) >= concurrent) {
    return refuse('concurrent', `The key "${key}" may have ${concurrent} requests at the same time.`, 1000);
  }
  const wait = slots.delay(lane, ceiling);
  return refuse('requests', `The key "${key}" may make ${renderRate(requests!)}.`, wait);
}

/** The refusal as a reason, with the line of the key. */
export function describeFault(
  { message, retryAfter }: AdmissionFault,
  { key }: Principal,
  { keys }: Snapshot,
  now: number,
): Reason {
  const at = keys.values().find(({ id }) => id === key)?.at;
  const rule = key === undefined ? {} : { rule: key };
  return { code: 'key-limit', message, ...rule, until: now + retryAfter * 1000, at };
}

function checkTokens(
  { world, now }: AdmissionInput,
  key: string,
  { tokens }: KeyLimits,
): AdmissionFault | undefined {
  if (tokens === undefined) return undefined;
  const { used = 0, resetAt = 0 } = world.quota(keyCounter(key))?.[tokenWindow] ?? {};
  if (resetAt <= now || used < tokens.count) return undefined;
  const message = `The key "${key}" has used its tokens (${renderRate(tokens)}).`;
  return refuse('tokens', message, resetAt - now);
}

function checkSessions(
  { world, session, ttl, now }: AdmissionInput,
  key: string,
  { sessions }: KeyLimits,
): AdmissionFault | undefined {
  const named = sessions === undefined ? undefined : session();
  if (named === undefined || world.session(sessionIdOf(key, named), now, ttl)) return undefined;
  const own = world.sessions(now, ttl).filter(({ id }) => id.startsWith(`${key} `));
  if (own.length < sessions!) return undefined;
  const quietest = Math.min(...own.map(({ at }) => at));
  const message = `The key "${key}" may have ${sessions} conversations at the same time.`;
  return refuse('sessions', message, quietest + ttl - now);
}

function refuse(limit: keyof KeyLimits, message: string, wait: number): AdmissionFault {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return { limit, message: `${message} Try again in ${retryAfter} s.`, retryAfter };
}

export function renderRate({ count, per }: Rate): string {
  return `${count} per ${renderDuration(per)}`;
}
