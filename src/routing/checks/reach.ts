// What the declared keys may ask for. On a gateway where some caller may ask for anything nothing is unused.
import { renderTarget } from '../resolve.ts';
import { type RoutingContext, matchesAny, resolve } from './context.ts';
import { listOverflows, listRoutes, listTargets } from './references.ts';

interface Reach {
  /** Model globs of all keys that are on. */
  readonly patterns: readonly string[];
  /** Names to which rules send requests. */
  readonly routes: readonly string[];
  readonly isUsed: (name: string) => boolean;
}

/** undefined where somebody may ask for anything. */
export function createReach(context: RoutingContext): Reach | undefined {
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
export function mayBegin(pattern: string, prefix: string): boolean {
  const wildcard = pattern.search(/[*?]/);
  const literal = (wildcard < 0 ? pattern : pattern.slice(0, wildcard)).toLowerCase();
  const start = prefix.toLowerCase();
  return literal.startsWith(start) || (wildcard >= 0 && start.startsWith(literal));
}
