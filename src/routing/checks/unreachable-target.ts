// A target whose provider is off is never used.
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingCheck, listLeaves, resolve } from './context.ts';
import { atModel } from './references.ts';

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
