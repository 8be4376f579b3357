import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderHundredths, renderThousandths } from '../../../src/lib/decimals.ts';

const numbers = fc.oneof(
  fc.double({ min: 0, max: 100_000, noNaN: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  fc.integer(),
);
const numRuns = Number(process.env['FC_RUNS'] ?? 300);

it('two digits are the nearest ones, always both', () => {
  fc.assert(
    fc.property(numbers, (value) => {
      const text = renderHundredths(value);
      expect(text).toMatch(/^-?\d+\.\d\d$/);
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(0.005 + Math.abs(value) * 1e-12);
    }),
    { numRuns },
  );
  expect([0, 0.004, 0.1, 7, 999_999.999].map(renderHundredths)).toEqual([
    '0.00',
    '0.00',
    '0.10',
    '7.00',
    '1000000.00',
  ]);
});

it('three digits are what JSON says of the rounded number', () => {
  fc.assert(
    fc.property(numbers, (value) => {
      const rounded = Math.round(value * 1000) / 1000;
      expect(JSON.parse(renderThousandths(value))).toBe(Object.is(rounded, -0) ? 0 : rounded);
    }),
    { numRuns },
  );
  expect([0, 1.5, 0.001, 12.34, 1000].map(renderThousandths)).toEqual(['0', '1.5', '0.001', '12.34', '1000']);
  expect(renderThousandths(Number.NaN)).toBe('null');
});
