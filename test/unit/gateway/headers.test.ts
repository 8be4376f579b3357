import { expect, test } from 'vitest';
import { encodeNames } from '../../../src/gateway/headers.ts';

test('few names stand as they are', () => {
  expect(encodeNames(['sampling.seed', 'größe'])).toBe('sampling.seed, gr%C3%B6%C3%9Fe');
});

test('a head stays small, however many names there are and however long', () => {
  const many = encodeNames(Array.from({ length: 5000 }, (_, index) => `messages[${index}].parts[0]`));
  expect(many).toMatch(/^messages\[0\]\.parts\[0\], messages\[1\].*, \+49\d\d more$/);
  expect(many.length).toBeLessThan(2100);
  expect(encodeNames(['x'.repeat(1e6), '\u{1F600}'.repeat(1e6)]).length).toBeLessThan(2100);
});
