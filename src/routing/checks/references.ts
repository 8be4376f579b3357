// Where a configuration names things: models, providers, keys, tags. Each place with its pointer, listed once for all
// checks.
import type { ResolvedConfig, ResolvedMatch } from '../../config/generated/types.ts';
import type { Locate } from '../../diagnostics.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import { renderPointer } from '../../lib/json-pointer.ts';

/** One written name or glob. */
export interface Place {
  readonly pointer: string;
  readonly name: string;
}

/** A rule with a match. */
export interface MatchPlace {
  readonly section: 'policies' | 'budgets' | 'rateLimits' | 'invariants' | 'cache';
  readonly id: string;
  readonly pointer: string;
  readonly enabled: boolean;
  readonly match: ResolvedMatch;
}

/** Targets of all combos. */
export function* listTargets(config: ResolvedConfig): Generator<Place & { combo: string; index: number }> {
  for (const [combo, { targets }] of Object.entries(config.combos)) {
    for (const [index, { model }] of targets.entries()) {
      yield { pointer: renderPointer(['combos', combo, 'targets', index]), name: model, combo, index };
    }
  }
}

/** Where else a request may be sent: policies, limits, overflow lists. */
export function* listRoutes(config: ResolvedConfig): Generator<Place> {
  for (const [index, { route }] of config.policies.entries())
    if (route !== undefined) yield { pointer: `/policies/${index}/route`, name: route };
  for (const section of ['budgets', 'rateLimits'] as const) {
    for (const [index, { onExceeded }] of config[section].entries()) {
      if (onExceeded.route !== undefined)
        yield { pointer: `/${section}/${index}/onExceeded/route`, name: onExceeded.route };
    }
  }
}

/** `onContextOverflow`, `onContentPolicy` and `handoff.model` of combos. */
export function* listOverflows(config: ResolvedConfig): Generator<Place> {
  for (const [combo, { onContextOverflow, onContentPolicy, handoff }] of Object.entries(config.combos)) {
    for (const [key, names] of Object.entries({ onContextOverflow, onContentPolicy })) {
      for (const [index, name] of names.entries())
        yield { pointer: renderPointer(['combos', combo, key, index]), name };
    }
    if (handoff?.model !== undefined)
      yield { pointer: renderPointer(['combos', combo, 'handoff', 'model']), name: handoff.model };
  }
}

/** Everything with a `match`. */
export function listMatches(config: ResolvedConfig): MatchPlace[] {
  const { policies, budgets, rateLimits, invariants, cache } = config;
  const places = Object.entries({ policies, budgets, rateLimits, invariants }).flatMap(([section, items]) =>
    items.map((item, index): MatchPlace => ({
      section: section as MatchPlace['section'],
      id: item.id,
      pointer: `/${section}/${index}/match`,
      enabled: !('enabled' in item) || item.enabled,
      match: item.match,
    })),
  );
  if (cache.exact)
    places.push({
      section: 'cache',
      id: 'exact',
      pointer: '/cache/exact/match',
      enabled: true,
      match: cache.exact.match,
    });
  return places;
}

/** Every glob over model names. */
export function* listModelGlobs(config: ResolvedConfig): Generator<Place> {
  for (const [index, { models }] of config.keys.entries()) yield* items(`/keys/${index}/models`, models);
  for (const { pointer, match } of listMatches(config)) yield* items(`${pointer}/models`, match.models);
  for (const [index, { allowModels, blockModels }] of config.policies.entries()) {
    yield* items(`/policies/${index}/allowModels`, allowModels);
    yield* items(`/policies/${index}/blockModels`, blockModels);
  }
  for (const [index, { onlyModels, neverModels }] of config.invariants.entries()) {
    yield* items(`/invariants/${index}/onlyModels`, onlyModels);
    yield* items(`/invariants/${index}/neverModels`, neverModels);
  }
}

/** Every glob over provider ids. */
export function* listProviderGlobs(config: ResolvedConfig): Generator<Place> {
  for (const { pointer, match } of listMatches(config)) yield* items(`${pointer}/providers`, match.providers);
  for (const [index, { allowProviders, blockProviders, preferProviders }] of config.policies.entries()) {
    yield* items(`/policies/${index}/allowProviders`, allowProviders);
    yield* items(`/policies/${index}/blockProviders`, blockProviders);
    yield* items(`/policies/${index}/preferProviders`, preferProviders);
  }
  for (const [index, { onlyProviders, neverProviders }] of config.invariants.entries()) {
    yield* items(`/invariants/${index}/onlyProviders`, onlyProviders);
    yield* items(`/invariants/${index}/neverProviders`, neverProviders);
  }
}

/** Every `when`. */
export function* listExpressions(config: ResolvedConfig): Generator<{ pointer: string; text: string }> {
  for (const [index, { when }] of config.policies.entries())
    if (when !== undefined) yield { pointer: `/policies/${index}/when`, text: when };
  for (const [combo, { targets }] of Object.entries(config.combos)) {
    for (const [index, { when }] of targets.entries()) {
      if (when !== undefined)
        yield { pointer: renderPointer(['combos', combo, 'targets', index, 'when']), text: when };
    }
  }
}

/** Every `schedule`. */
export function* listSchedules(config: ResolvedConfig): Generator<{ pointer: string; text: string }> {
  for (const section of ['policies', 'keys'] as const) {
    for (const [index, { schedule }] of config[section].entries())
      if (schedule !== undefined) yield { pointer: `/${section}/${index}/schedule`, text: schedule };
  }
  for (const [combo, { targets }] of Object.entries(config.combos)) {
    for (const [index, { schedule }] of targets.entries()) {
      if (schedule !== undefined)
        yield { pointer: renderPointer(['combos', combo, 'targets', index, 'schedule']), text: schedule };
    }
  }
}

/** The model of a combo target stands below `model`, unless the target is a bare name. */
export function atModel(locate: Locate, pointer: string): Pick<Finding, 'pointer' | 'at'> {
  const at = locate(`${pointer}/model`);
  return at ? { pointer, at } : { pointer };
}

function* items(pointer: string, list: readonly string[] | undefined): Generator<Place> {
  for (const [index, name] of (list ?? []).entries()) yield { pointer: `${pointer}/${index}`, name };
}
