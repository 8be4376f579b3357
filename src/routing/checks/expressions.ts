// `when:` must compile, and its answer must depend on something.
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

export const constantExpression: RoutingCheck = {
  code: 'expression/constant',
  severity: 'warning',
  meaning: 'An expression reads nothing, so it always gives the same answer: the rule always or never holds.',
  action: 'Remove the condition, or the rule.',
  *check({ config }) {
    for (const { pointer, text } of listExpressions(config)) {
      const result = compileExpression(text);
      if (!result.ok || result.expression.constant === undefined) continue;
      yield { pointer, message: `this is always ${result.expression.constant}` };
    }
  },
};
