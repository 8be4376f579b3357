// What nobody can reach. On a gateway where some caller may ask for anything nothing is unused.
import { renderPointer } from '../../lib/json-pointer.ts';
import { renderTarget } from '../resolve.ts';
import {
  knownModels,
  listLeaves,
  matchesAny,
  resolve,
  type RoutingCheck,
  type RoutingContext,
} from './context.ts';
import { listOverflows, listRoutes, listTargets } from './references.ts';

export const unusedAlias: RoutingCheck = {
  code: 'unused/alias',
  severity: 'warning',
  meaning: 'No key may use an alias, and nothing else in the file names it.',
  action: 'Add it to the `models` of a key, or remove it.',
  *check(context) {
    const reach = createReach(context);
    for (const name of reach ? Object.keys(context.config.aliases) : []) {
      if (!reach?.isUsed(name))
        yield { pointer: renderPointer(['aliases', name]), part: 'key', message: `no key may use "${name}"` };
    }
  },
};

export const unusedCombo: RoutingCheck = {
  code: 'unused/combo',
  severity: 'warning',
  meaning: 'No key may use a combo, and nothing else in the file names it.',
  action: 'Add it to the `models` of a key, or remove it.',
  *check(context) {
    const reach = createReach(context);
    for (const name of reach ? Object.keys(context.config.combos) : []) {
      if (!reach?.isUsed(name))
        yield { pointer: renderPointer(['combos', name]), part: 'key', message: `no key may use "${name}"` };
    }
  },
};

export const unusedProvider: RoutingCheck = {
  code: 'unused/provider',
  severity: 'warning',
  meaning: 'No key may use a model of a provider, directly or through a combo or alias.',
  action: 'Add one of its models to the `models` of a key, or remove the provider.',
  *check(context) {
    const reach = createReach(context);
    if (!reach) return;
    const names = [...Object.keys(context.config.aliases), ...Object.keys(context.config.combos)].filter(
      reach.isUsed,
    );
    const used = new Set(
      [...names, ...reach.routes]
        .flatMap((name) => listLeaves(context, resolve(context, name)))
        .map(({ provider }) => provider),
    );
    for (const provider of context.snapshot.providers.values()) {
      const direct = [provider.id, ...provider.prefixes].some(
        (prefix) =>
          knownModels(context, provider).some((model) =>
            matchesAny(reach.patterns, `${prefix}/${model}`, model),
          ) || reach.patterns.some((pattern) => mayBegin(pattern, `${prefix}/`)),
      );
      if (!direct && !used.has(provider.id))
        yield {
          pointer: renderPointer(['providers', provider.id]),
          part: 'key',
          message: `no key may use a model of "${provider.id}"`,
        };
    }
  },
};

export const unusedProfile: RoutingCheck = {
  code: 'unused/profile',
  severity: 'warning',
  meaning: 'No provider uses a resilience profile.',
  action: 'Name it in `providers.*.profile`, or remove it.',
  *check({ config }) {
    const used = new Set([
      'default',
      'oauth',
      'apikey',
      'local',
      ...Object.values(config.providers).map(({ profile }) => profile),
    ]);
    for (const name of Object.keys(config.resilience.profiles)) {
      if (!used.has(name))
        yield {
          pointer: renderPointer(['resilience', 'profiles', name]),
          part: 'key',
          message: `no provider uses the profile "${name}"`,
        };
    }
  },
};

interface Reach {
  /** Model globs of all keys that are on. */
  readonly patterns: readonly string[];
  /** Names to which rules send requests. */
  readonly routes: readonly string[];
  readonly isUsed: (name: string) => boolean;
}

/** undefined where somebody may ask for anything. */
function createReach(context: RoutingContext): Reach | undefined {
  const { config } = context;
  const keys = config.keys.filter(({ enabled }) => enabled);
  if (!config.auth.requireApiKey || keys.length === 0 || keys.some(({ models }) => models === undefined))
    return undefined;
  const patterns = keys.flatMap(({ models }) => models ?? []);
  const routes = [...listRoutes(config), ...listOverflows(config)].map(({ name }) => name);
  const named = new Set([
    ...Object.values(config.aliases),
    ...[...listTargets(config)].map(({ name }) => name),
    ...routes,
  ]);
  return {
    patterns,
    routes,
    isUsed(name) {
      if (named.has(name)) return true;
      const target = resolve(context, name);
      return (
        matchesAny(patterns, name) || (target !== undefined && matchesAny(patterns, renderTarget(target)))
      );
    },
  };
}

/** Whether a glob could match some name that starts with `prefix`. */
function mayBegin(pattern: string, prefix: string): boolean {
  const wildcard = pattern.search(/[*?]/);
  const literal = (wildcard < 0 ? pattern : pattern.slice(0, wildcard)).toLowerCase();
  const start = prefix.toLowerCase();
  return literal.startsWith(start) || (wildcard >= 0 && start.startsWith(literal));
}
