// A denial without any condition closes the gateway.
import { isEveryRequest, type DocumentCheck } from './context.ts';

export const denyEverything: DocumentCheck = {
  code: 'policy/denies-everything',
  severity: 'warning',
  meaning: 'A policy denies without a match, a condition or a schedule: every request is refused.',
  action:
    'Say in `match`, `when` or `schedule` which requests are meant; a misspelt match is the usual cause.',
  *check({ config }) {
    for (const [index, { deny, match, when, schedule, enabled, shadow }] of config.policies.entries()) {
      if (
        deny === undefined ||
        !enabled ||
        shadow ||
        when !== undefined ||
        schedule !== undefined ||
        !isEveryRequest(match)
      )
        continue;
      yield { pointer: `/policies/${index}/deny`, message: 'this refuses every request' };
    }
  },
};
