// A provider whose models nobody may use.
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingCheck, knownModels, listLeaves, matchesAny, resolve } from './context.ts';
import { createReach, mayBegin } from './reach.ts';

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
