// A budget counts money, and money needs prices.
import { isGlob } from '../../lib/glob.ts';
import { renderTarget } from '../resolve.ts';
import { factsOf, listLeaves, matchesAny, resolve, type RoutingCheck } from './context.ts';

export const missingPrice: RoutingCheck = {
  code: 'budget/missing-price',
  severity: 'warning',
  meaning:
    'A budget matches a model whose price is not known. What that model costs is not counted, so the budget does not hold it back.',
  action: 'Write the price under `models`; a server of your own costs `{ input: 0, output: 0 }`.',
  *check(context) {
    const { config, snapshot } = context;
    const names = [
      ...Object.keys(config.combos),
      ...Object.entries(config.aliases)
        .filter(([name]) => !isGlob(name))
        .map(([name]) => name),
      ...Object.keys(config.models),
    ];
    for (const [index, { id, enabled, match }] of config.budgets.entries()) {
      if (!enabled) continue;
      const missing = new Set<string>();
      for (const name of names) {
        for (const leaf of listLeaves(context, resolve(context, name))) {
          const full = renderTarget(leaf);
          const counted =
            (!match.models || matchesAny(match.models, name, full)) &&
            (!match.providers || matchesAny(match.providers, leaf.provider));
          if (counted && !snapshot.providers.get(leaf.provider)?.sandbox && !factsOf(context, leaf)?.prices)
            missing.add(full);
        }
      }
      for (const model of missing) {
        yield {
          pointer: `/budgets/${index}`,
          message: `"${id}" cannot count "${model}": its price is not known`,
          suggestion: `add models: { ${model}: { price: { input: …, output: … } } }`,
        };
      }
    }
  },
};
