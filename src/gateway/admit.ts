// A key's own limits: requests and tokens per window, requests and conversations at the same time. Asked before the body
// is read; a request that is refused here costs the key nothing.
import { GatewayError } from '../errors.ts';
import { renderDuration } from '../lib/duration.ts';
import type { KeyLimits, Rate } from '../routing/snapshot.ts';
import { sessionIdOf } from '../routing/world/sessions.ts';
import type { Exchange } from './exchange.ts';
import { findSession } from './facts.ts';
import type { Gateway } from './gateway.ts';

/** The window in which a key's tokens are counted; it begins with the first answer in it. */
const tokenWindow = 'tokens';

/** Takes the place that the key has for this request; the exchange gives it back. Throws 429 with Retry-After. */
export function admit(gateway: Gateway, exchange: Exchange): void {
  const { key, limits } = exchange.principal ?? {};
  if (key === undefined || limits === undefined) return;
  checkTokens(gateway, key, limits);
  checkSessions(gateway, exchange, key, limits);
  const { requests, concurrent } = limits;
  if (requests === undefined && concurrent === undefined) return;
  const ceiling = {
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(requests === undefined ? {} : { rate: requests }),
  };
  const slot = gateway.slots.take(`key ${key}`, ceiling);
  if (slot) {
    exchange.place = slot;
    return;
  }
  if (concurrent !== undefined && gateway.slots.running(`key ${key}`) >= concurrent) {
    throw refuse(`The key "${key}" may have ${concurrent} requests at the same time.`, 1000);
  }
  const wait = gateway.slots.delay(`key ${key}`, ceiling);
  throw refuse(`The key "${key}" may make ${renderRate(requests!)}.`, wait);
}

/** Counts what an answer cost against the key's window. */
export function chargeTokens({ world, clock }: Gateway, { principal }: Exchange, tokens: number): void {
  const limit = principal?.limits?.tokens;
  if (principal?.key === undefined || limit === undefined || tokens <= 0) return;
  const window = { window: tokenWindow, amount: tokens, limit: limit.count, length: limit.per };
  world.record({ kind: 'quota-spent', connection: `key:${principal.key}`, windows: [window] }, clock.now());
}

function checkTokens({ world, clock }: Gateway, key: string, { tokens }: KeyLimits): void {
  if (tokens === undefined) return;
  const now = clock.now();
  const { used = 0, resetAt = 0 } = world.quota(`key:${key}`)?.[tokenWindow] ?? {};
  if (resetAt <= now || used < tokens.count) return;
  throw refuse(`The key "${key}" has used its tokens (${renderRate(tokens)}).`, resetAt - now);
}

function checkSessions({ world, clock }: Gateway, exchange: Exchange, key: string, limits: KeyLimits): void {
  const named = limits.sessions === undefined ? undefined : findSession(exchange.incoming);
  if (named === undefined) return;
  const now = clock.now();
  const { ttl } = exchange.snapshot.sessions;
  const id = sessionIdOf(key, `ext:${named}`);
  if (world.session(id, now, ttl)) return;
  const own = world.sessions(now, ttl).filter((session) => session.id.startsWith(`${key} `));
  if (own.length < limits.sessions!) return;
  const quietest = Math.min(...own.map(({ at }) => at));
  throw refuse(
    `The key "${key}" may have ${limits.sessions} conversations at the same time.`,
    quietest + ttl - now,
  );
}

function refuse(message: string, wait: number): GatewayError {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return new GatewayError('rate_limit_exceeded', `${message} Try again in ${seconds} s.`, {
    retryAfter: seconds,
  });
}

function renderRate({ count, per }: Rate): string {
  return `${count} per ${renderDuration(per)}`;
}
