// The secret store in the hands of the write path: values that come along with a change are stored, or held until the
// proposal that needs them is merged.
import { join } from 'node:path';
import type { SecretStore, SecretValues } from '../control/secret-store.ts';
import type { Logs } from '../observability/logs.ts';
import type { AuditTrail } from '../management/audit-trail.ts';
import type { Slice } from '../routing/ports.ts';
import { readSecretRows } from '../state/drivers/secrets-sql.ts';
import { holdName, readHeld, toSlice, type HeldSecret } from '../state/held-secrets.ts';
import { databaseName } from '../state/open.ts';
import type { State } from '../state/state.ts';
import { LockedSecretError, openEnvelope, sealEnvelope } from '../state/vault.ts';
import { ensureVaultKeys, type KeySource } from '../state/vault-keys.ts';

export interface ProposedSecrets extends SecretStore {
  list(): Promise<readonly HeldSecret[]>;
  /** Takes what is merged into the store and forgets what was given up; true when a value in use may have changed. */
  settle(): Promise<boolean>;
}

export interface ProposedSecretsOptions extends KeySource {
  /** Absent while the gateway starts, and for a driver that keeps no secrets. */
  readonly state: () => State | undefined;
  readonly trail: () => AuditTrail | undefined;
  readonly logs: Logs;
  readonly now: () => number;
  /** What has become of a proposal. */
  judge(branch: string, commit: string): Promise<'open' | 'merged' | 'dropped'>;
}

export function createProposedSecrets(options: ProposedSecretsOptions): ProposedSecrets {
  const { trail, logs, now } = options;
  // A reload, the clock and a rejection may ask at once.
  let settling: Promise<unknown> = Promise.resolve();

  function need(): State {
    const state = options.state();
    if (!state) throw new Error('the secret store is not open');
    return state;
  }

  /** One transaction; durable when it resolves. */
  async function write(slices: readonly Slice[]): Promise<void> {
    const { store } = need();
    store.save(() => slices);
    await store.flush();
  }

  async function seal(values: SecretValues, nameOf: (name: string) => string): Promise<Slice[]> {
    const rows = await need().reader.query('secrets', {});
    const [key] = ensureVaultKeys(options, rows.length > 0);
    return [...values].map(([name, value]) => {
      const place = nameOf(name);
      return toSlice(place, sealEnvelope(place, value, key), now());
    });
  }

  // Only this process holds secrets: where there are none at the start, no reload needs to look for them.
  let some: boolean | undefined;
  async function list(): Promise<readonly HeldSecret[]> {
    const state = options.state();
    if (!state) return [];
    some ??= readSecretRows(join(options.dataFolder, databaseName)).some((row) => readHeld(row));
    if (!some) return [];
    return (await state.reader.query('secrets', {})).flatMap((row) => readHeld(row) ?? []);
  }

  /** The slices that put one held value into use; undefined when no key at hand opens it. */
  function activate({ name, branch, row }: HeldSecret): Slice[] | undefined {
    try {
      const [key, ...more] = ensureVaultKeys(options, true);
      const value = openEnvelope(row, [key, ...more]);
      return [toSlice(name, sealEnvelope(name, value, key), now()), toSlice(row.name, null, 0)];
    } catch (error) {
      if (!(error instanceof LockedSecretError)) throw error;
      logs.log.error({ name, branch }, `a secret of a merged proposal: ${error.message}`);
      return undefined;
    }
  }

  function tell({ name, branch, commit }: HeldSecret, action: 'activated' | 'dropped'): void {
    logs.log.info({ name, branch, commit }, `a secret of a proposal was ${action}`);
    trail()?.note({
      action: `secret.${action}`,
      actor: 'git',
      status: 'success',
      target: name,
      details: { branch, commit },
    });
  }

  return {
    list,
    put: async (values) => {
      const rows = await need().reader.query('secrets', {});
      const before = [...values.keys()].map((name) => {
        const row = rows.find((each) => each.name === name);
        return toSlice(name, row?.envelope ?? null, row?.updatedAt ?? 0);
      });
      await write(await seal(values, (name) => name));
      return () => write(before);
    },
    hold: async (proposal, values) => {
      some = true;
      await write(await seal(values, (name) => holdName(proposal, name)));
    },
    settle: () => {
      const next = settling.then(settle);
      settling = next.catch(() => undefined);
      return next;
    },
  };

  async function settle(): Promise<boolean> {
    const held = await list();
    if (held.length === 0) return false;
    const verdicts = new Map<string, 'open' | 'merged' | 'dropped'>();
    let changed = false;
    for (const each of held) {
      const id = `${each.branch}:${each.commit}`;
      const verdict = verdicts.get(id) ?? (await options.judge(each.branch, each.commit));
      verdicts.set(id, verdict);
      if (verdict === 'open') continue;
      const slices = verdict === 'merged' ? activate(each) : [toSlice(each.row.name, null, 0)];
      if (!slices) continue;
      await write(slices);
      tell(each, verdict === 'merged' ? 'activated' : 'dropped');
      changed ||= verdict === 'merged';
    }
    return changed;
  }
}
