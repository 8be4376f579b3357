// What happens beyond a limit must be complete: `route` needs a place to go.
import type { ResolvedOnExceeded } from '../generated/types.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import type { DocumentCheck } from './context.ts';

export const exceededRoute: DocumentCheck = {
  code: 'limit/exceeded-route',
  severity: 'error',
  meaning:
    'A limit says `onExceeded: route` without naming where, or names a route that its action does not take.',
  action: 'Write `onExceeded: { route: NAME }`.',
  *check({ config }) {
    for (const section of ['budgets', 'rateLimits'] as const) {
      for (const [index, { onExceeded }] of config[section].entries())
        yield* look(`/${section}/${index}/onExceeded`, onExceeded);
    }
  },
};

function* look(pointer: string, { action, route }: ResolvedOnExceeded): Generator<Finding> {
  if (action === 'route' && route === undefined)
    yield {
      pointer,
      message: '"route" names no place to go',
      suggestion: 'write onExceeded: { route: NAME }',
    };
  if (action !== 'route' && route !== undefined)
    yield { pointer: `${pointer}/route`, message: `the action "${action}" does not take a route` };
}
