// A test asks for a name; a promise about a name that does not exist is kept by accident.
import { type RoutingCheck, suggestName } from './context.ts';
import { expandCases } from '../testing/cases.ts';
import { isName, pointTest } from './find-place.ts';

export const unknownTestModel: RoutingCheck = {
  code: 'reference/unknown-test-model',
  severity: 'error',
  meaning: 'A test asks for a name that leads nowhere, without expecting a refusal.',
  action: 'Correct the name, or expect `refusal: model_not_found`.',
  *check(context) {
    for (const one of expandCases(context.config.tests)) {
      const { request, expect } = one.test;
      if (expect.refusal !== undefined || isName(context, request.model)) continue;
      yield {
        pointer: pointTest(one, 'request', 'model'),
        message: `there is no "${request.model}"`,
        suggestion: suggestName(context, request.model),
      };
    }
  },
};
