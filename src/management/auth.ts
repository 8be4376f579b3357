// Who may use the management API: an admin key of the configuration, or the token that a 0600 file in the data folder
// holds. Browsers of other sites are refused before a credential is looked at.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../routing/snapshot.ts';

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
  readonly host: string;
  readonly origin: string | undefined;
  /** `Authorization: Bearer` or `x-api-key`. */
  readonly credential: string | undefined;
}

/** Who acts, for the audit. Throws GatewayError 401 or 403. */
export function authorizeManagement(request: ManagementRequest, snapshot: Snapshot, token: string): string {
  const { host, origin, credential } = request;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new GatewayError('origin_not_allowed', 'The management API takes no requests from other origins.');
  }
  if (credential !== undefined) {
    const key = snapshot.keys.get(hash('sha256', credential, 'hex'));
    if (key?.role === 'admin' && key.enabled) return `key:${key.id}`;
    if (isSame(credential, token)) return 'token';
  }
  throw new GatewayError(
    'admin_required',
    'The management API wants an admin key, or the token of the data folder, as Authorization: Bearer.',
  );
}

// Digests have equal length, so the comparison tells nothing about the token's.
function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', wanted, 'buffer'));
}
