// Who may manage this gateway and how that is remembered: the password and its logins, the keys of the data folder, the
// audit log, and the rows that changes and refusals of the gateway leave in it.
import type { Environment } from '../config/environment.ts';
import type { AuditEntry } from '../control/write-types.ts';
import { maskSecrets } from '../diagnostics/secret-shapes.ts';
import type { Clock } from '../lib/clock.ts';
import { createAccounts, PasswordError, type Accounts } from '../management/accounts.ts';
import { createAuditTrail, type AuditTrail } from '../management/audit-trail.ts';
import { ensureManagementToken, sessionKeyFileName } from '../management/auth.ts';
import { createPasswords, type PasswordCost } from '../management/passwords.ts';
import { createSessionTokens, type SessionTokens } from '../management/session-token.ts';
import type { Logs } from '../observability/logs.ts';
import type { Slice } from '../routing/ports.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { State } from '../state/state.ts';
import { ExposureError } from './exposure.ts';

export interface SecurityOptions {
  readonly state: State;
  /** What `state.store.load()` answered. */
  readonly saved: readonly Slice[];
  readonly dataFolder: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly logs: Logs;
  /** See describeReach: whom others can reach needs a password before it starts. */
  readonly reach?: string | undefined;
  /** Of the passwords; tests take less. */
  readonly cost?: PasswordCost | undefined;
}

export interface Security {
  readonly accounts: Accounts;
  readonly sessions: SessionTokens;
  readonly trail: AuditTrail;
  readonly token: string;
}

/** Rejects with ExposureError for an INITIAL_PASSWORD that is none, and for a missing password where others reach us. */
export async function openSecurity(options: SecurityOptions): Promise<Security> {
  const { state, saved, dataFolder, environment, clock, logs, reach, cost } = options;
  const passwords = createPasswords(cost);
  const accounts = createAccounts({ store: state.store, passwords, clock, saved });
  const trail = createAuditTrail(state.audit, clock, (error) => logs.log.error({ err: error }, 'audit log'));
  const initial = environment['INITIAL_PASSWORD'];
  // Only the first time: whoever changed it since must not find the old one valid after a restart.
  if (initial && !accounts.hasPassword) {
    try {
      await accounts.setPassword(initial);
    } catch (error) {
      if (!(error instanceof PasswordError)) throw error;
      throw new ExposureError(`INITIAL_PASSWORD: ${error.message}.`);
    }
    await trail.write({ action: 'auth.password.initial', actor: 'system', status: 'success' });
  }
  if (reach !== undefined && !accounts.hasPassword)
    throw new ExposureError(
      `${reach}, but no admin password is set: put one into the environment variable INITIAL_PASSWORD for the first start, or run \`omniroute password reset\`.`,
    );
  return {
    accounts,
    trail,
    sessions: createSessionTokens(
      Buffer.from(await ensureManagementToken(dataFolder, sessionKeyFileName)),
      clock,
    ),
    token: await ensureManagementToken(dataFolder),
  };
}

/** A change of the configuration in the audit log; the intent is durable before the change is made. */
export function auditChange(trail: AuditTrail, entry: AuditEntry): Promise<void> {
  const { at, id, phase, actor, subject, files, before, after, result, revision, previous, patch, commit } =
    entry;
  const { secrets } = entry;
  const bad = result === 'failed' || result === 'refused';
  return trail.write({
    at,
    action: 'config.change',
    actor,
    status: phase === 'intent' ? 'intent' : bad ? 'failed' : 'success',
    target: files.join(', '),
    before: previous ?? null,
    after: revision ?? null,
    details: {
      change: id,
      subject,
      ...(result === undefined ? {} : { result }),
      ...(commit === undefined ? {} : { commit }),
      ...(secrets === undefined ? {} : { secrets }),
      ...(patch === undefined ? {} : { patch: maskSecrets(patch) }),
      ...(before === undefined ? {} : { sha256: { before, after } }),
    },
  });
}

/** Providers whose credential goes to another address since: the change that an attacker would want. */
export function auditAddresses(trail: AuditTrail, previous: Snapshot, next: Snapshot, trigger: string): void {
  for (const provider of next.providers.values()) {
    if (!provider.connections.some(({ credential }) => credential)) continue;
    const old = previous.providers.get(provider.id);
    if (!old) continue;
    const before = listOrigins(old.endpoints);
    const after = listOrigins(provider.endpoints);
    const added = after.filter((origin) => !before.includes(origin));
    if (added.length === 0) continue;
    trail.note({
      action: 'provider.address_changed',
      actor: trigger,
      status: 'success',
      target: provider.id,
      before: previous.revision,
      after: next.revision,
      details: { flagged: true, from: before, to: after },
    });
  }
}

/** Each once, sorted. */
export function listOrigins(endpoints: readonly { readonly baseUrl: string }[]): readonly string[] {
  return [...new Set(endpoints.map(({ baseUrl }) => new URL(baseUrl).origin))].sort();
}
