// A test expects reasons: ids of rules, or codes of the closed table.
import { renderNearest } from '../../lib/nearest.ts';
import { reasonTable } from '../reasons.ts';
import { expandCases } from '../testing/cases.ts';
import type { RoutingCheck } from './context.ts';
import { pointTest } from './find-place.ts';

export const unknownTestReason: RoutingCheck = {
  code: 'reference/unknown-test-reason',
  severity: 'error',
  meaning: 'A test expects a reason that is neither the id of a rule nor a reason code.',
  action: 'Use the id of a policy, budget, rate limit or key, or a code of docs/reference/reasons.md.',
  *check({ config }) {
    const ids = [config.policies, config.budgets, config.rateLimits, config.keys].flatMap((rules) =>
      rules.map(({ id }) => id),
    );
    const known = [...ids, ...Object.keys(reasonTable)];
    for (const one of expandCases(config.tests)) {
      for (const [at, reason] of (one.test.expect.reasons ?? []).entries()) {
        if (!known.includes(reason))
          yield {
            pointer: pointTest(one, 'expect', 'reasons', at),
            message: `there is no reason "${reason}"`,
            suggestion: renderNearest(reason, known),
          };
      }
    }
  },
};
