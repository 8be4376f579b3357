// Looks up one written name and says what is wrong with it.
import type { Finding } from '../../diagnostics/rule.ts';
import { resolveName } from '../resolve.ts';
import { type RoutingContext, suggestName } from './context.ts';

export function* find(
  context: RoutingContext,
  place: Pick<Finding, 'pointer' | 'at'>,
  name: string,
  alias = false,
): Generator<Finding> {
  const { config, snapshot } = context;
  // Names of combos and aliases exist, even where what they stand for is at fault: that is reported over there.
  if (Object.hasOwn(config.combos, name) || Object.hasOwn(config.aliases, name)) return;
  const found = resolveName(name, snapshot, () => true);
  if (found.kind === 'resolved') return;
  const what = alias ? 'the alias leads nowhere' : 'this leads nowhere';
  if (found.kind === 'ambiguous') {
    const written = found.providers.map((id) => `${id}/${name}`);
    yield {
      ...place,
      message: `several providers know "${name}"`,
      suggestion: `write ${written.join(' or ')}`,
    };
  } else
    yield { ...place, message: `${what}: there is no "${name}"`, suggestion: suggestName(context, name) };
}

export function isCircle({ config: { aliases } }: RoutingContext, start: string): boolean {
  const seen = new Set<string>();
  for (let name = start; Object.hasOwn(aliases, name); name = aliases[name] ?? '') {
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}
