// A budget of nothing refuses everything that has a price.
import type { DocumentCheck } from './context.ts';

export const zeroBudget: DocumentCheck = {
  code: 'budget/zero',
  severity: 'warning',
  meaning: 'A budget of 0 is used up before the first request, so everything that it matches is refused.',
  action: 'Use a policy with `deny` if that is meant; else write the amount in US dollars.',
  *check({ config }) {
    for (const [index, { limit, enabled, onExceeded }] of config.budgets.entries()) {
      if (limit > 0 || !enabled || onExceeded.action === 'warn') continue;
      yield { pointer: `/budgets/${index}/limit`, message: 'a budget of 0 is always used up' };
    }
  },
};
