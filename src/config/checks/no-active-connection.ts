// A provider all of whose accounts are switched off.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const noActiveConnection: DocumentCheck = {
  code: 'provider/no-active-account',
  severity: 'warning',
  meaning:
    'A provider is enabled, but every one of its accounts is switched off, so no request can go there.',
  action: 'Switch an account on, or the provider off.',
  *check({ config }) {
    for (const [name, { enabled, connections = [] }] of Object.entries(config.providers)) {
      if (!enabled || connections.length === 0 || connections.some((connection) => connection.enabled))
        continue;
      yield {
        pointer: `/providers/${escapeSegment(name)}/connections`,
        part: 'key',
        message: `every account of "${name}" is switched off`,
      };
    }
  },
};
