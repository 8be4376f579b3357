// Names that lead nowhere, one check for each kind of place that names a model or combo.
import { renderPointer } from '../../lib/json-pointer.ts';
import { isGlob } from '../../lib/glob.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import { resolveName } from '../resolve.ts';
import { suggestName, type RoutingCheck, type RoutingContext } from './context.ts';
import { atModel, listOverflows, listRoutes, listTargets } from './references.ts';

export const unknownAliasTarget: RoutingCheck = {
  code: 'reference/unknown-alias-target',
  severity: 'error',
  meaning: 'An alias leads to a name that is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name, or declare the provider.',
  *check(context) {
    for (const [name, target] of Object.entries(context.config.aliases)) {
      const pointer = renderPointer(['aliases', name]);
      // A target with `*` keeps what the pattern matched; only its provider can be looked up.
      if (isGlob(name) && target.includes('*')) {
        const prefix = target.slice(0, Math.max(target.indexOf('/'), 0));
        if (!context.snapshot.prefixes.has(prefix)) {
          yield {
            pointer,
            message: `"${target}" names no declared provider`,
            suggestion: suggestName(context, target),
          };
        }
      } else if (!isCircle(context, name)) yield* find(context, { pointer }, target, true);
    }
  },
};

export const unknownTarget: RoutingCheck = {
  code: 'reference/unknown-target',
  severity: 'error',
  meaning: 'A target of a combo is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name, or declare the provider.',
  *check(context) {
    for (const { pointer, name } of listTargets(context.config))
      yield* find(context, atModel(context.locate, pointer), name);
  },
};

export const unknownRoute: RoutingCheck = {
  code: 'reference/unknown-route',
  severity: 'error',
  meaning: 'A policy or a limit sends requests to a name that leads nowhere.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const { pointer, name } of listRoutes(context.config)) yield* find(context, { pointer }, name);
  },
};

export const unknownOverflow: RoutingCheck = {
  code: 'reference/unknown-overflow',
  severity: 'error',
  meaning:
    'A combo goes on to a name that leads nowhere when a prompt does not fit, is refused, or is handed over.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const { pointer, name } of listOverflows(context.config)) yield* find(context, { pointer }, name);
  },
};

export const unknownEvalModel: RoutingCheck = {
  code: 'reference/unknown-eval-model',
  severity: 'error',
  meaning: 'An evaluation asks a model that does not exist.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const [index, suite] of context.config.evals.entries()) {
      for (const [at, name] of (suite.models ?? []).entries())
        yield* find(context, { pointer: `/evals/${index}/models/${at}` }, name);
      for (const [at, { model }] of suite.cases.entries()) {
        if (model !== undefined)
          yield* find(context, { pointer: `/evals/${index}/cases/${at}/model` }, model);
      }
    }
  },
};

function* find(
  context: RoutingContext,
  place: Pick<Finding, 'pointer' | 'at'>,
  name: string,
  alias = false,
): Generator<Finding> {
  const { config, snapshot } = context;
  // Names of combos and aliases exist, even where what they stand for is at fault: that is reported over there.
  if (Object.hasOwn(config.combos, name) || Object.hasOwn(config.aliases, name)) return;
  const found = resolveName(name, snapshot, () => true);
  if (found.kind === 'resolved') return;
  const what = alias ? 'the alias leads nowhere' : 'this leads nowhere';
  if (found.kind === 'ambiguous') {
    const written = found.providers.map((id) => `${id}/${name}`);
    yield {
      ...place,
      message: `several providers know "${name}"`,
      suggestion: `write ${written.join(' or ')}`,
    };
  } else
    yield { ...place, message: `${what}: there is no "${name}"`, suggestion: suggestName(context, name) };
}

function isCircle({ config: { aliases } }: RoutingContext, start: string): boolean {
  const seen = new Set<string>();
  for (let name = start; Object.hasOwn(aliases, name); name = aliases[name] ?? '') {
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}
