// Every `when` must compile; all its faults are reported, each under its own words.
import { findInside } from '../../diagnostics/rule.ts';
import { compileExpression } from '../expressions.ts';
import type { RoutingCheck } from './context.ts';
import { listExpressions } from './references.ts';

export const invalidExpression: RoutingCheck = {
  code: 'expression/invalid',
  severity: 'error',
  meaning:
    'An expression cannot be compiled: a word is misspelt, types do not fit, or it is larger than the bounds allow.',
  action: 'See docs/reference/expressions.md for what expressions may read and do.',
  *check({ config }) {
    for (const { pointer, text } of listExpressions(config)) {
      const result = compileExpression(text);
      if (!result.ok) for (const problem of result.problems) yield findInside(pointer, text, problem);
    }
  },
};
