// What keeps accounts and targets from being used right now, and under which numbers: (Snapshot, World) → JSON. The
// names of the contract stand beside what the world really knows; milliseconds and epoch milliseconds throughout.
import type { Connection, ResilienceProfile, Snapshot } from '../../routing/snapshot.ts';
import { readSpent } from '../../routing/world/quota.ts';
import type { WorldReport } from '../../routing/world/report.ts';
import type { World } from '../../routing/world/world.ts';

export interface ResilienceView {
  readonly profiles: Readonly<Record<string, object>>;
  readonly retryBudget: number;
  /** Everything that has failed since its last success; `failureCount` is null once it is no longer counted. */
  readonly circuitBreakers: readonly {
    readonly name: string;
    readonly kind: 'connection' | 'target';
    readonly state: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
    readonly failureCount: number | null;
    /** Since when it does not let everything through. */
    readonly since: number | null;
    readonly opensAt: number | null;
  }[];
  readonly connections: readonly ConnectionState[];
  /** Retries that may be made now, by provider. */
  readonly retryBudgets: WorldReport['budgets'];
}

export interface ConnectionState {
  /** `provider@connection`. */
  readonly id: string;
  /** `resting`: altogether; `limited`: for some models, or its quota is used up. */
  readonly state: 'disabled' | 'no-credential' | 'resting' | 'breaker-open' | 'limited' | 'usable';
  readonly inFlight: number;
  readonly maxConcurrent: number | null;
  readonly pace: Connection['pace'] | null;
  readonly cooldowns: readonly Omit<WorldReport['cooldowns'][number], 'connection'>[];
  readonly quota: readonly Omit<WorldReport['quotas'][number], 'connection'>[];
}

export function viewResilience(
  snapshot: Snapshot,
  world: World & { report(now: number): WorldReport },
  now: number,
): ResilienceView {
  const report = world.report(now);
  const providers = snapshot.providers.values();
  const profiles = new Map(providers.map(({ profile }) => [profile.name, describeProfile(profile)]));
  return {
    profiles: Object.fromEntries(profiles),
    retryBudget: snapshot.retryShare,
    circuitBreakers: report.breakers.map(({ id, state, failures, since, opens }) => ({
      name: id,
      kind: providers.some(({ connections }) => connections.some(({ key }) => key === id))
        ? 'connection'
        : 'target',
      state: stateNames[state],
      failureCount: failures ?? null,
      since: since ?? null,
      opensAt: opens ?? null,
    })),
    connections: providers.flatMap(({ connections }) =>
      connections.map((connection) => describeConnection(connection, world, report, now)),
    ),
    retryBudgets: report.budgets,
  };
}

const stateNames = { closed: 'CLOSED', open: 'OPEN', 'half-open': 'HALF_OPEN' } as const;

function describeProfile(profile: ResilienceProfile): object {
  const { cooldown, breaker, name: _name, ...timing } = profile;
  return {
    ...timing,
    transientCooldown: cooldown.transient,
    // 0 follows what the provider says.
    rateLimitCooldown: cooldown.rateLimit === 'hint' ? 0 : cooldown.rateLimit,
    maxBackoffLevel: cooldown.maxLevel,
    circuitBreakerThreshold: breaker.failures,
    circuitBreakerReset: breaker.reset,
  };
}

function describeConnection(
  connection: Connection,
  world: World,
  report: WorldReport,
  now: number,
): ConnectionState {
  const { key, maxConcurrent, pace, quota } = connection;
  const cooldowns = report.cooldowns
    .filter((cooldown) => cooldown.connection === key)
    .map(({ connection: _, ...rest }) => rest);
  const open = report.breakers.some(({ id, usable }) => id === key && !usable);
  const isLimited = cooldowns.length > 0 || readSpent(world.quota(key), quota?.threshold, now) !== undefined;
  return {
    id: key,
    state: !connection.enabled
      ? 'disabled'
      : connection.credential && !world.hasCredential(key)
        ? 'no-credential'
        : cooldowns.some(({ model }) => model === undefined)
          ? 'resting'
          : open
            ? 'breaker-open'
            : isLimited
              ? 'limited'
              : 'usable',
    inFlight: world.inFlight(key),
    maxConcurrent: maxConcurrent ?? null,
    pace: pace ?? null,
    cooldowns,
    quota: report.quotas
      .filter((window) => window.connection === key)
      .map(({ connection: _, ...window }) => window),
  };
}
