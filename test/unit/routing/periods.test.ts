import { describe, expect, it } from 'vitest';
import { findTimeZone } from '../../../src/lib/time-zone.ts';
import { createPeriods, type Period } from '../../../src/routing/periods.ts';

const bounds = (period: Period, at: string, { reset = 0, zone = 'UTC' } = {}) => {
  const { since, until } = createPeriods(period, reset, findTimeZone(zone)!)(Date.parse(at));
  return [since, until].map((instant) => new Date(instant).toISOString().slice(0, 16));
};

const zones: readonly (readonly [string, number])[] = [
  ['UTC', 150],
  ['Europe/Berlin', 150],
  ['America/St_Johns', 150],
  ['Pacific/Auckland', 150],
  ['Asia/Kathmandu', 150],
  ['Africa/Cairo', 0],
  ['Africa/Cairo', 30],
  ['America/Santiago', 0],
  ['America/Havana', 0],
  ['America/Havana', 30],
];

describe('a period', () => {
  it.each<[Period, string, { reset?: number; zone?: string }, string, string]>([
    ['hourly', '2026-03-04T05:06:07Z', {}, '2026-03-04T05:00', '2026-03-04T06:00'],
    ['hourly', '2026-03-04T05:06:07Z', { reset: 15 }, '2026-03-04T04:15', '2026-03-04T05:15'],
    ['hourly', '2026-03-04T05:06:07Z', { zone: 'Asia/Kolkata' }, '2026-03-04T04:30', '2026-03-04T05:30'],
    ['daily', '2026-03-04T05:06:07Z', {}, '2026-03-04T00:00', '2026-03-05T00:00'],
    ['daily', '2026-03-04T05:06:07Z', { reset: 390 }, '2026-03-03T06:30', '2026-03-04T06:30'],
    ['daily', '2026-03-04T23:30:00Z', { zone: 'Europe/Berlin' }, '2026-03-04T23:00', '2026-03-05T23:00'],
    // The night in which clocks go forward is 23 hours long, the one in which they go back 25.
    ['daily', '2026-03-29T12:00:00Z', { zone: 'Europe/Berlin' }, '2026-03-28T23:00', '2026-03-29T22:00'],
    ['daily', '2026-10-25T12:00:00Z', { zone: 'Europe/Berlin' }, '2026-10-24T22:00', '2026-10-25T23:00'],
    ['weekly', '2026-03-04T05:06:07Z', {}, '2026-03-02T00:00', '2026-03-09T00:00'],
    ['weekly', '2026-03-01T23:59:59Z', {}, '2026-02-23T00:00', '2026-03-02T00:00'],
    ['weekly', '2026-03-02T05:00:00Z', { reset: 360 }, '2026-02-23T06:00', '2026-03-02T06:00'],
    ['monthly', '2026-03-04T05:06:07Z', {}, '2026-03-01T00:00', '2026-04-01T00:00'],
    ['monthly', '2026-12-31T23:59:59Z', {}, '2026-12-01T00:00', '2027-01-01T00:00'],
    ['monthly', '2026-01-01T05:00:00Z', { reset: 360 }, '2025-12-01T06:00', '2026-01-01T06:00'],
    ['monthly', '2026-02-28T23:30:00Z', { zone: 'Europe/Berlin' }, '2026-02-28T23:00', '2026-03-31T22:00'],
  ])('%s at %s %j is %s to %s', (period, at, options, since, until) => {
    expect(bounds(period, at, options)).toEqual([since, until]);
  });

  it('is one without end', () => {
    const { since, until } = createPeriods('total', 0, findTimeZone('UTC')!)(Date.now());
    expect([since, until]).toEqual([0, 8_640_000_000_000_000]);
  });

  it('always holds its instant, and each ends where the next begins', () => {
    // At 02:30 clocks change in Berlin, at midnight in Cairo and Santiago.
    for (const [zone, reset] of zones)
      for (const period of ['hourly', 'daily', 'weekly', 'monthly'] as const) {
        const find = createPeriods(period, reset, findTimeZone(zone)!);
        let at = Date.UTC(2026, 0, 1);
        for (let step = 0; step < 400; step++) {
          const { since, until } = find(at);
          expect(since <= at && at < until, `${zone} ${period} ${new Date(at).toISOString()}`).toBe(true);
          expect(find(until).since).toBe(until);
          expect(find(until - 1).since).toBe(since);
          at = until + (step % 7) * 1_234_567;
        }
      }
  });
});
