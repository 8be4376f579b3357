// A lower bound above the upper one.
import type { DocumentCheck } from './context.ts';

export const temperatureRange: DocumentCheck = {
  code: 'policy/temperature-range',
  severity: 'error',
  meaning: 'The lowest temperature of a policy is above its highest, so no temperature fits.',
  action: 'Swap the two.',
  *check({ config }) {
    for (const [index, { set }] of config.policies.entries()) {
      const { temperature } = set;
      if (!temperature || temperature.min <= temperature.max) continue;
      yield {
        pointer: `/policies/${index}/set/temperature`,
        message: `${temperature.min} is above ${temperature.max}`,
      };
    }
  },
};
