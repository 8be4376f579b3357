// A test sets the state of providers, models and accounts; they must exist.
import type { RoutingCheck } from './context.ts';
import { expandCases } from '../testing/cases.ts';
import { look, pointTest } from './find-place.ts';

export const unknownTestWorld: RoutingCheck = {
  code: 'reference/unknown-test-world',
  severity: 'error',
  meaning: 'A test sets the state of a provider, model or account that does not exist.',
  action: 'Write a declared provider, `provider/model`, or `provider@connection`.',
  *check(context) {
    for (const one of expandCases(context.config.tests)) {
      const { given } = one.test;
      for (const section of ['breakers', 'cooldowns', 'quota', 'latency', 'credentials'] as const) {
        for (const name of Object.keys(given[section]))
          yield* look(context, pointTest(one, 'given', section, name), 'key', name);
      }
      for (const [session, name] of Object.entries(given.sessions))
        yield* look(context, pointTest(one, 'given', 'sessions', session), 'value', name);
    }
  },
};
