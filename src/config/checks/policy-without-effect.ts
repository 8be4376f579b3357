// A policy that matches but changes nothing.
import type { ResolvedPolicy } from '../generated/types.ts';
import type { DocumentCheck } from './context.ts';

export const policyWithoutEffect: DocumentCheck = {
  code: 'policy/no-effect',
  severity: 'warning',
  meaning: 'A policy says when it holds but not what follows, so it changes nothing.',
  action: 'Add `deny`, `route`, `set`, a list of providers or models, `noLog` or `noCache`; or remove it.',
  *check({ config }) {
    for (const [index, policy] of config.policies.entries()) {
      if (!hasEffect(policy))
        yield { pointer: `/policies/${index}`, message: `the policy "${policy.id}" changes nothing` };
    }
  },
};

function hasEffect({ deny, route, set, noLog, noCache, ...lists }: ResolvedPolicy): boolean {
  const { allowProviders, allowModels, blockProviders, blockModels, preferProviders } = lists;
  return (
    deny !== undefined ||
    route !== undefined ||
    noLog ||
    noCache ||
    Object.values(set).some((value) => value !== undefined) ||
    allowProviders !== undefined ||
    allowModels !== undefined ||
    blockProviders.length + blockModels.length + preferProviders.length > 0
  );
}
