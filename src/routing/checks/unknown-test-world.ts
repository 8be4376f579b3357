// A test sets the state of providers, models and accounts; they must exist.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';
import { look } from './find-place.ts';

export const unknownTestWorld: RoutingCheck = {
  code: 'reference/unknown-test-world',
  severity: 'error',
  meaning: 'A test sets the state of a provider, model or account that does not exist.',
  action: 'Write a declared provider, `provider/model`, or `provider@connection`.',
  *check(context) {
    for (const [index, { given }] of context.config.tests.entries()) {
      for (const section of ['breakers', 'cooldowns', 'quota', 'latency', 'credentials'] as const) {
        for (const name of Object.keys(given[section]))
          yield* look(context, renderPointer(['tests', index, 'given', section, name]), 'key', name);
      }
      for (const [session, name] of Object.entries(given.sessions))
        yield* look(context, renderPointer(['tests', index, 'given', 'sessions', session]), 'value', name);
    }
  },
};
