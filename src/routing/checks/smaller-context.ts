// A fallback must take the prompt that the first target could take.
import { listChains, smallestWindow } from './chains.ts';
import type { RoutingCheck } from './context.ts';
import { atModel } from './references.ts';

export const smallerContext: RoutingCheck = {
  code: 'combo/smaller-context',
  severity: 'warning',
  meaning:
    'A fallback has a smaller context window than the target before it. A long prompt that the first could take fails on the second.',
  action: 'Order the targets by window, or name targets with a larger window in `onContextOverflow`.',
  *check(context) {
    for (const { pointer, combo, leaves } of listChains(context)) {
      if (combo.onContextOverflow.length > 0) continue;
      const first = smallestWindow(context, leaves[0] ?? []);
      for (const [index, later] of leaves.entries()) {
        const window = index === 0 ? undefined : smallestWindow(context, later);
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

function render(tokens: number): string {
  return tokens.toLocaleString('en-US');
}
