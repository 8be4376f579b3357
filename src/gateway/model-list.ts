// The names that a caller may ask for: combos, aliases, then the models of providers with a usable account, each in the
// order of the file. The one source of every list, whatever its shape.
import { matchGlob } from '../lib/glob.ts';
import type { Operation } from '../protocols/capabilities.ts';
import { isModelAllowed } from '../routing/decide.ts';
import { hasUsableConnection } from '../routing/usable.ts';
import type { Principal } from '../routing/facts.ts';
import { resolveName } from '../routing/resolve.ts';
import type { Connection, ModelFacts, Provider, Snapshot, Target } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';

export interface ListedModel {
  readonly id: string;
  readonly kind: 'combo' | 'alias' | 'model';
  /** Id of the provider; `combo` or `alias` for names of the file's own. */
  readonly owner: string;
  /** The name without its provider. */
  readonly root: string;
  /** The entry whose other spelling this is. */
  readonly parent?: string;
  /** What it can be asked for; never empty. */
  readonly operations: readonly Operation[];
  /** Window and longest answer in tokens: of several targets the smallest that is known. */
  readonly context?: number;
  readonly maxOutput?: number;
  /** Length of its vectors, where all targets agree. */
  readonly dimensions?: number;
  /** What it can do, every target of it; absent is unknown. */
  readonly features?: ModelFacts['features'];
  readonly deprecated?: boolean;
  /** Epoch milliseconds from which nobody serves it. */
  readonly retires?: number;
}

type Asker = Pick<Exchange, 'snapshot' | 'principal' | 'at'>;

export interface ListOptions {
  /** Also the spellings with a provider's short prefixes. */
  readonly doubles?: boolean;
}

/** Every name once, in a stable order: combos, aliases, then models by what they are for. */
export function listModels(
  { world }: Pick<Gateway, 'world'>,
  asker: Asker,
  { doubles = false }: ListOptions = {},
): readonly ListedModel[] {
  const view = createView(world, asker);
  const { snapshot } = asker;
  const entries: (ListedModel | undefined)[] = [
    ...snapshot.combos
      .names()
      .map((name) => view.describe(name, 'combo', { kind: 'combo', combo: name, weight: 1 })),
    ...snapshot.aliases.values().map(({ name, target }) => view.describe(name, 'alias', target)),
    ...listProviders(view, snapshot, doubles),
  ];
  const seen = new Set<string>();
  return entries.filter(
    (entry): entry is ListedModel =>
      entry !== undefined &&
      !seen.has(entry.id) &&
      seen.add(entry.id) !== undefined &&
      view.isAllowed(entry.id),
  );
}

/** One name as a request may write it, listed or not; undefined when nobody serves it, or not to this caller. */
export function findModel(
  gateway: Pick<Gateway, 'world'>,
  asker: Asker,
  name: string,
): ListedModel | undefined {
  const view = createView(gateway.world, asker);
  const resolved = resolveName(name, asker.snapshot, view.isActive);
  if (resolved.kind !== 'resolved' || !view.isAllowed(name)) return undefined;
  const { target } = resolved;
  if (target.kind === 'combo') {
    return view.describe(name, target.combo === name ? 'combo' : 'alias', target);
  }
  const provider = asker.snapshot.providers.get(target.provider);
  // A provider without a list passes every name on; one with a list is believed.
  if (provider?.models && !provider.models.includes(target.model)) return undefined;
  return view.describe(name, asker.snapshot.aliases.has(name) ? 'alias' : 'model', target);
}

/** The order of kinds in every list. */
const groups: readonly Operation[] = ['chat', 'embeddings', 'images', 'transcriptions'];

function listProviders(
  view: View,
  { providers }: Snapshot,
  doubles: boolean,
): readonly (ListedModel | undefined)[] {
  const listed = providers.values().flatMap(({ id, models = [], prefixes }) =>
    models.flatMap((model) => {
      const target: Target = { kind: 'model', provider: id, model, weight: 1 };
      const first = view.describe(`${id}/${model}`, 'model', target);
      if (!first || !doubles) return [first];
      const others = prefixes.filter((prefix) => prefix !== id);
      return [first, ...others.map((prefix) => ({ ...first, id: `${prefix}/${model}`, parent: first.id }))];
    }),
  );
  const rank = (entry: ListedModel | undefined): number =>
    entry ? groups.findIndex((operation) => entry.operations.includes(operation)) : 0;
  return listed.toSorted((a, b) => rank(a) - rank(b));
}

interface View {
  isActive(provider: string): boolean;
  isAllowed(name: string): boolean;
  describe(id: string, kind: ListedModel['kind'], target: Target): ListedModel | undefined;
}

/** Combos may name combos; a circle is refused when the file is compiled. */
const deepestNesting = 16;

function createView(world: Gateway['world'], { snapshot, principal, at }: Asker): View {
  const isActive = (id: string): boolean => {
    const provider = snapshot.providers.get(id);
    return provider !== undefined && hasUsableConnection(provider, world);
  };
  const { models: patterns } = principal ?? {};
  return {
    isActive,
    isAllowed(name) {
      if (!patterns) return true;
      const resolved = resolveName(name, snapshot, isActive);
      return resolved.kind === 'resolved' && isModelAllowed(patterns, name, resolved);
    },
    describe(id, kind, target) {
      const leaves = listLeaves(target, snapshot, deepestNesting);
      const open = leaves.filter(({ provider, model }) => isOpen(provider, model, principal));
      if (open.length === 0) return undefined;
      // A combo is a name of the file's own and stays listed while its accounts have no credential; a model does not.
      if (target.kind === 'model' && !isActive(target.provider)) return undefined;
      const facts = open.map(({ provider, model }) => snapshot.modelFacts(provider.id, model));
      const [only] = facts;
      if (kind === 'model' && (only?.hidden || isOver(only, at))) return undefined;
      return {
        id,
        kind,
        owner: kind === 'model' ? open[0]!.provider.id : kind,
        root: kind === 'model' ? open[0]!.model : id,
        ...summarize(facts),
      };
    },
  };
}

interface Leaf {
  readonly provider: Provider;
  readonly model: string;
}

function listLeaves(target: Target, snapshot: Snapshot, depth: number): readonly Leaf[] {
  if (target.kind === 'model') {
    const provider = snapshot.providers.get(target.provider);
    return provider ? [{ provider, model: target.model }] : [];
  }
  const combo = depth > 0 ? snapshot.combos.get(target.combo) : undefined;
  return combo?.targets.flatMap((each) => listLeaves(each, snapshot, depth - 1)) ?? [];
}

/** Whether the caller may use an account that serves the model, be it tired or without credential now. */
function isOpen({ connections }: Provider, model: string, principal: Principal | undefined): boolean {
  const mayUse = ({ enabled, models, key }: Connection): boolean =>
    enabled &&
    (!models || models.some((glob) => matchGlob(glob, model))) &&
    (!principal?.connections || principal.connections.some((glob) => matchGlob(glob, key)));
  return connections.some(mayUse);
}

function isOver(facts: ModelFacts | undefined, now: number): boolean {
  return facts?.retires !== undefined && facts.retires <= now;
}

const chatOnly: readonly Operation[] = ['chat'];

type Summary = Pick<
  ListedModel,
  'operations' | 'context' | 'maxOutput' | 'dimensions' | 'features' | 'deprecated' | 'retires'
>;

// What every target of a name can do is what a client may count on.
function summarize(all: readonly (ModelFacts | undefined)[]): Summary {
  const context = smallest(all.map((facts) => facts?.context));
  const maxOutput = smallest(all.map((facts) => facts?.maxOutput));
  const features = intersect(all.map((facts) => facts?.features));
  const [dimensions, ...others] = new Set(all.map((facts) => facts?.dimensions));
  const operations = intersect(all.map((facts) => facts?.operations ?? chatOnly)) ?? chatOnly;
  const [only] = all.length === 1 ? all : [];
  return {
    operations: operations.length > 0 ? operations : chatOnly,
    ...(context === undefined ? {} : { context }),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    ...(dimensions === undefined || others.length > 0 ? {} : { dimensions }),
    ...(features === undefined ? {} : { features }),
    ...(only?.deprecated ? { deprecated: true } : {}),
    ...(only?.retires === undefined ? {} : { retires: only.retires }),
  };
}

function smallest(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** Undefined as soon as one of them is unknown. */
function intersect<Word>(lists: readonly (readonly Word[] | undefined)[]): readonly Word[] | undefined {
  const [first, ...others] = lists;
  if (!first || others.includes(undefined)) return undefined;
  return first.filter((word) => others.every((list) => list!.includes(word)));
}
