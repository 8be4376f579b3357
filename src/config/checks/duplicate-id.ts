// Ids are unique per kind: counters, budgets and breakers are kept by them.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import type { DocumentCheck } from './context.ts';

export const duplicateId: DocumentCheck = {
  code: 'name/duplicate-id',
  severity: 'error',
  meaning:
    'Two entries of one list have the same id, perhaps in two files. State is kept by id, so both would share it.',
  action: 'Give one of them another id.',
  *check({ config }) {
    const { keys, policies, budgets, rateLimits, invariants, evals } = config;
    for (const [section, items] of Object.entries({
      keys,
      policies,
      budgets,
      rateLimits,
      invariants,
      evals,
    })) {
      yield* findRepeats(`/${section}`, items);
    }
    for (const [name, provider] of Object.entries(config.providers)) {
      yield* findRepeats(`/providers/${escapeSegment(name)}/connections`, provider.connections ?? []);
    }
  },
};

function* findRepeats(list: string, items: readonly { readonly id: string }[]): Generator<Finding> {
  const first = new Map<string, number>();
  for (const [index, { id }] of items.entries()) {
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    else {
      yield {
        pointer: `${list}/${index}/id`,
        message: `the id "${id}" is taken`,
        related: [{ pointer: `${list}/${earlier}/id`, message: 'by this entry' }],
      };
    }
  }
}
