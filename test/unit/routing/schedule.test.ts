// Schedules: the spelling, the wall clock across DST, and nextChange against a minute-by-minute scan.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule, type Schedule } from '../../../src/routing/schedule.ts';

const runs = Number(process.env.FC_RUNS ?? 300);
const minute = 60_000;

describe('windows', () => {
  it('opens and closes on the wall clock, the end exclusive', () => {
    const night = parse('22:00-06:00 Europe/Berlin');
    // November: Berlin is one hour ahead of UTC.
    expect(night.isOpen(Date.UTC(2026, 10, 21, 20, 59, 59))).toBe(false);
    expect(night.isOpen(Date.UTC(2026, 10, 21, 21, 0))).toBe(true);
    expect(night.isOpen(Date.UTC(2026, 10, 22, 4, 59))).toBe(true);
    expect(night.isOpen(Date.UTC(2026, 10, 22, 5, 0))).toBe(false);
    // July: two hours ahead.
    expect(night.isOpen(Date.UTC(2026, 6, 21, 20, 0))).toBe(true);
  });

  it('belongs to the day on which it starts', () => {
    const friday = parse('fri 22:00-06:00 UTC');
    expect(friday.isOpen(Date.UTC(2026, 10, 20, 22, 0))).toBe(true);
    expect(friday.isOpen(Date.UTC(2026, 10, 21, 5, 59))).toBe(true);
    expect(friday.isOpen(Date.UTC(2026, 10, 21, 22, 30))).toBe(false);
    const saturday = parse('sat 22:00-06:00 UTC');
    expect(saturday.isOpen(Date.UTC(2026, 10, 22, 5, 0))).toBe(true);
    expect(saturday.isOpen(Date.UTC(2026, 10, 15, 5, 0))).toBe(true);
  });

  it.each([
    ['mon,wed 09:00-17:00 UTC', [1, 3]],
    ['mon-wed 09:00-17:00 UTC', [1, 2, 3]],
    ['fri-mon 09:00-17:00 UTC', [0, 1, 5, 6]],
    ['MON 09:00-17:00 UTC', [1]],
    ['daily 09:00-17:00 UTC', [0, 1, 2, 3, 4, 5, 6]],
    ['sat sun 09:00-17:00 UTC', [0, 6]],
  ])('%s is open on days %j', (text, days) => {
    const schedule = parse(text);
    const open = [0, 1, 2, 3, 4, 5, 6].filter((day) => schedule.isOpen(Date.UTC(2026, 10, 22 + day, 12)));
    expect(open).toEqual(days);
  });

  it('joins windows, and lets one zone at the end serve all of them', () => {
    const hours = parse('mon-fri 09:00-12:00, mon-fri 13:00-17:00 Europe/Berlin');
    const at = (hour: number) => hours.isOpen(Date.UTC(2026, 10, 23, hour - 1, 30));
    expect([8, 9, 11, 12, 13, 16, 17].map(at)).toEqual([false, true, true, false, true, true, false]);
    const two = parse('09:00-10:00 Asia/Tokyo, 09:00-10:00 UTC');
    expect(two.isOpen(Date.UTC(2026, 0, 1, 0, 30))).toBe(true);
    expect(two.isOpen(Date.UTC(2026, 0, 1, 9, 30))).toBe(true);
    expect(two.isOpen(Date.UTC(2026, 0, 1, 8, 30))).toBe(false);
  });

  it('knows never and always', () => {
    expect(parse('09:00-09:00 UTC')).toMatchObject({ neverOpens: true, alwaysOpen: false });
    expect(parse('00:00-24:00 UTC')).toMatchObject({ neverOpens: false, alwaysOpen: true });
    expect(parse('18:00-06:00 UTC, 06:00-18:00 UTC')).toMatchObject({ alwaysOpen: true });
    expect(parse('18:00-06:00 UTC, 06:01-18:00 UTC')).toMatchObject({ alwaysOpen: false });
    expect(parse('09:00-09:00 UTC').nextChange(0)).toBeUndefined();
    expect(parse('00:00-24:00 UTC').nextChange(0)).toBeUndefined();
  });
});

describe('daylight saving time', () => {
  it('never opens a window inside the hour that spring skips', () => {
    const gap = parse('02:15-02:45 Europe/Berlin');
    // 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC.
    const day = Array.from({ length: 1440 }, (_, index) =>
      gap.isOpen(Date.UTC(2026, 2, 29) + index * minute),
    );
    expect(day).not.toContain(true);
    expect(gap.nextChange(Date.UTC(2026, 2, 29))).toBe(Date.UTC(2026, 2, 30, 0, 15));
  });

  it('opens twice in the hour that autumn repeats', () => {
    const hour = parse('02:00-03:00 Europe/Berlin');
    // 2026-10-25: 03:00 summer time becomes 02:00 at 01:00 UTC.
    expect(hour.isOpen(Date.UTC(2026, 9, 25, 0, 30))).toBe(true);
    expect(hour.isOpen(Date.UTC(2026, 9, 25, 1, 30))).toBe(true);
    expect(hour.nextChange(Date.UTC(2026, 9, 25, 0, 30))).toBe(Date.UTC(2026, 9, 25, 2, 0));
  });

  it('opens when the clock jumps into a window', () => {
    const late = parse('02:30-05:00 Europe/Berlin');
    expect(late.nextChange(Date.UTC(2026, 2, 29, 0, 0))).toBe(Date.UTC(2026, 2, 29, 1, 0));
  });
});

it('nextChange agrees with a scan of every minute', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
  ];
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 59))
    .map(([hour, min]) => `${pad(hour)}:${pad(min)}`);
  const window = fc
    .tuple(fc.constantFrom('daily', 'mon', 'sat-sun', 'wed-mon'), time, time)
    .map(([days, from, to]) => `${days} ${from}-${to}`);
  const text = fc
    .tuple(fc.array(window, { minLength: 1, maxLength: 3 }), fc.constantFrom(...zones))
    .map(([windows, zone]) => `${windows.join(', ')} ${zone}`);
  // Around the European, American and Australian changes of 2026.
  const start = fc.constantFrom(
    Date.UTC(2026, 2, 28),
    Date.UTC(2026, 9, 24),
    Date.UTC(2026, 2, 7),
    Date.UTC(2026, 10, 1),
    Date.UTC(2026, 3, 4),
  );
  fc.assert(
    fc.property(text, start, fc.integer({ min: 0, max: 2880 }), (spelling, day, shift) => {
      const schedule = parse(spelling);
      const at = day + shift * minute + 17_000;
      const horizon = 3 * 1440;
      const open = schedule.isOpen(at);
      let expected: number | undefined;
      for (let index = 1; index <= horizon && expected === undefined; index++) {
        const candidate = Math.floor(at / minute) * minute + index * minute;
        if (schedule.isOpen(candidate) !== open) expected = candidate;
      }
      const found = schedule.nextChange(at);
      if (expected === undefined)
        expect(found ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at + (horizon - 1) * minute);
      else expect(found).toBe(expected);
    }),
    { numRuns: Math.min(runs, 1000) },
  );
});

describe('faults', () => {
  it.each([
    ['', 'the schedule is empty', 0, 0, 'write "22:00-06:00 Europe/Berlin"'],
    [
      '22:00-06:00',
      'the schedule names no time zone',
      0,
      11,
      'write "22:00-06:00 UTC", or a zone such as Europe/Berlin',
    ],
    [
      '22:00-06:00 Europe/Berln',
      '"Europe/Berln" is not a time zone',
      12,
      24,
      'did you mean "Europe/Berlin"?',
    ],
    ['22-06 UTC', '"22-06" is not a span of hours', 0, 5, 'write "22:00-06:00"'],
    ['25:00-06:00 UTC', '"25:00-06:00" is not a span of hours', 0, 11, 'write "22:00-06:00"'],
    ['24:00-06:00 UTC', '"24:00-06:00" is not a span of hours', 0, 11, 'write "22:00-06:00"'],
    ['09:60-17:00 UTC', '"09:60-17:00" is not a span of hours', 0, 11, 'write "22:00-06:00"'],
    ['mom 09:00-17:00 UTC', '"mom" is not a day', 0, 3, 'did you mean "mon"?'],
    [
      'mon-fry 09:00-17:00 UTC',
      '"mon-fry" is not a day',
      0,
      7,
      'write mon, tue, wed, thu, fri, sat, sun, or mon-fri',
    ],
    [
      'mon-fri',
      'the schedule ends with days but no hours',
      0,
      7,
      'write "mon-fri 09:00-17:00 Europe/Berlin"',
    ],
    ['09:00-17:00 UTC now', '"now" stands after the time zone', 16, 19, 'separate windows with a comma'],
    [
      'mon 09:00-12:00, 13:00-17:00 UTC',
      'one window of this schedule names days, therefore every window must',
      17,
      32,
      'write "daily 13:00-17:00 UTC"',
    ],
    ['09:00-17:00 +02:00', '"+02:00" is not a time zone', 12, 18, undefined],
  ])('%j: %s', (text, message, start, end, suggestion) => {
    const result = parseSchedule(text);
    expect(result.ok ? [] : result.problems).toEqual([
      { message, start, end, ...(suggestion && { suggestion }) },
    ]);
  });

  it('reports every fault of one text', () => {
    const result = parseSchedule('mom 9-17 Europe/Berln, fri 09:00-17:00 Mars/Base');
    expect(result.ok ? [] : result.problems.map((problem) => problem.start)).toEqual([0, 4, 9, 39]);
  });
});

function parse(text: string): Schedule {
  const result = parseSchedule(text);
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('; '));
  return result.schedule;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
