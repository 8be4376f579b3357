// Tests set and expect counters by their ids: of budgets, of rate limits, and of everything else that has a ceiling.
import { renderNearest } from '../../lib/nearest.ts';
import { compileLimits } from '../compile/pace.ts';
import { listCounters, listKeyCounters } from '../counters.ts';
import { expandCases } from '../testing/cases.ts';
import type { RoutingCheck } from './context.ts';
import { pointTest } from './find-place.ts';

export const unknownCharge: RoutingCheck = {
  code: 'reference/unknown-limit',
  severity: 'error',
  meaning: 'A test speaks of a budget, a rate limit or another ceiling that does not exist.',
  action:
    'Use the id of an entry under `budgets` or `rateLimits`, or one such as `key:ID/tokens` of a limit that the file sets.',
  *check({ config, snapshot }) {
    const budgets = config.budgets.map(({ id }) => id);
    const keys = config.keys.flatMap(({ id, limits }) =>
      listKeyCounters({ id, limits: compileLimits(limits) }),
    );
    const limits = [
      ...config.rateLimits.map(({ id }) => id),
      ...keys.map(({ id }) => id),
      ...listCounters(snapshot).keys(),
    ];
    for (const one of expandCases(config.tests)) {
      const { given, expect } = one.test;
      const uses = [
        ...Object.keys(given.spend).map((id) => ({
          id,
          ids: budgets,
          kind: 'budget',
          pointer: pointTest(one, 'given', 'spend', id),
          part: 'key' as const,
        })),
        ...Object.keys(given.usage).map((id) => ({
          id,
          ids: limits,
          kind: 'limit',
          pointer: pointTest(one, 'given', 'usage', id),
          part: 'key' as const,
        })),
        ...(expect.charges ?? []).map((id, at) => ({
          id,
          ids: [...budgets, ...limits],
          kind: 'budget or limit',
          pointer: pointTest(one, 'expect', 'charges', at),
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
