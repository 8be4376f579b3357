// Lists of names and globs: what is in them must match something, or the rule is silently dead.
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { findNearest, renderNearest } from '../../lib/nearest.ts';
import { listNames, resolve, suggestName, type RoutingCheck } from './context.ts';
import { listMatches, listModelGlobs, listProviderGlobs } from './references.ts';

export const unknownModel: RoutingCheck = {
  code: 'reference/unknown-model',
  severity: 'error',
  meaning: 'A list of models names something that is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name.',
  *check(context) {
    const { aliases } = context.config;
    for (const { pointer, name } of listModelGlobs(context.config)) {
      if (
        isGlob(name) ||
        Object.hasOwn(aliases, name) ||
        Object.hasOwn(context.config.combos, name) ||
        resolve(context, name)
      )
        continue;
      yield { pointer, message: `there is no "${name}"`, suggestion: suggestName(context, name) };
    }
  },
};

export const unmatchedGlob: RoutingCheck = {
  code: 'reference/unmatched-glob',
  severity: 'warning',
  meaning: 'A glob over model names matches no combo, no alias and no model that is known.',
  action:
    'Correct the glob. It is matched whole, without case, against the name as clients write it and against `provider/model`.',
  *check(context) {
    let names: readonly string[] | undefined;
    for (const { pointer, name } of listModelGlobs(context.config)) {
      if (!isGlob(name)) continue;
      names ??= listNames(context);
      if (names.some((known) => matchGlob(name, known))) continue;
      const near = findNearest(name.replaceAll('*', ''), names);
      yield {
        pointer,
        message: `"${name}" matches nothing`,
        suggestion: near === undefined ? undefined : `there is "${near}"`,
      };
    }
  },
};

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

export const unknownKey: RoutingCheck = {
  code: 'reference/unknown-key',
  severity: 'error',
  meaning: 'A rule or a test names a client key that is not declared, or a glob that matches none.',
  action: 'Correct the id, or declare the key.',
  *check({ config }) {
    const ids = config.keys.map(({ id }) => id);
    for (const { pointer, match } of listMatches(config)) {
      for (const [index, name] of (match.keys ?? []).entries()) {
        // `*` alone means "any key", which is as good before the first key as after it.
        if (name === '*' || ids.some((id) => matchGlob(name, id))) continue;
        const message = isGlob(name) ? `"${name}" matches no key` : `there is no key "${name}"`;
        yield { pointer: `${pointer}/keys/${index}`, message, suggestion: renderNearest(name, ids) };
      }
    }
    for (const [index, { request, expect }] of config.tests.entries()) {
      // A test may promise that a stranger is refused.
      if (request.key === undefined || expect.refusal !== undefined || ids.includes(request.key)) continue;
      yield {
        pointer: `/tests/${index}/request/key`,
        message: `there is no key "${request.key}"`,
        suggestion: renderNearest(request.key, ids),
      };
    }
  },
};

export const unknownTag: RoutingCheck = {
  code: 'reference/unknown-tag',
  severity: 'warning',
  meaning: 'A rule looks for a tag that no client key has, or for a value that none of them has.',
  action: 'Correct the tag, or give it to the keys that are meant.',
  *check({ config }) {
    const values = new Map<string, Set<string>>();
    for (const { tags } of config.keys) {
      for (const [name, value] of Object.entries(tags))
        values.set(name, (values.get(name) ?? new Set()).add(value));
    }
    for (const { pointer, match } of listMatches(config)) {
      for (const [name, glob] of Object.entries(match.tags ?? {})) {
        const known = values.get(name);
        const at = `${pointer}/tags/${name}`;
        if (!known)
          yield {
            pointer: at,
            part: 'key',
            message: `no key has the tag "${name}"`,
            suggestion: renderNearest(name, values.keys()),
          };
        else if (![...known].some((value) => matchGlob(glob, value))) {
          yield {
            pointer: at,
            message: `no key has the tag ${name}: ${glob}`,
            suggestion: renderNearest(glob, known),
          };
        }
      }
    }
    for (const section of ['budgets', 'rateLimits'] as const) {
      for (const [index, { per }] of config[section].entries()) {
        const name = per.startsWith('tag:') ? per.slice(4) : undefined;
        if (name !== undefined && !values.has(name)) {
          yield {
            pointer: `/${section}/${index}/per`,
            message: `no key has the tag "${name}"`,
            suggestion: renderNearest(name, values.keys()),
          };
        }
      }
    }
  },
};
