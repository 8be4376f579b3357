// Who may use the management API: an admin key of the configuration, or the token that a 0600 file in the data folder
// holds. Addresses that are not served and browsers of other sites are refused before a credential is looked at.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import { checkKey, findKey } from '../gateway/authenticate.ts';
import { isLoopbackHost, isOpen } from '../gateway/guard.ts';
import { isAdmitted } from '../gateway/ip-filter.ts';
import { checkLock, countBadCredential, forgive } from '../gateway/lockout.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';

/** Name of the token file inside the data folder. */
export const tokenFileName = 'management.token';

/** Reads the token, or makes one at first use; the file is for the owner alone. */
export async function ensureManagementToken(dataFolder: string): Promise<string> {
  const path = join(dataFolder, tokenFileName);
  const known = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  if (known.length >= 32) {
    await chmod(path, 0o600);
    return known;
  }
  const token = randomBytes(32).toString('base64url');
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return token;
}

export interface ManagementRequest {
  /** Of the client, as `findAddress` answered it. */
  readonly address: string;
  readonly host: string;
  readonly origin: string | undefined;
  /** `Authorization: Bearer` or `x-api-key`. */
  readonly credential: string | undefined;
}

/** What the answer depends on besides the request. */
export interface ManagementDoor {
  readonly snapshot: Snapshot;
  /** Of the data folder. */
  readonly token: string;
  readonly world: MutableWorld;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Who acts, for the audit. Throws GatewayError 401, 403, or 429 for an address that guessed too often. */
export function authorizeManagement(request: ManagementRequest, door: ManagementDoor): string {
  const { address, host, origin, credential } = request;
  const { snapshot, token, world, now } = door;
  if (!isAdmitted(address, snapshot.access, world, now)) {
    throw new GatewayError('address_not_allowed', 'This address is not served.');
  }
  if (isOpen(snapshot) && !isLoopbackHost(host)) {
    throw new GatewayError('host_not_allowed', 'Without keys the gateway answers to loopback names only.');
  }
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new GatewayError('origin_not_allowed', 'The management API takes no requests from other origins.');
  }
  if (credential !== undefined) {
    checkLock(world, address, now);
    const actor = isSame(credential, token) ? 'token' : readAdmin(credential, snapshot, now);
    if (actor !== undefined) {
      forgive(world, address, now);
      return actor;
    }
    // A client key that is no admin's is no guess.
    if (!findKey(snapshot, credential)) countBadCredential(world, address, snapshot, now);
  }
  throw new GatewayError(
    'admin_required',
    'The management API wants an admin key, or the token of the data folder, as Authorization: Bearer.',
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
