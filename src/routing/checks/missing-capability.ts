// A fallback must be able to do what the first target can.
import type { Feature } from '../../config/generated/types.ts';
import { commonFeatures, listChains } from './chains.ts';
import type { RoutingCheck } from './context.ts';
import { atModel } from './references.ts';

/** What a request cannot do without. Reasoning and answer schemas degrade or are translated. */
const essential: readonly Feature[] = ['tools', 'images', 'audio', 'files'];

export const missingCapability: RoutingCheck = {
  code: 'combo/missing-capability',
  severity: 'warning',
  meaning:
    'A fallback cannot do something that the first target can. Requests that use it are not covered by the fallback.',
  action: 'Choose a fallback that can, or correct its `capabilities` under `models`.',
  *check(context) {
    for (const { pointer, leaves } of listChains(context)) {
      const wanted = commonFeatures(context, leaves[0] ?? []);
      for (const [index, later] of leaves.entries()) {
        const offered = index === 0 ? undefined : commonFeatures(context, later);
        if (!wanted || !offered) continue;
        const missing = wanted.filter((feature) => essential.includes(feature) && !offered.includes(feature));
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
