// One credential cannot be two keys: which entry would count?
import type { DocumentCheck } from './context.ts';

export const duplicateDigest: DocumentCheck = {
  code: 'key/duplicate-digest',
  severity: 'error',
  meaning: 'Two keys have the same digest. A request with that credential could be either.',
  action: 'Remove one of them, or make a new key with `omniroute keys create`.',
  *check({ config }) {
    const first = new Map<string, number>();
    for (const [index, { digest }] of config.keys.entries()) {
      const earlier = first.get(digest);
      if (earlier === undefined) first.set(digest, index);
      else {
        yield {
          pointer: `/keys/${index}/digest`,
          message: 'another key has this digest',
          related: [{ pointer: `/keys/${earlier}/digest`, message: 'this one' }],
        };
      }
    }
  },
};
