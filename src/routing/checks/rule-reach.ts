// Rules whose match no key and no model can meet, and policies that never get their turn.
import type { ResolvedMatch } from '../../config/generated/types.ts';
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import { listNames, matchesAny, resolve, type RoutingCheck, type RoutingContext } from './context.ts';
import { renderTarget } from '../resolve.ts';
import { listMatches, type MatchPlace } from './references.ts';

export const unreachableLimit: RoutingCheck = {
  code: 'limit/unreachable',
  severity: 'warning',
  meaning:
    'No client key can ever meet a budget, a rate limit or the cache rule: each condition is met by some key, but all of them by none.',
  action: 'Loosen the match, or give the keys what it asks for.',
  check: (context) => findUnreachable(context, ['budgets', 'rateLimits', 'cache']),
};

export const unreachablePolicy: RoutingCheck = {
  code: 'policy/unreachable',
  severity: 'warning',
  meaning:
    'No client key can ever meet a policy: each condition is met by some key, but all of them by none.',
  action: 'Loosen the match, or give the keys what it asks for.',
  check: (context) => findUnreachable(context, ['policies']),
};

export const shadowedPolicy: RoutingCheck = {
  code: 'policy/shadowed',
  severity: 'warning',
  meaning: 'A policy can never act: an earlier one denies everything that it matches.',
  action: 'Move it up, or narrow the earlier one.',
  *check({ config }) {
    for (const [index, policy] of config.policies.entries()) {
      const earlier = config.policies
        .slice(0, index)
        .findIndex(
          ({ deny, when, schedule, enabled, shadow, match }) =>
            deny !== undefined &&
            enabled &&
            !shadow &&
            when === undefined &&
            schedule === undefined &&
            covers(match, policy.match),
        );
      if (earlier < 0 || !policy.enabled) continue;
      yield {
        pointer: `/policies/${index}`,
        message: `"${config.policies[earlier]?.id}" denies everything that this policy matches`,
        related: [{ pointer: `/policies/${earlier}/deny`, message: 'the denial' }],
      };
    }
  },
};

function* findUnreachable(
  context: RoutingContext,
  sections: readonly MatchPlace['section'][],
): Generator<Finding> {
  const { keys } = context.config;
  for (const { section, id, pointer, match, enabled } of listMatches(context.config)) {
    if (!sections.includes(section) || !enabled) continue;
    const byKey = match.keys !== undefined || match.tags !== undefined;
    if (!byKey || keys.length === 0) continue;
    // A single condition that nothing meets is reported by the reference checks.
    const possible = keys.filter((key) => match.keys === undefined || matchesAny(match.keys, key.id));
    const tagged = possible.filter((key) =>
      Object.entries(match.tags ?? {}).every(([name, glob]) => matchGlob(glob, key.tags[name] ?? '')),
    );
    if (possible.length === 0 || !anyMeetsTags(context, match.tags)) continue;
    const able =
      match.models === undefined
        ? tagged
        : tagged.filter((key) => mayAsk(context, key.models, match.models ?? []));
    if (able.length > 0) continue;
    const what =
      tagged.length === 0
        ? 'no key has both this id and these tags'
        : 'no key that it matches may use these models';
    yield { pointer, message: `"${id}" can never apply: ${what}` };
  }
}

function anyMeetsTags(
  { config }: RoutingContext,
  tags: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(tags ?? {}).every(([name, glob]) =>
    config.keys.some((key) => Object.hasOwn(key.tags, name) && matchGlob(glob, key.tags[name] ?? '')),
  );
}

/** Whether some name that the key may use is one that the rule is about. */
function mayAsk(
  context: RoutingContext,
  allowed: readonly string[] | undefined,
  wanted: readonly string[],
): boolean {
  if (!allowed) return true;
  // Two globs can meet in a name that nobody has written down; only literal lists can be proven apart.
  if (allowed.some(isGlob) && wanted.some(isGlob)) return true;
  return [...listNames(context), ...allowed, ...wanted].some((name) => {
    const target = resolve(context, name);
    const forms = target ? [name, renderTarget(target)] : [name];
    return matchesAny(allowed, ...forms) && matchesAny(wanted, ...forms);
  });
}

/** Whether `wide` holds for every request for which `narrow` holds; only where that is plain to see. */
function covers(wide: ResolvedMatch, narrow: ResolvedMatch): boolean {
  const wanted: Readonly<Record<string, unknown>> = { ...wide };
  const given: Readonly<Record<string, unknown>> = { ...narrow };
  return Object.keys(wanted).every(
    (name) => wanted[name] === undefined || JSON.stringify(wanted[name]) === JSON.stringify(given[name]),
  );
}

export const unusedModelKey: RoutingCheck = {
  code: 'unused/key',
  severity: 'warning',
  meaning: 'Every model that a key may use is unknown, so the key can ask for nothing.',
  action: 'Correct its `models`, or remove the key.',
  *check(context) {
    const names = listNames(context);
    for (const [index, { id, models }] of context.config.keys.entries()) {
      if (!models || models.length === 0) continue;
      if (
        models.some((pattern) => resolve(context, pattern) || names.some((name) => matchGlob(pattern, name)))
      )
        continue;
      yield {
        pointer: renderPointer(['keys', index]),
        message: `the key "${id}" can ask for nothing that exists`,
      };
    }
  },
};
