// An alias or combo that takes the name of a real model.
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';

export const hidesModel: RoutingCheck = {
  code: 'name/hides-model',
  severity: 'warning',
  meaning:
    'An alias or combo has the name of a model at a declared provider. Whoever asks for that model gets something else.',
  action: 'Choose a name without the provider in front, unless the detour is meant.',
  *check({ config, snapshot }) {
    for (const section of ['aliases', 'combos'] as const) {
      for (const name of Object.keys(config[section])) {
        const slash = name.indexOf('/');
        const provider = slash > 0 && !isGlob(name) ? snapshot.prefixes.get(name.slice(0, slash)) : undefined;
        if (provider)
          yield {
            pointer: renderPointer([section, name]),
            part: 'key',
            message: `"${name}" hides a model of provider "${provider.id}"`,
          };
      }
    }
  },
};
