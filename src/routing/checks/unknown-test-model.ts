// A test asks for a name; a promise about a name that does not exist is kept by accident.
import { type RoutingCheck, suggestName } from './context.ts';
import { isName } from './find-place.ts';

export const unknownTestModel: RoutingCheck = {
  code: 'reference/unknown-test-model',
  severity: 'error',
  meaning: 'A test asks for a name that leads nowhere, without expecting a refusal.',
  action: 'Correct the name, or expect `refusal: model_not_found`.',
  *check(context) {
    for (const [index, { request, expect, cases }] of context.config.tests.entries()) {
      if (cases || expect.refusal !== undefined || isName(context, request.model)) continue;
      yield {
        pointer: `/tests/${index}/request/model`,
        message: `there is no "${request.model}"`,
        suggestion: suggestName(context, request.model),
      };
    }
  },
};
