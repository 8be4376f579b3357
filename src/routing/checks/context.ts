// What routing checks may look at: the configuration, the catalog, and a snapshot compiled leniently from both, so that
// a name means here exactly what it means to a request.
import type { Catalog } from '../../catalog/catalog.ts';
import type { ResolvedConfig } from '../../config/generated/types.ts';
import type { Locate } from '../../diagnostics.ts';
import type { Check } from '../../diagnostics/rule.ts';
import { matchGlob } from '../../lib/glob.ts';
import { findNearest } from '../../lib/nearest.ts';
import { assembleSnapshot } from '../assemble.ts';
import { createDraft, type CompileContext, type CompileStep } from '../compile/context.ts';
import { compileModels } from '../compile/models.ts';
import { compileNames } from '../compile/names.ts';
import { compileProviders } from '../compile/providers.ts';
import { compileProfiles } from '../compile/server.ts';
import { renderTarget, resolveName } from '../resolve.ts';
import { createLookup, type ModelFacts, type Provider, type Snapshot, type Target } from '../snapshot.ts';

export interface RoutingContext {
  readonly config: ResolvedConfig;
  readonly catalog: Catalog;
  /** Whatever could be compiled; what could not is missing from it. */
  readonly snapshot: Snapshot;
  readonly locate: Locate;
  /** Epoch milliseconds; retirement and expiry are judged by it. */
  readonly now: number;
  /** What a name leads to; undefined when it leads nowhere or to several providers. Remembers its answers. */
  readonly resolve: (name: string) => Target | undefined;
  /** Names that clients can ask for, and models that are known by name. */
  readonly names: () => readonly string[];
}

/** What the checks are given from outside. */
export type RoutingInput = Pick<RoutingContext, 'config' | 'catalog' | 'locate' | 'now'>;

export type RoutingCheck = Check<RoutingContext>;

export type ModelTarget = Target & { readonly kind: 'model' };

const steps: readonly CompileStep[] = [compileProfiles, compileProviders, compileModels, compileNames];

export function createRoutingContext(input: RoutingInput): RoutingContext {
  const draft = createDraft();
  const context: CompileContext = { ...input, draft, at: input.locate, report: () => {} };
  for (const step of steps) step(context);
  const { profiles: _profiles, keys: _keys, ...parts } = draft;
  const snapshot = assembleSnapshot({ ...parts, keys: createLookup([]) });
  const resolved = new Map<string, Target | undefined>();
  let names: readonly string[] | undefined;
  return {
    ...input,
    snapshot,
    resolve(name) {
      if (!resolved.has(name)) {
        const found = resolveName(name, snapshot, () => true);
        resolved.set(name, found.kind === 'resolved' ? found.target : undefined);
      }
      return resolved.get(name);
    },
    names: () => (names ??= listNames(input, snapshot)),
  };
}

/** What a name leads to; undefined when it leads nowhere or to several providers. */
export function resolve(context: RoutingContext, name: string): Target | undefined {
  return context.resolve(name);
}

/** The models behind a target, combos opened, each once, in order. */
export function listLeaves({ snapshot }: RoutingContext, target: Target | undefined): ModelTarget[] {
  const leaves = new Map<string, ModelTarget>();
  const visited = new Set<string>();
  const visit = (one: Target): void => {
    if (one.kind === 'model') {
      if (!leaves.has(renderTarget(one))) leaves.set(renderTarget(one), one);
    } else if (!visited.has(one.combo)) {
      visited.add(one.combo);
      for (const inner of snapshot.combos.get(one.combo)?.targets ?? []) visit(inner);
    }
  };
  if (target) visit(target);
  return [...leaves.values()];
}

export function factsOf(
  { snapshot }: RoutingContext,
  { provider, model }: ModelTarget,
): ModelFacts | undefined {
  return snapshot.modelFacts(provider, model);
}

/** Ids of the models that a provider is known to have. */
export function knownModels(
  { catalog }: Pick<RoutingContext, 'catalog'>,
  { models = [], catalog: entry }: Provider,
): readonly string[] {
  return [...new Set([...models, ...(entry === undefined ? [] : catalog.modelNames(entry))])];
}

/** `did you mean …` for a name that leads nowhere; a provider that the catalog knows is offered for declaration. */
export function suggestName(context: RoutingContext, name: string): string | undefined {
  const { config, catalog, snapshot } = context;
  const slash = name.indexOf('/');
  const prefix = name.slice(0, Math.max(slash, 0));
  const entry = catalog.providers().find(({ id, prefixes }) => id === prefix || prefixes.includes(prefix));
  if (entry && !snapshot.prefixes.has(prefix))
    return `declare the provider: "${entry.id}: {}" under providers`;
  const names = [...Object.keys(config.combos), ...Object.keys(config.aliases)];
  const model = name.slice(slash + 1);
  const models = listModels(catalog, snapshot);
  // Last, because nobody knows whether they exist: the same model behind a prefix that does.
  const guesses =
    slash < 0 || model === '' ? [] : snapshot.prefixes.names().map((other) => `${other}/${model}`);
  const near = findNearest(name, [...names, ...models, ...guesses]);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** Whether any of the patterns matches any of the forms of one thing. */
export function matchesAny(patterns: readonly string[], ...forms: readonly string[]): boolean {
  return patterns.some((pattern) => forms.some((form) => matchGlob(pattern, form)));
}

function listNames({ config, catalog }: RoutingInput, snapshot: Snapshot): readonly string[] {
  const models = listModels(catalog, snapshot);
  const targets = Object.values(config.combos).flatMap((combo) => combo.targets.map(({ model }) => model));
  const names = [config.combos, config.aliases, config.models].flatMap((section) => Object.keys(section));
  return [...new Set([...names, ...Object.values(config.aliases), ...targets, ...models])];
}

function listModels(catalog: Catalog, snapshot: Snapshot): string[] {
  return snapshot.providers
    .values()
    .flatMap((provider) => knownModels({ catalog }, provider).map((model) => `${provider.id}/${model}`));
}
