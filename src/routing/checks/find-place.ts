// Looks up the provider or account that a test speaks of.
import { findNearest, renderNearest } from '../../lib/nearest.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { TestCase } from '../testing/cases.ts';
import { type RoutingContext, resolve } from './context.ts';

export function isName(context: RoutingContext, name: string): boolean {
  const { combos, aliases } = context.config;
  return Object.hasOwn(combos, name) || Object.hasOwn(aliases, name) || resolve(context, name) !== undefined;
}

/** Where something of a test stands; of a test with cases the case that brings it. */
export function pointTest({ index, case: place }: TestCase, ...path: readonly (string | number)[]): string {
  return renderPointer(place === undefined ? ['tests', index, ...path] : ['tests', index, 'cases', place]);
}

export function* look(
  { config, snapshot }: RoutingContext,
  pointer: string,
  part: 'key' | 'value',
  name: string,
) {
  const provider = name.split(/[@/]/)[0] ?? name;
  const found = snapshot.providers.get(provider);
  if (!found) {
    const near = findNearest(provider, Object.keys(config.providers));
    yield {
      pointer,
      part,
      message: `there is no provider "${provider}"`,
      suggestion: near === undefined ? undefined : `did you mean "${near}"?`,
    };
    return;
  }
  const account = name.includes('@') ? (name.split('@')[1] ?? '').split('/')[0] : undefined;
  const ids = found.connections.map(({ id }) => id);
  if (account !== undefined && !ids.includes(account))
    yield {
      pointer,
      part,
      message: `"${provider}" has no account "${account}"`,
      suggestion: renderNearest(account, ids),
    };
}
