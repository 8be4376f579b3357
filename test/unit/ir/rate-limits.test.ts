import { describe, expect, it } from 'vitest';
import { readRateLimits } from '../../../src/ir/rate-limits.ts';

const now = Date.UTC(2026, 10, 1);
const second = 1_000;

describe('rate limit headers', () => {
  it.each<[string, Record<string, string>, object[]]>([
    ['none', { 'content-type': 'application/json', 'x-request-id': 'a' }, []],
    [
      "OpenAI's, with durations",
      {
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      [
        { window: 'requests', limit: 60, used: 1, resetAt: now + second },
        { window: 'tokens', limit: 150000, used: 150000, resetAt: now + 360 * second },
      ],
    ],
    [
      "Anthropic's, with dates",
      {
        'anthropic-ratelimit-input-tokens-limit': '40000',
        'anthropic-ratelimit-input-tokens-remaining': '39000',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-01T00:01:00Z',
      },
      [{ window: 'input-tokens', limit: 40000, used: 1000, resetAt: now + 60 * second }],
    ],
    [
      "a subscription's windows, with shares and epoch seconds",
      {
        'anthropic-ratelimit-unified-status': 'allowed',
        'anthropic-ratelimit-unified-5h-utilization': '0.25',
        'anthropic-ratelimit-unified-5h-reset': String(now / 1000 + 3600),
        'anthropic-ratelimit-unified-7d-status': 'rejected',
        'anthropic-ratelimit-unified-7d-reset': String(now / 1000 + 86400),
      },
      [
        { window: '5h', limit: 1, used: 0.25, resetAt: now + 3600 * second },
        { window: '7d', limit: 1, used: 1, resetAt: now + 86400 * second },
      ],
    ],
    [
      'windows by day and minute',
      {
        'x-ratelimit-limit-requests-day': '1000',
        'x-ratelimit-remaining-requests-day': '1',
        'x-ratelimit-reset-requests-day': '3600.5',
      },
      [{ window: 'requests-day', limit: 1000, used: 999, resetAt: now + 3600.5 * second }],
    ],
    [
      'one window without a name, in epoch milliseconds',
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 5000) },
      [{ window: 'all', limit: 20, used: 20, resetAt: now + 5000 }],
    ],
    [
      "the IETF's draft, with its policy",
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '40', 'ratelimit-reset': '12' },
      [{ window: 'all', limit: 100, used: 60, resetAt: now + 12 * second }],
    ],
    [
      'nothing left, of nobody says how much',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '500ms' },
      [{ window: 'requests', limit: 1, used: 1, resetAt: now + 500 }],
    ],
    [
      'values that say nothing',
      {
        'x-ratelimit-limit-requests': 'many',
        'x-ratelimit-remaining-requests': '-1',
        'x-ratelimit-reset-requests': 'soon',
        'x-ratelimit-reset-tokens': '99999999999d',
        'x-ratelimit-over-limit': 'yes',
      },
      [],
    ],
  ])('reads %s', (_name, headers, windows) => {
    expect(readRateLimits(headers, now)).toEqual(windows);
  });

  it('keeps to a few windows, however many an upstream names', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`x-ratelimit-limit-w${i}`, '1'] as const),
    );
    expect(readRateLimits(headers, now)).toHaveLength(16);
  });
});
