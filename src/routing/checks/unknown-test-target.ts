// A test expects attempts; their providers must exist.
import { type RoutingCheck, suggestName } from './context.ts';
import { expandCases } from '../testing/cases.ts';
import { look, pointTest } from './find-place.ts';

export const unknownTestTarget: RoutingCheck = {
  code: 'reference/unknown-test-target',
  severity: 'error',
  meaning: 'A test expects an attempt at a provider or account that does not exist.',
  action: 'Write `provider/model`, or `provider@connection/model`.',
  *check(context) {
    for (const one of expandCases(context.config.tests)) {
      const { expect } = one.test;
      const places = [
        ...(expect.attempts ?? []).map((name, at) => ({
          name,
          pointer: pointTest(one, 'expect', 'attempts', at),
        })),
        ...(expect.target === undefined
          ? []
          : [{ name: expect.target, pointer: pointTest(one, 'expect', 'target') }]),
      ];
      for (const { name, pointer } of places) {
        const slash = name.indexOf('/');
        if (slash < 0)
          yield {
            pointer,
            message: `"${name}" is not written as provider/model`,
            suggestion: suggestName(context, name),
          };
        else yield* look(context, pointer, 'value', name.slice(0, slash));
      }
    }
  },
};
