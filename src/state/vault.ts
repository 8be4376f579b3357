// The encrypted secret store: names → values under AES-256-GCM. Keys come from the environment or a 0600 file; a key
// that is lost or changed is told by name, and nothing is ever re-made in silence.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  type CipherGCM,
  type DecipherGCM,
} from 'node:crypto';
import { readHeld, type HeldSecret } from './held-secrets.ts';

export interface SecretRow {
  readonly name: string;
  /** `v1.<key id>.<nonce>.<cipher text and tag>` */
  readonly envelope: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Where envelopes lie: SQLite, or memory. */
export interface SecretTable {
  /** By name. */
  list(): readonly SecretRow[];
  put(name: string, envelope: string, at: number): void;
  /** Whether there was one. */
  remove(name: string): boolean;
  /** New envelopes for all rows, in one transaction; a throw of `change` changes nothing. */
  replace(change: (row: SecretRow) => string): void;
}

export interface VaultKey {
  /** Tells keys apart in envelopes and messages; says nothing about the key. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** An envelope that no key at hand opens. The message says what to do and is safe to show. */
export class LockedSecretError extends Error {
  override readonly name = 'LockedSecretError';
}

export interface SecretEntry {
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the key that sealed it. */
  readonly keyId: string;
  /** Whether a key at hand opens it. */
  readonly locked: boolean;
}

export interface Vault {
  /** What is in use; not what waits for a proposal. */
  list(): readonly SecretEntry[];
  /** What waits for the merge of a proposal. */
  listHeld(): readonly HeldSecret[];
  /** Undefined when there is no such secret; throws LockedSecretError. */
  read(name: string): string | undefined;
  set(name: string, value: string): void;
  remove(name: string): boolean;
  /** Seals everything with the first key; throws LockedSecretError, nothing changed, when one cannot be opened. */
  rotate(): number;
}

/** Names that `${secret:}` can refer to. */
export const secretName = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,119}$/;

/** `keys`: the first seals, all open. */
export function createVault(
  table: SecretTable,
  keys: readonly [VaultKey, ...VaultKey[]],
  now: () => number,
): Vault {
  return {
    listHeld: () => table.list().flatMap((row) => readHeld(row) ?? []),
    list: () =>
      table.list().flatMap((row) => {
        if (readHeld(row)) return [];
        const { name, envelope, createdAt, updatedAt } = row;
        const keyId = readKeyId(envelope);
        return { name, createdAt, updatedAt, keyId, locked: !keys.some(({ id }) => id === keyId) };
      }),
    read: (name) => {
      const row = table.list().find((each) => each.name === name);
      return row && openEnvelope(row, keys);
    },
    set: (name, value) => table.put(name, sealEnvelope(name, value, keys[0]), now()),
    remove: (name) => table.remove(name),
    rotate: () => {
      let count = 0;
      table.replace((row) => {
        count++;
        return sealEnvelope(row.name, openEnvelope(row, keys), keys[0]);
      });
      return count;
    },
  };
}

/** The name is sealed in, so that rows cannot be exchanged for each other. */
export function sealEnvelope(name: string, value: string, key: VaultKey): string {
  const nonce = randomBytes(12);
  const cipher: CipherGCM = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(Buffer.from(`omniroute secret v1\0${name}`));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return ['v1', key.id, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
}

/** Throws LockedSecretError. */
export function openEnvelope({ name, envelope }: SecretRow, keys: readonly VaultKey[]): string {
  const [version, keyId, nonce = '', text = ''] = envelope.split('.');
  if (version !== 'v1') {
    throw new LockedSecretError(
      `The secret "${name}" was sealed by a newer OmniRoute (envelope ${String(version).slice(0, 8)}).`,
    );
  }
  const key = keys.find(({ id }) => id === keyId);
  if (!key) {
    const present = keys.map(({ id }) => id).join(', ') || 'none';
    throw new LockedSecretError(
      `The secret "${name}" was sealed with key ${keyId}, which is not at hand (at hand: ${present}). ` +
        'Bring back the key (OMNIROUTE_SECRET_KEY, or secret.key in the data folder), or set the secret anew.',
    );
  }
  try {
    const bytes = Buffer.from(text, 'base64url');
    const decipher: DecipherGCM = createDecipheriv(
      'aes-256-gcm',
      key.bytes,
      Buffer.from(nonce, 'base64url'),
      {
        authTagLength: 16,
      },
    );
    decipher.setAAD(Buffer.from(`omniroute secret v1\0${name}`));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new LockedSecretError(`The secret "${name}" is damaged: its seal does not fit. Set it anew.`, {
      cause,
    });
  }
}

function readKeyId(envelope: string): string {
  return envelope.split('.')[1] ?? '';
}

/** Shorter key texts could be guessed from a stolen database. */
export const shortestKey = 32;

/** A key out of its text, at least 32 characters of chance (`openssl rand -base64 32`). */
export function deriveKey(text: string): VaultKey {
  const bytes = Buffer.from(hkdfSync('sha256', text, 'omniroute', 'secret store v1', 32));
  return { id: createHmac('sha256', bytes).update('key id').digest('hex').slice(0, 8), bytes };
}

export function createMemorySecretTable(): SecretTable {
  const rows = new Map<string, SecretRow>();
  return {
    list: () => [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    put: (name, envelope, at) =>
      void rows.set(name, { name, envelope, createdAt: rows.get(name)?.createdAt ?? at, updatedAt: at }),
    remove: (name) => rows.delete(name),
    replace: (change) => {
      const next = [...rows.values()].map((row) => ({ ...row, envelope: change(row) }));
      for (const row of next) rows.set(row.name, row);
    },
  };
}
