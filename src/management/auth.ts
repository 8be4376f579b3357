// Who may use the management API: an admin key of the configuration, the token that a 0600 file in the data folder
// holds, or a login. Addresses that are not served and pages of other sites are refused before a credential is looked at.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../lib/folders.ts';
import { GatewayError } from '../errors.ts';
import { checkKey, findKey } from '../gateway/authenticate.ts';
import { isLoopbackHost, isOpen } from '../gateway/guard.ts';
import { isAdmitted } from '../routing/ip-filter.ts';
import { checkLock, countBadCredential, forgive } from '../gateway/lockout.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';
import type { Accounts } from './accounts.ts';
import { readCookie, type SessionTokens } from './session-token.ts';

/** Name of the token file inside the data folder. */
export const tokenFileName = 'management.token';

/** Name of the file that holds the key of login cookies. */
export const sessionKeyFileName = 'session.key';

/** Reads the token, or makes one at first use; the file is for the owner alone. */
export async function ensureManagementToken(
  dataFolder: string,
  name: typeof tokenFileName | typeof sessionKeyFileName = tokenFileName,
): Promise<string> {
  const path = join(dataFolder, name);
  const known = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  if (known.length >= 32) {
    await chmod(path, 0o600);
    return known;
  }
  const token = randomBytes(32).toString('base64url');
  ensureFolder(dataFolder);
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return token;
}

/** What a request says about where it comes from and who sends it. */
export interface ManagementRequest {
  readonly method: string;
  /** Of the client, as `findAddress` answered it. */
  readonly address: string;
  readonly host: string;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which no page can set. */
  readonly fetchSite: string | undefined;
  /** `Authorization: Bearer` or `x-api-key`. */
  readonly credential: string | undefined;
  /** The whole header. */
  readonly cookie: string | undefined;
  /** Whether a proxy has touched it. */
  readonly forwarded: boolean;
}

/** What the answer depends on besides the request. */
export interface ManagementDoor {
  readonly snapshot: Snapshot;
  /** Of the data folder. */
  readonly token: string;
  readonly world: MutableWorld;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly accounts: Accounts;
  readonly sessions: SessionTokens;
  /** `auth.requireLogin` */
  readonly requireLogin: boolean;
}

/** Who acts, for the audit. */
export interface Admission {
  /** `key:<id>`, `token`, `login`, or `loopback` where no login is required. */
  readonly actor: string;
  /** The login behind it. */
  readonly login?: { readonly id: string; readonly expiresAt: number };
}

/** Throws GatewayError 403 for an address, a host or a page of another site that is not served at all. */
export function checkDoor(request: ManagementRequest, { snapshot, world, now }: ManagementDoor): void {
  const { method, address, host, origin, fetchSite } = request;
  if (!isAdmitted(address, snapshot.access, world, now)) {
    throw new GatewayError('address_not_allowed', 'This address is not served.');
  }
  if (isOpen(snapshot) && !isLoopbackHost(host)) {
    throw new GatewayError('host_not_allowed', 'Without keys the gateway answers to loopback names only.');
  }
  // `null` is the origin of sandboxed frames and of redirects across sites: never ours.
  const foreign = origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
  const reads = method === 'GET' || method === 'HEAD';
  // A page of another site may link to us; it may not send anything, nor read.
  const crosses = fetchSite !== undefined && fetchSite !== 'same-origin' && !(fetchSite === 'none' && reads);
  if (foreign || crosses) {
    throw new GatewayError('origin_not_allowed', 'The management API takes no requests from other origins.');
  }
}

/** Throws GatewayError 401, 403, or 429 for an address that guessed too often. */
export async function authorizeManagement(
  request: ManagementRequest,
  door: ManagementDoor,
): Promise<Admission> {
  checkDoor(request, door);
  const { address, credential, cookie } = request;
  const { snapshot, token, world, now } = door;
  if (credential !== undefined) {
    checkLock(world, address, now);
    const actor = isSame(credential, token) ? 'token' : readAdmin(credential, snapshot, now);
    if (actor !== undefined) {
      forgive(world, address, now);
      return { actor };
    }
    // A client key that is no admin's is no guess.
    if (!findKey(snapshot, credential)) countBadCredential(world, address, snapshot, now);
    throw refuse();
  }
  const login = await findLogin(cookie, door);
  if (login) return { actor: 'login', login };
  if (!door.requireLogin && isAtHome(request)) return { actor: 'loopback' };
  throw refuse();
}

/** The login that a cookie stands for, while it lasts. */
export async function findLogin(
  cookie: string | undefined,
  { accounts, sessions }: Pick<ManagementDoor, 'accounts' | 'sessions'>,
): Promise<Admission['login']> {
  const token = readCookie(cookie);
  const id = token === undefined ? undefined : await sessions.read(token);
  const found = id === undefined ? undefined : accounts.find(id);
  return id !== undefined && found ? { id, expiresAt: found.expiresAt } : undefined;
}

/** Sent from this machine to this machine by no proxy: nobody else can, and a rebound name has another Host. */
function isAtHome({ address, host, forwarded }: ManagementRequest): boolean {
  return !forwarded && (address === '::1' || address.startsWith('127.')) && isLoopbackHost(host);
}

function refuse(): GatewayError {
  return new GatewayError(
    'admin_required',
    'The management API wants a login, an admin key, or the token of the data folder as Authorization: Bearer.',
  );
}

function readAdmin(credential: string, snapshot: Snapshot, now: number): string | undefined {
  const key = findKey(snapshot, credential);
  if (key?.role !== 'admin') return undefined;
  checkKey(key, now);
  return `key:${key.id}`;
}

// Digests have equal length, so the comparison tells nothing about the token's.
function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', wanted, 'buffer'));
}
