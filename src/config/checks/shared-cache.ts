// A global cache answers one team with what another has asked.
import type { DocumentCheck } from './context.ts';

export const sharedCache: DocumentCheck = {
  code: 'cache/shared',
  severity: 'warning',
  meaning:
    'Answers are shared between all keys. Who asks the same question as another team gets the answer that was made for that team.',
  action: 'Use `scope: key`, or `scope: tag:team` to share inside a team.',
  *check({ config: { cache, keys } }) {
    if (cache.exact?.scope === 'global' && keys.length > 1) {
      yield {
        pointer: '/cache/exact/scope',
        message: `${keys.length} keys share one cache`,
        suggestion: 'write scope: key',
      };
    }
  },
};
