// Corrections under `models` that correct nothing.
import { renderPointer } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { RoutingCheck } from './context.ts';

export const modelWithoutProvider: RoutingCheck = {
  code: 'model/no-provider',
  severity: 'error',
  meaning: 'Facts are written about a model of a provider that is not declared.',
  action: 'Correct the provider, which must be its id and not a short prefix; or declare it.',
  *check({ config, snapshot }) {
    for (const name of Object.keys(config.models)) {
      const prefix = name.slice(0, name.indexOf('/'));
      if (snapshot.providers.has(prefix)) continue;
      const owner = snapshot.prefixes.get(prefix);
      const suggestion = owner
        ? `write "${owner.id}${name.slice(prefix.length)}"`
        : renderNearest(prefix, Object.keys(config.providers));
      yield {
        pointer: renderPointer(['models', name]),
        part: 'key',
        message: `there is no provider "${prefix}"`,
        suggestion,
      };
    }
  },
};
