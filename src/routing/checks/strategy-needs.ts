// Strategies that compare numbers need the numbers.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import type { ModelFacts } from '../snapshot.ts';
import { factsOf, listLeaves, resolve, type RoutingCheck, type RoutingContext } from './context.ts';
import { atModel } from './references.ts';

export const needsPrice: RoutingCheck = {
  code: 'combo/needs-price',
  severity: 'warning',
  meaning:
    'A combo chooses by cost, but the price of a target is not known, so that target always comes last.',
  action: 'Write its price under `models`.',
  check: (context) =>
    findMissing(context, 'cost-optimized', ({ prices }) => prices !== undefined, 'no price is known'),
};

export const needsContext: RoutingCheck = {
  code: 'combo/needs-context',
  severity: 'warning',
  meaning: 'A combo chooses by context window, but the window of a target is not known.',
  action: 'Write its `context` under `models`.',
  check: (context) =>
    findMissing(
      context,
      'context-optimized',
      (facts) => facts.context !== undefined,
      'no context window is known',
    ),
};

function* findMissing(
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
