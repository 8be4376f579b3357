// What is known about providers and models before anybody has written a configuration: data in read-only look-ups,
// generated from providers/*.yaml and a pinned price list. A model that nobody knows has no facts, never zeros.
import type { Feature, Operation, ProtocolName } from '../config/generated/types.ts';
import { matchGlob } from '../lib/glob.ts';
import { catalogDigest, modelRows, priceSource } from './generated/models.ts';
import { providerRows } from './generated/providers.ts';
import { findRow, type ModelRow } from './models.ts';
import type { TokenPrices } from './prices.ts';
import type { Quirk } from './quirks.ts';

export type AuthScheme = 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key' | 'none';

export interface CatalogEndpoint {
  readonly protocol: ProtocolName;
  /** Without a trailing slash; absent where only the configuration can know it. */
  readonly baseUrl?: string;
  readonly auth: AuthScheme;
  readonly headers: Readonly<Record<string, string>>;
  readonly quirks: readonly Quirk[];
}

export interface CatalogProvider {
  readonly id: string;
  readonly name: string;
  readonly docs: string;
  readonly prefixes: readonly string[];
  /** The variable that usually holds the key; absent where none is needed. */
  readonly key?: string;
  /** In order of preference for a client that speaks none of them. */
  readonly endpoints: readonly CatalogEndpoint[];
  /** Bare names that belong to this provider (`claude-*`), for names without a prefix. */
  readonly families: readonly string[];
  /** Listed model ids; absent where the provider has no list of its own. */
  readonly models?: readonly string[];
  readonly sandbox: boolean;
}

/** What is known about one model; absent is unknown. */
export interface ModelKnowledge {
  readonly context?: number;
  readonly maxOutput?: number;
  readonly prices?: TokenPrices;
  readonly features?: readonly Feature[];
  /** Length of its vectors when a request does not say, for models that embed. */
  readonly dimensions?: number;
  /** What it can be asked for; absent is chat. */
  readonly operations?: readonly Operation[];
  /** The only wire that serves it, where its provider speaks several. */
  readonly protocol?: ProtocolName;
  /** Day on which the provider takes it away, `2026-05-11`. */
  readonly retires?: string;
  readonly deprecated?: true;
}

export interface Catalog {
  /** Changes with every byte of the data; part of a snapshot's revision. */
  readonly digest: string;
  /** Package and version that the prices come from. */
  readonly priceSource: string;
  provider(id: string): CatalogProvider | undefined;
  providers(): readonly CatalogProvider[];
  /** Facts about a model at a catalog provider, by the id that the provider expects. */
  model(provider: string, model: string): ModelKnowledge | undefined;
  /** Model ids that a catalog provider is known to have, never complete; for "did you mean". */
  modelNames(provider: string): readonly string[];
}

/** Facts about a family, written by hand in the provider's file; later rows add to and replace earlier ones. */
export interface FamilyRow extends ModelKnowledge {
  readonly glob: string;
}

/** One provider as the generator writes it. */
export interface ProviderRow extends CatalogProvider {
  /** Key into the price rows. */
  readonly prices?: string;
  readonly facts: readonly FamilyRow[];
}

/** A catalog over such rows; tests make small ones. */
export function createCatalog(
  rows: readonly ProviderRow[],
  prices: Readonly<Record<string, readonly ModelRow[]>>,
  { digest, priceSource }: { readonly digest: string; readonly priceSource: string },
): Catalog {
  const providers = new Map(rows.map((row) => [row.id, row]));
  const all: readonly CatalogProvider[] = Object.freeze([...rows]);
  const remembered = new Map<string, ModelKnowledge | undefined>();

  function look(id: string, model: string): ModelKnowledge | undefined {
    const provider = providers.get(id);
    if (!provider) return undefined;
    const row = provider.prices === undefined ? undefined : findRow(prices[provider.prices] ?? [], model);
    let known: ModelKnowledge | undefined = row?.facts;
    for (const { glob, ...facts } of provider.facts) {
      if (matchGlob(glob, model)) known = { ...known, ...facts };
    }
    return known && Object.freeze(known);
  }

  return Object.freeze({
    digest,
    priceSource,
    provider: (id: string) => providers.get(id),
    providers: () => all,
    modelNames(id: string) {
      const row = providers.get(id);
      const priced = row?.prices === undefined ? [] : (prices[row.prices] ?? []).map((price) => price.id);
      return [...new Set([...(row?.models ?? []), ...priced])];
    },
    model(provider: string, model: string) {
      const name = `${provider}/${model}`;
      if (remembered.has(name)) return remembered.get(name);
      // Names come from clients: the memory is bounded, and forgetting all of it is cheaper than keeping order.
      if (remembered.size >= 4096) remembered.clear();
      const known = look(provider, model);
      remembered.set(name, known);
      return known;
    },
  });
}

/** The catalog that comes with this version. */
export const catalog: Catalog = createCatalog(providerRows, modelRows, {
  digest: catalogDigest,
  priceSource,
});
