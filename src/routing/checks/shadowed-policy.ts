// A policy behind a denial that covers it never acts.
import type { RoutingCheck } from './context.ts';
import { covers } from './rule-reach.ts';

export const shadowedPolicy: RoutingCheck = {
  code: 'policy/shadowed',
  severity: 'warning',
  meaning: 'A policy can never act: an earlier one denies everything that it matches.',
  action: 'Move it up, or narrow the earlier one.',
  *check({ config }) {
    for (const [index, policy] of config.policies.entries()) {
      const earlier = config.policies
        .slice(0, index)
        .findIndex(
          ({ deny, when, schedule, enabled, shadow, match }) =>
            deny !== undefined &&
            enabled &&
            !shadow &&
            when === undefined &&
            schedule === undefined &&
            covers(match, policy.match),
        );
      if (earlier < 0 || !policy.enabled) continue;
      yield {
        pointer: `/policies/${index}`,
        message: `"${config.policies[earlier]?.id}" denies everything that this policy matches`,
        related: [{ pointer: `/policies/${earlier}/deny`, message: 'the denial' }],
      };
    }
  },
};
