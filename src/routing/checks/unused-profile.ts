// A resilience profile that no provider uses.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';

export const unusedProfile: RoutingCheck = {
  code: 'unused/profile',
  severity: 'warning',
  meaning: 'No provider uses a resilience profile.',
  action: 'Name it in `providers.*.profile`, or remove it.',
  *check({ config }) {
    const used = new Set([
      'default',
      'oauth',
      'apikey',
      'local',
      ...Object.values(config.providers).map(({ profile }) => profile),
    ]);
    for (const name of Object.keys(config.resilience.profiles)) {
      if (!used.has(name))
        yield {
          pointer: renderPointer(['resilience', 'profiles', name]),
          part: 'key',
          message: `no provider uses the profile "${name}"`,
        };
    }
  },
};
