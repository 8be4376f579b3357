// Tests expect refusals by the code that a client would see.
import { errorTable } from '../../errors.ts';
import { renderNearest } from '../../lib/nearest.ts';
import { fillText } from '../../lib/placeholders.ts';
import type { DocumentCheck } from './context.ts';

export const unknownRefusal: DocumentCheck = {
  code: 'reference/unknown-refusal',
  severity: 'error',
  meaning: 'A test expects an error code that the gateway never answers with.',
  action: 'Use a code of docs/reference/errors.md.',
  *check({ config }) {
    for (const [index, { expect, cases }] of config.tests.entries()) {
      const { refusal } = expect;
      if (refusal === undefined) continue;
      for (const code of new Set((cases ?? [{}]).map((values) => fillText(refusal, values)))) {
        if (Object.hasOwn(errorTable, code)) continue;
        yield {
          pointer: `/tests/${index}/expect/refusal`,
          message: `there is no error code "${code}"`,
          suggestion: renderNearest(code, Object.keys(errorTable)),
        };
      }
    }
  },
};
