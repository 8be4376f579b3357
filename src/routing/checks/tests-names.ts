// Tests are promises about names; a promise about a name that does not exist is kept by accident.
import { renderPointer } from '../../lib/json-pointer.ts';
import { findNearest, renderNearest } from '../../lib/nearest.ts';
import { reasonTable } from '../reasons.ts';
import { resolve, suggestName, type RoutingCheck, type RoutingContext } from './context.ts';

export const unknownTestModel: RoutingCheck = {
  code: 'reference/unknown-test-model',
  severity: 'error',
  meaning: 'A test asks for a name that leads nowhere, without expecting a refusal.',
  action: 'Correct the name, or expect `refusal: model_not_found`.',
  *check(context) {
    for (const [index, { request, expect, cases }] of context.config.tests.entries()) {
      if (cases || expect.refusal !== undefined || isName(context, request.model)) continue;
      yield {
        pointer: `/tests/${index}/request/model`,
        message: `there is no "${request.model}"`,
        suggestion: suggestName(context, request.model),
      };
    }
  },
};

export const unknownTestWorld: RoutingCheck = {
  code: 'reference/unknown-test-world',
  severity: 'error',
  meaning: 'A test sets the state of a provider, model or account that does not exist.',
  action: 'Write a declared provider, `provider/model`, or `provider@connection`.',
  *check(context) {
    for (const [index, { given }] of context.config.tests.entries()) {
      for (const section of ['breakers', 'cooldowns', 'quota', 'latency', 'credentials'] as const) {
        for (const name of Object.keys(given[section]))
          yield* look(context, renderPointer(['tests', index, 'given', section, name]), 'key', name);
      }
      for (const [session, name] of Object.entries(given.sessions))
        yield* look(context, renderPointer(['tests', index, 'given', 'sessions', session]), 'value', name);
    }
  },
};

export const unknownTestTarget: RoutingCheck = {
  code: 'reference/unknown-test-target',
  severity: 'error',
  meaning: 'A test expects an attempt at a provider or account that does not exist.',
  action: 'Write `provider/model`, or `provider@connection/model`.',
  *check(context) {
    for (const [index, { expect, cases }] of context.config.tests.entries()) {
      if (cases) continue;
      const places = [
        ...(expect.attempts ?? []).map((name, at) => ({
          name,
          pointer: `/tests/${index}/expect/attempts/${at}`,
        })),
        ...(expect.target === undefined
          ? []
          : [{ name: expect.target, pointer: `/tests/${index}/expect/target` }]),
      ];
      for (const { name, pointer } of places) {
        const slash = name.indexOf('/');
        if (slash < 0)
          yield {
            pointer,
            message: `"${name}" is not written as provider/model`,
            suggestion: suggestName(context, name),
          };
        else yield* look(context, pointer, 'value', name.slice(0, slash));
      }
    }
  },
};

export const unknownTestReason: RoutingCheck = {
  code: 'reference/unknown-test-reason',
  severity: 'error',
  meaning: 'A test expects a reason that is neither the id of a rule nor a reason code.',
  action: 'Use the id of a policy, budget, rate limit or key, or a code of docs/reference/reasons.md.',
  *check({ config }) {
    const ids = [config.policies, config.budgets, config.rateLimits, config.keys].flatMap((rules) =>
      rules.map(({ id }) => id),
    );
    const known = [...ids, ...Object.keys(reasonTable)];
    for (const [index, { expect, cases }] of config.tests.entries()) {
      if (cases) continue;
      for (const [at, reason] of (expect.reasons ?? []).entries()) {
        if (!known.includes(reason))
          yield {
            pointer: `/tests/${index}/expect/reasons/${at}`,
            message: `there is no reason "${reason}"`,
            suggestion: renderNearest(reason, known),
          };
      }
    }
  },
};

function isName(context: RoutingContext, name: string): boolean {
  const { combos, aliases } = context.config;
  return Object.hasOwn(combos, name) || Object.hasOwn(aliases, name) || resolve(context, name) !== undefined;
}

function* look({ config, snapshot }: RoutingContext, pointer: string, part: 'key' | 'value', name: string) {
  const provider = name.split(/[@/]/)[0] ?? name;
  const found = snapshot.providers.get(provider);
  if (!found) {
    const near = findNearest(provider, Object.keys(config.providers));
    yield {
      pointer,
      part,
      message: `there is no provider "${provider}"`,
      suggestion: near === undefined ? undefined : `did you mean "${near}"?`,
    };
    return;
  }
  const account = name.includes('@') ? (name.split('@')[1] ?? '').split('/')[0] : undefined;
  const ids = found.connections.map(({ id }) => id);
  if (account !== undefined && !ids.includes(account))
    yield {
      pointer,
      part,
      message: `"${provider}" has no account "${account}"`,
      suggestion: renderNearest(account, ids),
    };
}
