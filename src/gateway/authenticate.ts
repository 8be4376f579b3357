// Key → principal. Keys are looked up by their SHA-256 digest: how long that takes depends on the digest of what was
// sent, from which nothing about a declared key can be learned.
import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Principal } from '../routing/facts.ts';
import type { ClientKey } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import { isOpen } from './guard.ts';
import { readHeader, type Incoming } from './incoming.ts';

const anonymous: Principal = { role: 'anonymous', tags: {}, noLog: false };

/** The caller, by the rules of "Safe exposure". Throws 401, or 403 for a good key at the wrong time. */
export function authenticate({ snapshot, incoming, route, at }: Exchange): Principal {
  // Every SDK insists on sending some key: where nobody declared one, what it sends means nothing.
  if (isOpen(snapshot)) return anonymous;
  const credential = readCredential(incoming, route.protocol === 'anthropic-messages');
  if (credential === undefined) {
    if (!snapshot.access.requireApiKey) return anonymous;
    throw new GatewayError(
      'missing_api_key',
      'This gateway requires a key: send Authorization: Bearer <key>.',
    );
  }
  const entry = snapshot.keys.get(hash('sha256', credential, 'hex'));
  if (!entry)
    throw new GatewayError('invalid_api_key', 'The key is not one that the configuration declares.');
  if (!entry.enabled) throw new GatewayError('key_disabled', `The key "${entry.id}" is switched off.`);
  checkTime(entry, at);
  return principalOf(entry);
}

function checkTime({ id, expires, schedule }: ClientKey, now: number): void {
  if (expires !== undefined && now >= expires) {
    throw new GatewayError('key_expired', `The key "${id}" expired on ${new Date(expires).toISOString()}.`);
  }
  if (!schedule || schedule.isOpen(now)) return;
  const opens = schedule.nextChange(now);
  throw new GatewayError('key_outside_schedule', `The key "${id}" is not valid at this time.`, {
    ...(opens === undefined ? {} : { retryAfter: Math.max(1, Math.ceil((opens - now) / 1000)) }),
  });
}

// One choice, never a second try: two credentials in one request must not be a way to guess twice.
function readCredential({ headers, query }: Incoming, anthropicFirst: boolean): string | undefined {
  const bearer = readBearer(readHeader(headers, 'authorization'));
  const apiKey = nonEmpty(readHeader(headers, 'x-api-key'));
  const first = anthropicFirst ? (apiKey ?? bearer) : (bearer ?? apiKey);
  return (
    first ??
    nonEmpty(readHeader(headers, 'x-goog-api-key')) ??
    nonEmpty(readHeader(headers, 'api-key')) ??
    (query.includes('key=') ? nonEmpty(new URLSearchParams(query).get('key') ?? undefined) : undefined)
  );
}

function readBearer(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const space = value.indexOf(' ');
  return space > 0 && value.slice(0, space).toLowerCase() === 'bearer'
    ? nonEmpty(value.slice(space + 1))
    : undefined;
}

function nonEmpty(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}

const principals = new WeakMap<ClientKey, Principal>();

function principalOf(entry: ClientKey): Principal {
  const known = principals.get(entry);
  if (known) return known;
  const { id, tags, models, connections, role = 'inference', noLog = false } = entry;
  const principal: Principal = {
    key: id,
    role,
    tags,
    noLog,
    ...(models ? { models } : {}),
    ...(connections ? { connections } : {}),
  };
  principals.set(entry, principal);
  return principal;
}
