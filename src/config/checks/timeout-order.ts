// Timeouts nest: the part may not outlast the whole.
import { parseDuration } from '../../lib/duration.ts';
import { escapeSegment } from '../../lib/json-pointer.ts';
import { isWritten, type DocumentCheck } from './context.ts';

const pairs = [
  ['connectTimeout', 'firstTokenTimeout'],
  ['firstTokenTimeout', 'totalTimeout'],
  ['idleTimeout', 'totalTimeout'],
  ['commitAfter', 'firstTokenTimeout'],
] as const;

export const timeoutOrder: DocumentCheck = {
  code: 'resilience/timeout-order',
  severity: 'warning',
  meaning: 'A timeout is longer than the one that contains it, so it can never be reached.',
  action: 'Shorten it, or lengthen the other.',
  *check(context) {
    for (const [name, profile] of Object.entries(context.config.resilience.profiles)) {
      const at = `/resilience/profiles/${escapeSegment(name)}`;
      for (const [inner, outer] of pairs) {
        if ((parseDuration(profile[inner]) ?? 0) <= (parseDuration(profile[outer]) ?? 0)) continue;
        const written = isWritten(context, `${at}/${inner}`) ? inner : outer;
        // Profiles inherit: where neither stands here, the profile that holds them is the one to report.
        if (!isWritten(context, `${at}/${written}`)) continue;
        yield {
          pointer: `${at}/${written}`,
          message: `${inner} (${profile[inner]}) is longer than ${outer} (${profile[outer]})`,
        };
      }
    }
  },
};
