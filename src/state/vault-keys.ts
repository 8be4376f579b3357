// Where the keys of the secret store come from: OMNIROUTE_SECRET_KEY, else `secret.key` in the data folder. The file
// is made at the first use only, never in place of one that is gone while envelopes exist.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder } from '../lib/folders.ts';
import { deriveKey, shortestKey, type VaultKey } from './vault.ts';

export const secretKeyVariable = 'OMNIROUTE_SECRET_KEY';
export const secretKeyFile = 'secret.key';

/** A key that cannot be used; the message tells an operator what to do. */
export class VaultKeyError extends Error {
  override readonly name = 'VaultKeyError';
}

export interface KeySource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly dataFolder: string;
}

/** The keys at hand, the one that seals first; none when there is neither variable nor file. Throws VaultKeyError. */
export function readVaultKeys({ environment, dataFolder }: KeySource): readonly VaultKey[] {
  const variable = environment[secretKeyVariable];
  if (variable) return parseKeys(variable, secretKeyVariable);
  const path = join(dataFolder, secretKeyFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new VaultKeyError(`${path} cannot be read (${(error as Error).message}).`, { cause: error });
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new VaultKeyError(`${path} can be read by others: chmod 600 it.`);
  }
  return parseKeys(text, path);
}

/** The keys at hand; makes the file at the first use. `sealed`: whether envelopes exist already. */
export function ensureVaultKeys(source: KeySource, sealed: boolean): readonly [VaultKey, ...VaultKey[]] {
  const [first, ...rest] = readVaultKeys(source);
  if (first) return [first, ...rest];
  if (sealed) {
    throw new VaultKeyError(
      `The store holds secrets, but neither ${secretKeyVariable} nor ${join(source.dataFolder, secretKeyFile)} is ` +
        'there. Bring the key back; a new one could open none of them.',
    );
  }
  const text = makeKeyText();
  writeKeyFile(source.dataFolder, [text]);
  return [deriveKey(text)];
}

/**
 * Rotation of the file's key, safe at any crash: the file holds both keys until `seal` has sealed everything with the
 * first. Throws VaultKeyError when the key comes from the environment, which only its owner can change.
 */
export function rotateKeyFile(
  source: KeySource,
  seal: (keys: readonly [VaultKey, ...VaultKey[]]) => number,
): number {
  const path = join(source.dataFolder, secretKeyFile);
  const old = splitKeys(readFileSync(path, 'utf8'));
  const next = makeKeyText();
  writeKeyFile(source.dataFolder, [next, ...old]);
  const count = seal([deriveKey(next), ...old.map(deriveKey)]);
  writeKeyFile(source.dataFolder, [next]);
  return count;
}

function parseKeys(text: string, where: string): readonly VaultKey[] {
  const keys = splitKeys(text);
  if (keys.length === 0) throw new VaultKeyError(`${where} is empty.`);
  const short = keys.find((each) => each.length < shortestKey);
  if (short !== undefined) {
    throw new VaultKeyError(
      `${where} holds a key of ${short.length} characters; it needs ${shortestKey} (openssl rand -base64 32).`,
    );
  }
  return keys.map(deriveKey);
}

function splitKeys(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}

function makeKeyText(): string {
  return randomBytes(32).toString('base64');
}

function writeKeyFile(folder: string, keys: readonly string[]): void {
  ensureFolder(folder);
  const path = join(folder, secretKeyFile);
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, `${keys.join('\n')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(draft, path);
    chmodSync(path, 0o600);
  } catch (error) {
    try {
      unlinkSync(draft);
    } catch {
      // It was never made.
    }
    throw error;
  }
}
