// A fallback should fail for another reason than the target before it.
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingCheck, listLeaves, resolve } from './context.ts';

export const oneFailureDomain: RoutingCheck = {
  code: 'combo/one-failure-domain',
  severity: 'warning',
  meaning:
    'Every target of a combo is at one provider with one account. When that account or provider fails, all of them fail.',
  action: 'Add a target at another provider, or a second account.',
  *check(context) {
    for (const [name, combo] of Object.entries(context.config.combos)) {
      const perTarget = combo.targets.map(({ model }) => listLeaves(context, resolve(context, model)));
      // What leads nowhere is another fault, and may have been meant for another provider.
      if (perTarget.some((leaves) => leaves.length === 0)) continue;
      const providers = new Set(perTarget.flat().map(({ provider }) => provider));
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
