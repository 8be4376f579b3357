// A key that is switched off.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';

export const unusedKey: RoutingCheck = {
  code: 'unused/key',
  severity: 'info',
  meaning: 'A client key is switched off. Requests with it are refused.',
  action: 'Remove the entry when nobody needs its counters any more.',
  *check({ config }) {
    for (const [index, { id, enabled }] of config.keys.entries()) {
      if (!enabled)
        yield {
          pointer: renderPointer(['keys', index, 'enabled']),
          message: `the key "${id}" is switched off`,
        };
    }
  },
};
