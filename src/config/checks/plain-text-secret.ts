// Secrets never stand in the file, comments included: the file lives in git.
import { findSecrets } from '../../diagnostics/secret-shapes.ts';
import { positionOf } from '../../diagnostics/source-text.ts';
import type { DocumentCheck } from './context.ts';

export const plainTextSecret: DocumentCheck = {
  code: 'secret/plain-text',
  severity: 'error',
  meaning:
    'Something in the file looks like a secret: the shape of a known key, or a long token without any pattern. Comments count too.',
  action:
    'Put it into a variable, a file or the secret store, refer to it as `${env:NAME}`, `${file:/path}` or `${secret:name}`, and revoke the one that stood here.',
  *check({ sources }) {
    for (const [file, text] of sources) {
      for (const { start, end, kind } of findSecrets(text)) {
        yield {
          pointer: '',
          at: positionOf(file, text, start, end),
          message: `this looks like ${kind}`,
          suggestion: 'write ${env:NAME} and revoke what stood here',
          sensitive: true,
        };
      }
    }
  },
};
