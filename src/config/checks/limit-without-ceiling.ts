// A rate limit that limits nothing.
import type { DocumentCheck } from './context.ts';

export const limitWithoutCeiling: DocumentCheck = {
  code: 'limit/no-ceiling',
  severity: 'error',
  meaning:
    'A rate limit names no ceiling: neither requests nor tokens, concurrent or sessions. It never refuses anything.',
  action: 'Write at least one of `requests`, `tokens`, `concurrent`, `sessions`.',
  *check({ config }) {
    for (const [index, { id, requests, tokens, concurrent, sessions }] of config.rateLimits.entries()) {
      if ([requests, tokens, concurrent, sessions].some((ceiling) => ceiling !== undefined)) continue;
      yield {
        pointer: `/rateLimits/${index}`,
        message: `the rate limit "${id}" names no ceiling`,
        suggestion: 'write requests: 60/min',
      };
    }
  },
};
