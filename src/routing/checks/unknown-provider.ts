// Names and globs in lists of providers must match a declared one.
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { RoutingCheck } from './context.ts';
import { listProviderGlobs } from './references.ts';

export const unknownProvider: RoutingCheck = {
  code: 'reference/unknown-provider',
  severity: 'error',
  meaning: 'A list of providers names one that is not declared, or a glob that matches none.',
  action: 'Correct the name, or declare the provider.',
  *check({ config, catalog }) {
    const ids = Object.keys(config.providers);
    for (const { pointer, name } of listProviderGlobs(config)) {
      if (ids.some((id) => matchGlob(name, id))) continue;
      const suggestion =
        renderNearest(name, ids) ??
        (catalog.provider(name) ? `declare it: "${name}: {}" under providers` : undefined);
      yield {
        pointer,
        message: isGlob(name) ? `"${name}" matches no provider` : `there is no provider "${name}"`,
        suggestion,
      };
    }
  },
};
