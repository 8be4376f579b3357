// A short prefix that does not lead where people expect.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';

export const prefixLost: RoutingCheck = {
  code: 'provider/prefix-lost',
  severity: 'warning',
  meaning:
    'The usual short prefix of a provider leads to another provider here, because that one has it as its id or claims it.',
  action: 'Rename the other provider, or accept that the prefix means it.',
  *check({ config, catalog, snapshot }) {
    for (const [id, { catalog: entry }] of Object.entries(config.providers)) {
      for (const prefix of catalog.provider(entry ?? id)?.prefixes ?? []) {
        const owner = snapshot.prefixes.get(prefix);
        if (!owner || owner.id === id || owner.catalog === (entry ?? id)) continue;
        yield {
          pointer: renderPointer(['providers', owner.id]),
          part: 'key',
          message: `"${prefix}/" usually means "${id}", which is declared too`,
          related: [{ pointer: renderPointer(['providers', id]), part: 'key', message: 'its usual owner' }],
        };
      }
    }
  },
};
