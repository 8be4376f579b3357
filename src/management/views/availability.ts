// /api/models/availability (contract §14): which models no account of a provider can serve now, and why; and for one
// model, who could. (Snapshot, World) → JSON.
import { resolveName } from '../../routing/resolve.ts';
import type { Connection, Provider, Snapshot } from '../../routing/snapshot.ts';
import type { World } from '../../routing/world/world.ts';

export interface UnavailableModel {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
  readonly remainingMs: number;
  /** ISO 8601. */
  readonly unavailableSince: string;
}

export interface ModelAvailability {
  readonly model: string;
  readonly available: boolean;
  readonly providers: readonly {
    readonly provider: string;
    readonly alias: string;
    readonly available: boolean;
    readonly connections: number;
    readonly activeConnections: number;
    /** Epoch milliseconds at which the first account may be used again; null when one can be used now. */
    readonly cooldownUntil: number | null;
    readonly breaker: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  }[];
}

/** `models`: those that the world remembers a rest of, as `[connection, model]`. */
export function listUnavailable(
  snapshot: Snapshot,
  world: World,
  models: Iterable<readonly [connection: string, model: string]>,
  now: number,
): { readonly unavailableCount: number; readonly models: readonly UnavailableModel[] } {
  const found = new Map<string, UnavailableModel>();
  for (const [account, model] of models) {
    const provider = snapshot.providers.get(account.slice(0, account.indexOf('@')));
    if (!provider || found.has(`${provider.id}/${model}`)) continue;
    const rests = provider.connections
      .filter(isReady(world))
      .map(({ key }) => world.cooldown(key, model, now));
    if (rests.length === 0 || rests.includes(undefined)) continue;
    const first = rests.reduce((least, rest) => (rest!.until < least!.until ? rest : least))!;
    found.set(`${provider.id}/${model}`, {
      provider: provider.id,
      model,
      reason: first.class,
      remainingMs: first.until - now,
      unavailableSince: new Date(first.since).toISOString(),
    });
  }
  return { unavailableCount: found.size, models: [...found.values()] };
}

/** Who can serve a name now; a name that nobody knows has no providers and is not available. */
export function checkModel(snapshot: Snapshot, world: World, model: string, now: number): ModelAvailability {
  const providers = listProviders(snapshot, model).map(([provider, id]) =>
    describe(provider, id, world, now),
  );
  return { model, available: providers.some(({ available }) => available), providers };
}

function listProviders(snapshot: Snapshot, name: string): readonly (readonly [Provider, string])[] {
  const listed = snapshot.listings.get(name) ?? [];
  if (listed.length > 0) {
    return listed.flatMap((id) => {
      const provider = snapshot.providers.get(id);
      return provider ? [[provider, name] as const] : [];
    });
  }
  const resolved = resolveName(name, snapshot, () => true);
  if (resolved.kind !== 'resolved') return [];
  const { target } = resolved;
  const targets = target.kind === 'model' ? [target] : (snapshot.combos.get(target.combo)?.targets ?? []);
  return targets.flatMap((one) => {
    const provider = one.kind === 'model' ? snapshot.providers.get(one.provider) : undefined;
    return provider && one.kind === 'model' ? [[provider, one.model] as const] : [];
  });
}

function describe(
  provider: Provider,
  model: string,
  world: World,
  now: number,
): ModelAvailability['providers'][number] {
  const ready = provider.connections.filter(isReady(world));
  const rests = ready.map(({ key }) => world.cooldown(key, model, now)?.until ?? 0);
  const usable = ready.filter(
    ({ key }, index) =>
      rests[index] === 0 && world.permit({ provider: provider.id, connection: key, model }, now) !== 'wait',
  );
  const permits = ready.map(({ key }) =>
    world.permit({ provider: provider.id, connection: key, model }, now),
  );
  return {
    provider: provider.id,
    alias: provider.prefixes[0] ?? provider.id,
    available: usable.length > 0,
    connections: provider.connections.length,
    activeConnections: ready.length,
    cooldownUntil: rests.length > 0 && !rests.includes(0) ? Math.min(...rests) : null,
    breaker:
      permits.includes('pass') || permits.length === 0
        ? 'CLOSED'
        : permits.includes('probe')
          ? 'HALF_OPEN'
          : 'OPEN',
  };
}

function isReady(world: World): (connection: Connection) => boolean {
  return ({ enabled, credential, key }) => enabled && (!credential || world.hasCredential(key));
}
