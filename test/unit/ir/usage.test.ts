import { describe, expect, it } from 'vitest';
import { readCount } from '../../../src/ir/usage.ts';

describe('readCount', () => {
  it.each([
    [0, 0],
    [17, 17],
    [2.7, 2],
    [1_000_000_000, 1_000_000_000],
  ])('reads %d', (value, count) => {
    expect(readCount(value)).toBe(count);
  });

  // What no answer can hold is no count: a sum or a column would overflow by it.
  it.each([-1, 1e308, Number.MAX_SAFE_INTEGER, Infinity, NaN, '12', null, undefined, [], {}])(
    'takes %j for no count',
    (value) => {
      expect(readCount(value)).toBeUndefined();
    },
  );
});
