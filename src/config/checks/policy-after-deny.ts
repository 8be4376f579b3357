// `deny` ends the request: whatever else the same policy says is never done.
import { isWritten, type DocumentCheck } from './context.ts';

const others = [
  'route',
  'set',
  'allowProviders',
  'allowModels',
  'blockProviders',
  'blockModels',
  'preferProviders',
  'noCache',
] as const;

export const policyAfterDeny: DocumentCheck = {
  code: 'policy/deny-and-more',
  severity: 'warning',
  meaning:
    'A policy denies the request and says something else besides. A denied request goes nowhere, so the rest is never done.',
  action: 'Remove the other effects, or split the policy in two.',
  *check(context) {
    for (const [index, { deny }] of context.config.policies.entries()) {
      if (deny === undefined) continue;
      for (const name of others) {
        const pointer = `/policies/${index}/${name}`;
        if (isWritten(context, pointer)) {
          yield {
            pointer,
            part: 'key',
            message: `the policy denies, so "${name}" is never done`,
            related: [{ pointer: `/policies/${index}/deny`, message: 'the denial' }],
          };
        }
      }
    }
  },
};
