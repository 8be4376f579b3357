// A key past its day. Judged by the injected clock, never an error.
import type { RoutingCheck } from './context.ts';

export const expiredKey: RoutingCheck = {
  code: 'key/expired',
  severity: 'warning',
  meaning: 'A client key is past its expiry and is refused.',
  action: 'Remove it, or rotate it and set a new date.',
  *check({ config, now }) {
    for (const [index, { id, expires }] of config.keys.entries()) {
      if (expires !== undefined && Date.parse(expires) <= now)
        yield {
          pointer: `/keys/${index}/expires`,
          message: `the key "${id}" expired on ${expires.slice(0, 10)}`,
        };
    }
  },
};
