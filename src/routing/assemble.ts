// Plain lists → the read-only Snapshot with every index that decisions need. compile() ends here; tests begin here.
import type { DemandableFact } from './facts.ts';
import { createGlobIndex } from './globs.ts';
import {
  createLookup,
  type Alias,
  type Combo,
  type FactSet,
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
  readonly access?: Partial<Snapshot['access']>;
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
    prefixes: createLookup(
      providers.flatMap((provider) =>
        [provider.id, ...provider.prefixes].map((name) => [name, provider] as const),
      ),
    ),
    combos: lookUpBy(parts.combos ?? [], ({ name }) => name),
    aliases: lookUpBy(parts.aliases ?? [], ({ name }) => name),
    globs: createGlobIndex(freezeDeep([...(parts.globs ?? [])])),
    listings: createLookup(listModels(providers)),
    demands: createFactSet(parts.demands ?? []),
    modelFacts: (provider: string, model: string) =>
      models.get(`${provider}/${model}`) ?? findModel(provider, model),
    limits: Object.freeze({
      maxBodySize: 32 * 1024 ** 2,
      maxUploadSize: 100 * 1024 ** 2,
      maxDepth: 64,
      ...parts.limits,
    }),
    access: freezeDeep({
      requireApiKey: false,
      corsOrigins: [],
      trustedProxies: [],
      basePath: '/',
      ...parts.access,
    }),
    keys: parts.keys ?? createLookup([]),
  });
}

/** Freezes plain data through and through; answers its argument. */
export function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeep(member);
  return value;
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
