// What a fallback must be able to do: take the same prompt, use the same features, fail for another reason.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import {
  factsOf,
  listLeaves,
  resolve,
  type ModelTarget,
  type RoutingCheck,
  type RoutingContext,
} from './context.ts';
import { atModel } from './references.ts';

/** Strategies that try targets in the order of the file. */
const ordered = ['priority', 'fill-first', 'lkgp'];

export const smallerContext: RoutingCheck = {
  code: 'combo/smaller-context',
  severity: 'warning',
  meaning:
    'A fallback has a smaller context window than the target before it. A long prompt that the first could take fails on the second.',
  action: 'Order the targets by window, or name targets with a larger window in `onContextOverflow`.',
  *check(context) {
    for (const { pointer, combo, leaves } of listChains(context)) {
      if (combo.onContextOverflow.length > 0) continue;
      const first = smallest(context, leaves[0] ?? []);
      for (const [index, later] of leaves.entries()) {
        const window = index === 0 ? undefined : smallest(context, later);
        if (window === undefined || first === undefined || window >= first) continue;
        yield {
          ...atModel(context.locate, `${pointer}/targets/${index}`),
          message: `this fallback takes ${render(window)} tokens, the first target ${render(first)}`,
          related: [{ pointer: `${pointer}/targets/0`, message: 'the first target' }],
        };
      }
    }
  },
};

export const missingCapability: RoutingCheck = {
  code: 'combo/missing-capability',
  severity: 'warning',
  meaning:
    'A fallback cannot do something that the first target can. Requests that use it are not covered by the fallback.',
  action: 'Choose a fallback that can, or correct its `capabilities` under `models`.',
  *check(context) {
    for (const { pointer, leaves } of listChains(context)) {
      const wanted = common(context, leaves[0] ?? []);
      for (const [index, later] of leaves.entries()) {
        const offered = index === 0 ? undefined : common(context, later);
        if (!wanted || !offered) continue;
        const missing = wanted.filter((feature) => !offered.includes(feature));
        if (missing.length === 0) continue;
        yield {
          ...atModel(context.locate, `${pointer}/targets/${index}`),
          message: `this fallback lacks ${missing.join(', ')}, which the first target has`,
          related: [{ pointer: `${pointer}/targets/0`, message: 'the first target' }],
        };
      }
    }
  },
};

export const oneFailureDomain: RoutingCheck = {
  code: 'combo/one-failure-domain',
  severity: 'warning',
  meaning:
    'Every target of a combo is at one provider with one account. When that account or provider fails, all of them fail.',
  action: 'Add a target at another provider, or a second account.',
  *check(context) {
    for (const [name, combo] of Object.entries(context.config.combos)) {
      const leaves = combo.targets.flatMap(({ model }) => listLeaves(context, resolve(context, model)));
      const providers = new Set(leaves.map(({ provider }) => provider));
      const [only] = providers;
      if (combo.targets.length < 2 || providers.size !== 1 || only === undefined) continue;
      const provider = context.snapshot.providers.get(only);
      const accounts = provider?.connections.filter(({ enabled }) => enabled).length ?? 0;
      if (!provider || provider.sandbox || accounts > 1) continue;
      yield {
        pointer: renderPointer(['combos', name]),
        part: 'key',
        message: `all targets are at "${only}", with one account`,
      };
    }
  },
};

export const simulatorInChain: RoutingCheck = {
  code: 'combo/simulator',
  severity: 'error',
  meaning:
    'The simulator stands beside real targets. It would answer people with made-up text when the real targets fail.',
  action: 'Keep it in a combo of its own.',
  *check(context) {
    for (const [name, combo] of Object.entries(context.config.combos)) {
      const real: number[] = [];
      const simulated: number[] = [];
      for (const [index, { model }] of combo.targets.entries()) {
        for (const { provider } of listLeaves(context, resolve(context, model))) {
          (context.snapshot.providers.get(provider)?.sandbox ? simulated : real).push(index);
        }
      }
      const [first] = real;
      if (first === undefined) continue;
      for (const index of new Set(simulated)) {
        const pointer = renderPointer(['combos', name, 'targets']);
        yield {
          ...atModel(context.locate, `${pointer}/${index}`),
          message: 'the simulator in a chain with real targets',
          related: [{ pointer: `${pointer}/${first}`, message: 'a real target' }],
        } satisfies Finding;
      }
    }
  },
};

export const unreachableTarget: RoutingCheck = {
  code: 'combo/unreachable-target',
  severity: 'warning',
  meaning: 'A target can never be used: its provider is off, or has no account that is on.',
  action: 'Switch the provider or an account on, or remove the target.',
  *check(context) {
    for (const [name, combo] of Object.entries(context.config.combos)) {
      for (const [index, { model }] of combo.targets.entries()) {
        const leaves = listLeaves(context, resolve(context, model));
        const dead = leaves.filter(
          ({ provider }) =>
            !context.snapshot.providers.get(provider)?.connections.some(({ enabled }) => enabled),
        );
        if (leaves.length === 0 || dead.length < leaves.length) continue;
        const pointer = renderPointer(['combos', name, 'targets', index]);
        yield {
          ...atModel(context.locate, pointer),
          message: `no account of "${dead[0]?.provider}" is switched on`,
        };
      }
    }
  },
};

function* listChains(context: RoutingContext) {
  for (const [name, combo] of Object.entries(context.config.combos)) {
    if (!ordered.includes(combo.strategy) || combo.targets.length < 2) continue;
    const leaves = combo.targets.map(({ model }) => listLeaves(context, resolve(context, model)));
    yield { pointer: renderPointer(['combos', name]), combo, leaves };
  }
}

function smallest(context: RoutingContext, leaves: readonly ModelTarget[]): number | undefined {
  const windows = leaves.map((leaf) => factsOf(context, leaf)?.context);
  return windows.length > 0 && windows.every((window) => window !== undefined)
    ? Math.min(...windows)
    : undefined;
}

function common(context: RoutingContext, leaves: readonly ModelTarget[]) {
  const [first, ...rest] = leaves.map((leaf) => factsOf(context, leaf)?.features);
  return first && rest.every((other) => other !== undefined)
    ? first.filter((feature) => rest.every((other) => other?.includes(feature)))
    : undefined;
}

function render(tokens: number): string {
  return tokens.toLocaleString('en-US');
}
