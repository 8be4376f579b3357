// An alias pattern that no request ever reaches.
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';

export const unreachableAlias: RoutingCheck = {
  code: 'name/unreachable-alias',
  severity: 'warning',
  meaning:
    'An alias pattern can never match: names with a declared provider in front go to that provider, or an equal pattern stands above.',
  action: 'Write the pattern without the provider, or give the provider another id.',
  *check({ config, snapshot }) {
    const first = new Map<string, string>();
    for (const name of Object.keys(config.aliases)) {
      if (!isGlob(name)) continue;
      const pointer = renderPointer(['aliases', name]);
      const slash = name.indexOf('/');
      const provider = slash > 0 ? snapshot.prefixes.get(name.slice(0, slash)) : undefined;
      const earlier = first.get(name.toLowerCase());
      if (provider) {
        yield {
          pointer,
          part: 'key',
          message: `names that begin with "${name.slice(0, slash)}/" go to provider "${provider.id}" before aliases are looked at`,
        };
      } else if (earlier !== undefined) {
        yield {
          pointer,
          part: 'key',
          message: `"${earlier}" matches the same names first`,
          related: [{ pointer: renderPointer(['aliases', earlier]), part: 'key', message: 'here' }],
        };
      } else first.set(name.toLowerCase(), name);
    }
  },
};
