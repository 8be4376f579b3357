// Aliases that no request ever reaches, and aliases that hide what they should not.
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
