// What commands need to work on the state of a gateway that may run beside them: its data folder, its database, and a
// word to it when something has changed.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { parseListenAddress, renderListenUrl } from '../lib/listen-address.ts';
import { systemTimers } from '../lib/timers.ts';
import { tokenFileName } from '../management/auth.ts';
import { catalog } from '../catalog/catalog.ts';
import { reviveSnapshot } from '../routing/archive.ts';
import type { UsageRow } from '../routing/ports.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { readRevision } from '../state/revisions.ts';
import { digest } from './revisions.ts';
import { databaseName } from '../state/open.ts';
import { SqliteReader } from '../state/reader.ts';
import { openCommandState, type CommandState } from '../state/open-for-command.ts';
import { createVault, type Vault } from '../state/vault.ts';
import { ensureVaultKeys, readVaultKeys, rotateKeyFile, secretKeyVariable } from '../state/vault-keys.ts';
import { resolveDataFolder } from './data-folder.ts';

export { tokenFileName };

export interface CommandPlaceOptions {
  readonly config?: string | undefined;
  readonly directory: string;
  readonly data?: string | undefined;
  readonly environment: Environment;
}

export interface CommandPlace {
  /** Absolute. */
  readonly dataFolder: string;
  /** False with `storage.driver: memory`: nothing would outlive the command. */
  readonly keeps: boolean;
  /** Where the gateway of this configuration answers, if one runs. */
  readonly url: string;
  /** Names that the file refers to as `${secret:}`. */
  readonly secretNames: ReadonlySet<string>;
}

/** A file with faults is good enough: only where things lie is read from it. */
export async function findCommandPlace(options: CommandPlaceOptions): Promise<CommandPlace> {
  const { config, directory, data, environment } = options;
  const result = await loadConfig({ config, directory, environment, flags: { data } });
  const storage = result.config?.storage ?? result.draft?.config.storage;
  const listen = (result.config?.server ?? result.draft?.config.server)?.listen ?? '127.0.0.1:20128';
  const address = parseListenAddress(listen) ?? { host: '127.0.0.1', port: 20_128 };
  const dir = storage?.dir ?? data;
  return {
    dataFolder: resolveDataFolder(dir, result.folder, environment),
    keeps: storage?.driver !== 'memory',
    url: environment['OMNIROUTE_URL'] || renderListenUrl(address),
    secretNames: new Set(
      result.references
        .filter(({ reference }) => reference.source === 'secret')
        .map(({ reference }) => reference.name),
    ),
  };
}

/** Stored requests, newest first: one by its id, or the latest. Empty when nothing was ever stored. */
export async function readStoredRequests(
  { dataFolder, keeps }: CommandPlace,
  which: { readonly requestId: string } | { readonly limit: number },
): Promise<readonly UsageRow[]> {
  const file = join(dataFolder, databaseName);
  if (!keeps || !existsSync(file)) return [];
  const reader = new SqliteReader({ file, timers: systemTimers });
  try {
    if ('limit' in which) return (await reader.query('recentRequests', which)).rows;
    const row = await reader.query('request', which);
    return row ? [row] : [];
  } finally {
    await reader.close();
  }
}

/** The rules of an earlier revision, where the gateway has kept them. */
export async function findServed(
  { dataFolder }: CommandPlace,
  revision: string,
): Promise<Snapshot | undefined> {
  const text = await readRevision(dataFolder, revision);
  return text === undefined ? undefined : reviveSnapshot({ text, revision, catalog, digest });
}

export interface SecretDesk {
  readonly vault: Vault;
  /** A new key for everything; the number of secrets. Throws VaultKeyError, LockedSecretError. */
  rotate(): number;
  readonly state: CommandState;
}

/** Opens the store; with `write` a key is made at the first use. Throws StateError, VaultKeyError. */
export function openSecretDesk(
  { dataFolder }: CommandPlace,
  environment: Environment,
  write: boolean,
  now: () => number,
): SecretDesk {
  const state = openCommandState(dataFolder);
  const source = { environment, dataFolder };
  try {
    const sealed = state.secrets.list().length > 0;
    const keys = write ? ensureVaultKeys(source, sealed) : readVaultKeys(source);
    const [first, ...rest] = keys;
    // Without any key names can still be listed and rows removed; nothing is opened or sealed then.
    const vault = createVault(
      state.secrets,
      [first ?? { id: 'none', bytes: Buffer.alloc(32) }, ...rest],
      now,
    );
    return {
      vault,
      state,
      rotate: () =>
        environment[secretKeyVariable]
          ? vault.rotate()
          : rotateKeyFile(source, (next) => createVault(state.secrets, next, now).rotate()),
    };
  } catch (error) {
    state.close();
    throw error;
  }
}

/** Makes a running gateway read everything again; false when none answers there with this data folder's token. */
export async function tellGateway({ url, dataFolder }: CommandPlace): Promise<boolean> {
  try {
    const token = (await readFile(join(dataFolder, tokenFileName), 'utf8')).trim();
    const response = await fetch(new URL('api/config/reload', url.endsWith('/') ? url : `${url}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
