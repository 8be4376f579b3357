// Rules and tests name client keys by id.
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { RoutingCheck } from './context.ts';
import { expandCases } from '../testing/cases.ts';
import { pointTest } from './find-place.ts';
import { listMatches } from './references.ts';

export const unknownKey: RoutingCheck = {
  code: 'reference/unknown-key',
  severity: 'error',
  meaning: 'A rule or a test names a client key that is not declared, or a glob that matches none.',
  action: 'Correct the id, or declare the key.',
  *check({ config }) {
    const ids = config.keys.map(({ id }) => id);
    for (const { pointer, match } of listMatches(config)) {
      for (const [index, name] of (match.keys ?? []).entries()) {
        // `*` alone means "any key", which is as good before the first key as after it.
        if (name === '*' || ids.some((id) => matchGlob(name, id))) continue;
        const message = isGlob(name) ? `"${name}" matches no key` : `there is no key "${name}"`;
        yield { pointer: `${pointer}/keys/${index}`, message, suggestion: renderNearest(name, ids) };
      }
    }
    for (const one of expandCases(config.tests)) {
      const { request, expect } = one.test;
      // A test may promise that a stranger is refused.
      if (request.key === undefined || expect.refusal !== undefined || ids.includes(request.key)) continue;
      yield {
        pointer: pointTest(one, 'request', 'key'),
        message: `there is no key "${request.key}"`,
        suggestion: renderNearest(request.key, ids),
      };
    }
  },
};
