// Strategies that compare numbers need the numbers.
import type { Finding } from '../../diagnostics/rule.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { ModelFacts } from '../snapshot.ts';
import { type RoutingContext, factsOf, listLeaves, resolve } from './context.ts';
import { atModel } from './references.ts';

export function* findMissing(
  context: RoutingContext,
  strategy: string,
  has: (facts: ModelFacts) => boolean,
  message: string,
): Generator<Finding> {
  for (const [name, combo] of Object.entries(context.config.combos)) {
    if (combo.strategy !== strategy) continue;
    for (const [index, { model }] of combo.targets.entries()) {
      for (const leaf of listLeaves(context, resolve(context, model))) {
        const facts = factsOf(context, leaf);
        if (facts && has(facts)) continue;
        yield {
          ...atModel(context.locate, renderPointer(['combos', name, 'targets', index])),
          message: `${message} for "${leaf.provider}/${leaf.model}"`,
        };
      }
    }
  }
}
