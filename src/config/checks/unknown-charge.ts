// Tests set and expect counters by the ids of budgets and rate limits.
import { escapeSegment } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { DocumentCheck } from './context.ts';

export const unknownCharge: DocumentCheck = {
  code: 'reference/unknown-limit',
  severity: 'error',
  meaning: 'A test speaks of a budget or rate limit that does not exist.',
  action: 'Use the id of an entry under `budgets` or `rateLimits`.',
  *check({ config }) {
    const budgets = config.budgets.map(({ id }) => id);
    const limits = config.rateLimits.map(({ id }) => id);
    for (const [index, { given, expect }] of config.tests.entries()) {
      const uses = [
        ...Object.keys(given.spend).map((id) => ({
          id,
          ids: budgets,
          kind: 'budget',
          pointer: `/tests/${index}/given/spend/${escapeSegment(id)}`,
          part: 'key' as const,
        })),
        ...Object.keys(given.usage).map((id) => ({
          id,
          ids: limits,
          kind: 'rate limit',
          pointer: `/tests/${index}/given/usage/${escapeSegment(id)}`,
          part: 'key' as const,
        })),
        ...(expect.charges ?? []).map((id, at) => ({
          id,
          ids: [...budgets, ...limits],
          kind: 'budget or rate limit',
          pointer: `/tests/${index}/expect/charges/${at}`,
          part: 'value' as const,
        })),
      ];
      for (const { id, ids, kind, pointer, part } of uses) {
        if (!ids.includes(id))
          yield { pointer, part, message: `there is no ${kind} "${id}"`, suggestion: renderNearest(id, ids) };
      }
    }
  },
};
