import { expect, test } from 'vitest';
import { maskSecrets } from '../../../src/diagnostics/secret-shapes.ts';

test.each(['9'.repeat(400), 'a'.repeat(400), '=+'.repeat(100)])(
  'a secret glued to a long run is masked all the same',
  (run) => {
    const secret = '454209bb90653ed7620b2339';
    for (const text of [secret + run, run + secret, run + secret + run])
      expect(maskSecrets(`x: ${text}`)).not.toContain(secret);
  },
);

test('a long run of one character is no secret', () => {
  expect(maskSecrets(`x: ${'9'.repeat(400)}`)).toContain('9'.repeat(400));
});
