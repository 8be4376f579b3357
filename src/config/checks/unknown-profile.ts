// A provider names the resilience profile that it wants.
import { escapeSegment } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { DocumentCheck } from './context.ts';

export const unknownProfile: DocumentCheck = {
  code: 'reference/unknown-profile',
  severity: 'error',
  meaning: 'A provider names a resilience profile that does not exist.',
  action: 'Declare it under `resilience.profiles`, or correct the name.',
  *check({ config }) {
    const { profiles } = config.resilience;
    for (const [name, { profile }] of Object.entries(config.providers)) {
      if (profile === undefined || Object.hasOwn(profiles, profile)) continue;
      yield {
        pointer: `/providers/${escapeSegment(name)}/profile`,
        message: `there is no profile "${profile}"`,
        suggestion: renderNearest(profile, Object.keys(profiles)),
      };
    }
  },
};
