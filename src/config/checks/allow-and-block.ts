// The same name in an allow list and a block list of one policy: the block wins, the allow is dead.
import type { Finding } from '../../diagnostics/rule.ts';
import type { DocumentCheck } from './context.ts';

export const allowAndBlock: DocumentCheck = {
  code: 'policy/allow-and-block',
  severity: 'warning',
  meaning:
    'A policy allows and blocks the same name. What is blocked is taken out, so allowing it has no effect.',
  action: 'Remove the name from one of the lists.',
  *check({ config }) {
    for (const [index, policy] of config.policies.entries()) {
      yield* compare(`/policies/${index}`, 'Providers', policy.allowProviders ?? [], policy.blockProviders);
      yield* compare(`/policies/${index}`, 'Models', policy.allowModels ?? [], policy.blockModels);
    }
  },
};

function* compare(
  pointer: string,
  kind: string,
  allowed: readonly string[],
  blocked: readonly string[],
): Generator<Finding> {
  for (const [index, name] of allowed.entries()) {
    const other = blocked.findIndex((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (other < 0) continue;
    yield {
      pointer: `${pointer}/allow${kind}/${index}`,
      message: `"${name}" is blocked by the same policy`,
      related: [{ pointer: `${pointer}/block${kind}/${other}`, message: 'here' }],
    };
  }
}
