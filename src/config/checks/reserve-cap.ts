// `reserve: capped` and `reserveCap` belong together.
import type { DocumentCheck } from './context.ts';

export const reserveCap: DocumentCheck = {
  code: 'budget/reserve-cap',
  severity: 'warning',
  meaning:
    'A budget reserves up to a cap without saying which, or says a cap that its way of reserving does not use.',
  action: 'Write `reserve: capped` together with `reserveCap`.',
  *check({ config }) {
    for (const [index, { reserve, reserveCap }] of config.budgets.entries()) {
      if (reserve === 'capped' && reserveCap === undefined) {
        yield {
          pointer: `/budgets/${index}/reserve`,
          message: '"capped" without reserveCap has no cap',
          suggestion: 'add reserveCap: 0.50',
        };
      }
      if (reserve !== 'capped' && reserveCap !== undefined) {
        yield {
          pointer: `/budgets/${index}/reserveCap`,
          message: `reserveCap is not used with reserve: ${reserve}`,
          suggestion: 'write reserve: capped',
        };
      }
    }
  },
};
