import { calcPrice } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelRows } from '../../../src/catalog/generated/models.ts';
import { fromUsdPerMillion, priceTokens, type TokenPrices } from '../../../src/catalog/prices.ts';

const runs = Number(process.env.FC_RUNS ?? 300);
/** 3 USD in, 15 out, 0.3 cached, 3.75 and 6 written: in pico-USD per token. */
const sonnet: TokenPrices = {
  input: 3_000_000,
  output: 15_000_000,
  cacheRead: 300_000,
  cacheWrite: 3_750_000,
  cacheWrite1h: 6_000_000,
};
const price = (counts: Parameters<typeof priceTokens>[1], prices: TokenPrices = sonnet, at = 0) =>
  priceTokens(prices, counts, at);

describe('priceTokens', () => {
  it('charges the prompt and the answer', () => {
    expect(price({ input: 1_000, output: 100 })).toBe(3_000_000 + 1_500_000);
  });

  it('charges cached tokens at their own price, and once', () => {
    expect(price({ input: 1_000, cacheRead: 900, output: 0 })).toBe(100 * 3_000 + 900 * 300);
    expect(price({ input: 1_000, cacheWrite: 400, cacheWrite1h: 100, output: 0 })).toBe(
      600 * 3_000 + 300 * 3_750 + 100 * 6_000,
    );
  });

  it('counts reasoning inside the answer, not beside it', () => {
    expect(price({ input: 0, output: 100, reasoning: 80 })).toBe(100 * 15_000);
    expect(price({ input: 0, output: 100, reasoning: 80 }, { ...sonnet, reasoning: 1_000_000 })).toBe(
      20 * 15_000 + 80 * 1_000,
    );
  });

  it('knows nothing rather than zero', () => {
    expect(priceTokens(undefined, { input: 1, output: 1 }, 0)).toBeNull();
    expect(price({ output: 1 })).toBeNull();
    expect(price({ input: 1 })).toBeNull();
    expect(price({ input: 1, output: 1 }, { input: 1_000 })).toBeNull();
    expect(price({ input: 10, audioInput: 1, output: 0 })).toBeNull();
    expect(price({ input: 10 }, { input: 1_000 })).toBe(10);
    // What costs nothing need not be counted: so people write the price of embeddings.
    expect(price({ input: 10 }, { input: 1_000, output: 0 })).toBe(10);
    expect(price({ input: 10, output: 10 }, { input: 0, output: 0 })).toBe(0);
  });

  it('charges the whole prompt at the tier that it reaches', () => {
    const tiered: TokenPrices = {
      ...sonnet,
      tiers: [{ above: 200_000, prices: { input: 6_000_000, output: 22_500_000 } }],
    };
    expect(price({ input: 200_000, output: 0 }, tiered)).toBe(200_000 * 3_000);
    expect(price({ input: 200_001, output: 1 }, tiered)).toBe(200_001 * 6_000 + 22_500);
  });

  it('follows dates and times of day, the last rule first', () => {
    const dated: TokenPrices = {
      ...sonnet,
      changes: [
        { from: Date.UTC(2027, 0, 1), prices: { input: 1_000_000, output: 1_000_000 } },
        { daily: [22 * 3_600_000, 2 * 3_600_000], prices: { input: 2_000_000, output: 2_000_000 } },
      ],
    };
    const at = (...time: readonly [number, number, number, number]) =>
      price({ input: 1, output: 0 }, dated, Date.UTC(...time));
    expect(at(2026, 11, 31, 12)).toBe(3_000);
    expect(at(2027, 0, 1, 12)).toBe(1_000);
    expect(at(2026, 11, 31, 23)).toBe(2_000);
    expect(at(2027, 0, 1, 1)).toBe(2_000);
    expect(at(2027, 0, 1, 2)).toBe(1_000);
  });

  it('rounds once, halves up', () => {
    expect(price({ input: 1, output: 1 }, { input: 37_500, output: 37_500 })).toBe(75);
    expect(price({ input: 1, output: 0 }, { input: 37_500, output: 0 })).toBe(38);
    expect(fromUsdPerMillion(0.0375)).toBe(37_500);
  });

  it('is never negative, never more than the dearest reading, and stays exact for huge counts', () => {
    const count = fc.nat(2_000_000);
    fc.assert(
      fc.property(
        fc.record({
          input: count,
          output: count,
          cacheRead: count,
          cacheWrite: count,
          cacheWrite1h: count,
          reasoning: count,
        }),
        (counts) => {
          const cost = price(counts)!;
          expect(cost).toBeGreaterThanOrEqual(0);
          expect(cost).toBeLessThanOrEqual(counts.input * 6_000 + counts.output * 15_000);
        },
      ),
      { numRuns: runs },
    );
    expect(price({ input: 1e9, output: 0 }, { input: 8_999_123_457, output: 0 })).toBe(8_999_123_457_000_000);
  });
});

it('agrees with the price package about every model that both can price', () => {
  const at = Date.UTC(2026, 11, 1, 12);
  const usage = { input: 150_000, cacheRead: 60_000, cacheWrite: 30_000, output: 7_000 };
  let compared = 0;
  for (const [provider, rows] of Object.entries(modelRows)) {
    for (const { id, facts } of rows) {
      const ours = priceTokens(facts.prices, usage, at);
      if (ours === null || facts.prices?.request !== undefined) continue;
      const theirs = calcPrice(
        {
          input_tokens: usage.input,
          cache_read_tokens: usage.cacheRead,
          cache_write_tokens: usage.cacheWrite,
          output_tokens: usage.output,
        },
        id,
        { providerId: provider, timestamp: new Date(at) },
      );
      if (theirs?.model.id !== id) continue;
      compared++;
      const expected = theirs.total_price * 1e9;
      expect(Math.abs(ours - expected), `${provider}/${id}: ${ours} against ${expected}`).toBeLessThanOrEqual(
        1 + expected * 1e-5,
      );
    }
  }
  expect(compared).toBeGreaterThan(800);
});
