// The answer of a `when` must depend on something.
import { compileExpression } from '../expressions.ts';
import type { RoutingCheck } from './context.ts';
import { listExpressions } from './references.ts';

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
