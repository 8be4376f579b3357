// `${secret:}` of a running gateway: envelopes out of the state database, opened with the keys at hand. Start reads
// the file itself, because the state opens later; afterwards the reader thread answers.
import { join } from 'node:path';
import type { SourcePosition, Diagnostic } from '../diagnostics.ts';
import { readSecretRows } from '../state/drivers/secrets-sql.ts';
import { databaseName } from '../state/open.ts';
import type { Secrets, UnresolvedSecret } from '../state/secrets.ts';
import type { State } from '../state/state.ts';
import { openEnvelope } from '../state/vault.ts';
import { readVaultKeys, type KeySource } from '../state/vault-keys.ts';

export interface StoredSecretsOptions extends KeySource {
  /** Absent while the gateway starts. */
  readonly state: () => State | undefined;
}

/** For `createSecrets`: undefined for a name that is not there, LockedSecretError for one that cannot be opened. */
export function createReadStored({
  state,
  ...source
}: StoredSecretsOptions): (name: string) => Promise<string | undefined> {
  return async (name) => {
    const running = state();
    const rows = running
      ? await running.reader.query('secrets', {})
      : readSecretRows(join(source.dataFolder, databaseName));
    const row = rows.find((each) => each.name === name);
    // The keys are read each time: a rotation by the command line must not need a restart.
    return row && openEnvelope(row, readVaultKeys(source));
  };
}

/** Secrets as the coordinator wants them: what is locked refuses the configuration, each at its place. */
export function createSecretResolver(
  secrets: Secrets,
  locate: (name: string) => SourcePosition | undefined,
): Pick<Secrets, 'epoch'> & {
  prepare(references: Parameters<Secrets['prepare']>[0]): Promise<{
    readonly changed: boolean;
    readonly diagnostics: readonly Diagnostic[];
    commit(): void;
  }>;
} {
  return {
    get epoch() {
      return secrets.epoch;
    },
    prepare: async (references) => {
      const prepared = await secrets.prepare(references);
      return { ...prepared, diagnostics: describeLocked(prepared.unresolved, locate) };
    },
  };
}

function describeLocked(
  unresolved: readonly UnresolvedSecret[],
  locate: (name: string) => SourcePosition | undefined,
): readonly Diagnostic[] {
  const locked = new Map(
    unresolved.filter((each) => each.locked).map(({ reference, message }) => [reference.name, message]),
  );
  return [...locked].map(([name, message]) => {
    const at = locate(name);
    return { code: 'secret/locked', severity: 'error', message, ...(at ? { at } : {}) };
  });
}
