// The simulator may not stand in for a real target.
import type { Finding } from '../../diagnostics/rule.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingCheck, listLeaves, resolve } from './context.ts';
import { atModel } from './references.ts';

export const simulatorInChain: RoutingCheck = {
  code: 'combo/simulator',
  severity: 'error',
  meaning:
    'The simulator stands beside real targets. It would answer people with made-up text when the real targets fail.',
  action: 'Keep it in a combo of its own.',
  *check(context) {
    for (const [name, combo] of Object.entries(context.config.combos)) {
      // `demo: true` says that it is meant.
      if (combo.demo) continue;
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
