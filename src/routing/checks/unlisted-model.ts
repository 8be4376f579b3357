// A model that the catalog has never heard of: new, or misspelt.
import type { Finding } from '../../diagnostics/rule.ts';
import { findNearest } from '../../lib/nearest.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { isGlob } from '../../lib/glob.ts';
import { knownModels, resolve, type RoutingCheck, type RoutingContext } from './context.ts';
import { atModel, listOverflows, listRoutes, listTargets } from './references.ts';

export const unlistedModel: RoutingCheck = {
  code: 'model/unknown',
  severity: 'warning',
  meaning:
    'The provider is known, the model is not: a misspelling, or a model that is newer than this gateway.',
  action:
    'Correct the name; or say what the model can do under `models`, so that prices and windows are known.',
  *check(context) {
    const { config, locate } = context;
    for (const [name, target] of Object.entries(config.aliases)) {
      if (!isGlob(name)) yield* look(context, { pointer: renderPointer(['aliases', name]) }, target);
    }
    for (const { pointer, name } of listTargets(config)) yield* look(context, atModel(locate, pointer), name);
    for (const { pointer, name } of [...listRoutes(config), ...listOverflows(config)])
      yield* look(context, { pointer }, name);
  },
};

function* look(
  context: RoutingContext,
  place: Pick<Finding, 'pointer' | 'at'>,
  name: string,
): Generator<Finding> {
  if (Object.hasOwn(context.config.combos, name) || Object.hasOwn(context.config.aliases, name)) return;
  const target = resolve(context, name);
  if (target?.kind !== 'model') return;
  const provider = context.snapshot.providers.get(target.provider);
  if (!provider || provider.sandbox || context.snapshot.modelFacts(target.provider, target.model)) return;
  const known = knownModels(context, provider);
  // Without a list of its own the provider takes any name: a local server, an aggregator.
  if (known.length === 0 || known.includes(target.model)) return;
  const near = findNearest(target.model, known);
  yield {
    ...place,
    message: `"${provider.id}" is not known to have "${target.model}"`,
    suggestion: near === undefined ? undefined : `did you mean "${provider.id}/${near}"?`,
  };
}
