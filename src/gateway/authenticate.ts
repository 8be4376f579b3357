// Key → principal. Keys are looked up by their SHA-256 digest: how long that takes depends on the digest of what was
// sent, from which nothing about a declared key can be learned.
import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Principal } from '../routing/facts.ts';
import { anonymous, createPrincipal, findKeyFault } from '../routing/principal.ts';
import type { ClientKey, Snapshot } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { checkAnonymous, isOpen } from './guard.ts';
import { readHeader, type Incoming } from './incoming.ts';
import { checkLock, countBadCredential, forgive } from './lockout.ts';

/**
 * The caller, by the rules of "Safe exposure". Throws 401, 403 for a good key at the wrong time or an anonymous call from
 * elsewhere, and 429 for an address that guessed too often.
 */
export function authenticate({ world }: Gateway, exchange: Exchange): Principal {
  const { snapshot, incoming, route, at, address } = exchange;
  // Every SDK insists on sending some key: where nobody declared one, what it sends means nothing.
  if (isOpen(snapshot)) return anonymous;
  const credential = readCredential(incoming, route.protocol === 'anthropic-messages');
  if (credential === undefined) {
    if (snapshot.access.requireApiKey) {
      throw new GatewayError(
        'missing_api_key',
        'This gateway requires a key: send Authorization: Bearer <key>.',
      );
    }
    checkAnonymous(exchange);
    return anonymous;
  }
  checkLock(world, address, at);
  const entry = findKey(snapshot, credential);
  if (!entry) {
    countBadCredential(world, address, snapshot, at);
    throw new GatewayError('invalid_api_key', 'The key is not one that the configuration declares.');
  }
  forgive(world, address, at);
  checkKey(entry, at);
  return principalOf(entry);
}

/** The declared key, by the digest of what was sent; also the management API asks here. */
export function findKey(snapshot: Snapshot, credential: string): ClientKey | undefined {
  let known = recognized.get(snapshot);
  if (!known) recognized.set(snapshot, (known = new Map()));
  const before = known.get(credential);
  if (before) return before;
  const key = snapshot.keys.get(hash('sha256', credential, 'hex'));
  if (key) known.set(credential, key);
  return key;
}

/**
 * Credentials that were good, as long as their snapshot lives: a digest costs 2 µs between two requests, more than all else
 * of this stage. A wrong one is never kept, so there are at most as many as declared keys; how long a search takes
 * depends on a hash that is seeded for each process.
 */
const recognized = new WeakMap<Snapshot, Map<string, ClientKey>>();

/** Throws what is wrong with a key that is known. */
export function checkKey(key: ClientKey, now: number): void {
  const fault = findKeyFault(key, now);
  if (!fault) return;
  const { code, message, retryAfter } = fault;
  throw new GatewayError(code, message, retryAfter === undefined ? {} : { retryAfter });
}

// One choice, never a second try: two credentials in one request must not be a way to guess twice.
function readCredential({ headers, query }: Incoming, anthropicFirst: boolean): string | undefined {
  return (
    (anthropicFirst ? nonEmpty(readHeader(headers, 'x-api-key')) : undefined) ??
    readBearer(readHeader(headers, 'authorization')) ??
    nonEmpty(readHeader(headers, 'x-api-key')) ??
    nonEmpty(readHeader(headers, 'x-goog-api-key')) ??
    nonEmpty(readHeader(headers, 'api-key')) ??
    (query.includes('key=') ? nonEmpty(new URLSearchParams(query).get('key') ?? undefined) : undefined)
  );
}

function readBearer(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  // As nearly everybody writes it.
  if (value.startsWith('Bearer ')) return nonEmpty(value.slice(7));
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
  let principal = principals.get(entry);
  if (!principal) {
    principal = createPrincipal(entry);
    principals.set(entry, principal);
  }
  return principal;
}
