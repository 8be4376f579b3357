// Plain lists → the read-only Snapshot with every index that decisions need. compile() ends here; tests begin here.
import type { DemandableFact } from './facts.ts';
import { createGlobIndex } from './globs.ts';
import type { PolicySet } from './policies/policy.ts';
import {
  createLookup,
  type Alias,
  type Combo,
  type FactSet,
  type Family,
  type GlobAlias,
  type ModelFacts,
  type Provider,
  type Snapshot,
} from './snapshot.ts';

/** Everything that a snapshot is made of; what is left out is empty or has the default of the configuration. */
export interface SnapshotParts {
  readonly revision?: string;
  readonly providers?: readonly Provider[];
  readonly combos?: readonly Combo[];
  readonly aliases?: readonly Alias[];
  /** In definition order. */
  readonly globs?: readonly GlobAlias[];
  readonly models?: readonly ModelFacts[];
  /** Facts about models that no list names; asked when `models` has no entry. */
  readonly findModel?: (provider: string, model: string) => ModelFacts | undefined;
  readonly demands?: Iterable<DemandableFact>;
  readonly limits?: Partial<Snapshot['limits']>;
  readonly timing?: Partial<Snapshot['timing']>;
  readonly access?: Partial<Snapshot['access']>;
  readonly policies?: PolicySet;
  readonly budgets?: Snapshot['budgets'];
  readonly cache?: Snapshot['cache'];
  readonly retryShare?: number;
  readonly onLoss?: Snapshot['onLoss'];
  readonly sessions?: Snapshot['sessions'];
  readonly responses?: Partial<Snapshot['responses']>;
  readonly keys?: Snapshot['keys'];
}

/** Freezes everything that it is given. */
export function assembleSnapshot(parts: SnapshotParts): Snapshot {
  const providers = parts.providers ?? [];
  const models = new Map((parts.models ?? []).map((facts) => [facts.id, freezeDeep(facts)]));
  const findModel = parts.findModel ?? (() => undefined);
  return Object.freeze({
    revision: parts.revision ?? '000000000000',
    providers: lookUpBy(providers, ({ id }) => id),
    ...indexProviders(providers),
    combos: lookUpBy(parts.combos ?? [], ({ name }) => name),
    aliases: lookUpBy(parts.aliases ?? [], ({ name }) => name),
    globs: createGlobIndex(freezeDeep([...(parts.globs ?? [])])),
    demands: createFactSet([...(parts.demands ?? []), ...(parts.policies?.demands.values() ?? [])]),
    modelFacts: (provider: string, model: string) =>
      models.get(`${provider}/${model}`) ?? findModel(provider, model),
    limits: Object.freeze({
      maxBodySize: 32 * 1024 ** 2,
      maxUploadSize: 100 * 1024 ** 2,
      maxDepth: 128,
      ...parts.limits,
    }),
    timing: Object.freeze({
      bodyTimeout: 60_000,
      keepAliveInterval: 15_000,
      drainTimeout: 30_000,
      ...parts.timing,
    }),
    access: freezeDeep({
      requireApiKey: false,
      corsOrigins: [],
      trustedProxies: [],
      basePath: '/',
      ipFilter: { mode: 'off' as const, blacklist: [], whitelist: [] },
      lockout: { failures: 5, within: 300_000, duration: 900_000 },
      ...parts.access,
    }),
    policies: freezePolicies(parts.policies),
    budgets: freezeDeep(parts.budgets ?? []),
    ...(parts.cache && { cache: freezeDeep(parts.cache) }),
    retryShare: parts.retryShare ?? 0.2,
    onLoss: parts.onLoss ?? 'warn',
    sessions: Object.freeze(parts.sessions ?? { ttl: 1_800_000, affinity: true }),
    responses: Object.freeze({
      ttl: 86_400_000,
      maxBytes: 64 * 1024 ** 2,
      maxPerKey: 1000,
      ...parts.responses,
    }),
    keys: parts.keys ?? createLookup([]),
  });
}

/** The indexes by which names find providers. */
export function indexProviders(
  providers: readonly Provider[],
): Pick<Snapshot, 'prefixes' | 'listings' | 'families'> {
  return {
    prefixes: createLookup(
      providers.flatMap((provider) =>
        [...provider.prefixes, provider.id].map((name) => [name, provider] as const),
      ),
    ),
    listings: createLookup(listModels(providers)),
    families: createGlobIndex(listFamilies(providers)),
  };
}

/** Freezes plain data through and through; answers its argument. */
export function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeep(member);
  return value;
}

function freezePolicies(set: PolicySet | undefined): PolicySet {
  return Object.freeze({
    policies: freezeDeep(set?.policies ?? []),
    demands: createFactSet(set?.demands.values() ?? []),
  });
}

function lookUpBy<Value>(values: readonly Value[], name: (value: Value) => string) {
  return createLookup(values.map((value) => [name(value), freezeDeep(value)] as const));
}

function createFactSet(facts: Iterable<DemandableFact>): FactSet {
  const set = new Set(facts);
  const values = Object.freeze([...set]);
  return Object.freeze({
    has: (fact: DemandableFact) => set.has(fact),
    size: set.size,
    values: () => values,
  });
}

function listFamilies(providers: readonly Provider[]): readonly Family[] {
  const families = new Map<string, string[]>();
  for (const { id, families: patterns } of providers) {
    for (const pattern of patterns ?? []) {
      const known = families.get(pattern);
      if (known) known.push(id);
      else families.set(pattern, [id]);
    }
  }
  return [...families].map(([pattern, ids]) => freezeDeep({ pattern, providers: ids }));
}

function listModels(providers: readonly Provider[]): Map<string, readonly string[]> {
  const listings = new Map<string, string[]>();
  for (const { id, models } of providers) {
    for (const model of models ?? []) {
      const listing = listings.get(model);
      if (listing) listing.push(id);
      else listings.set(model, [id]);
    }
  }
  for (const listing of listings.values()) Object.freeze(listing);
  return listings;
}
