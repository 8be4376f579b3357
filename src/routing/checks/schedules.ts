// `schedule:` must be readable, and must open and close.
import { findInside } from '../../diagnostics/rule.ts';
import { parseSchedule } from '../schedule.ts';
import type { RoutingCheck } from './context.ts';
import { listSchedules } from './references.ts';

export const invalidSchedule: RoutingCheck = {
  code: 'schedule/invalid',
  severity: 'error',
  meaning: 'A schedule cannot be read: a day, a span of hours or a time zone is misspelt.',
  action:
    'Write `22:00-06:00 Europe/Berlin` or `mon-fri 09:00-17:00 Europe/Berlin`; join several with commas.',
  *check({ config }) {
    for (const { pointer, text } of listSchedules(config)) {
      const result = parseSchedule(text);
      if (!result.ok) for (const problem of result.problems) yield findInside(pointer, text, problem);
    }
  },
};

export const neverOpens: RoutingCheck = {
  code: 'schedule/never-opens',
  severity: 'error',
  meaning: 'A schedule never opens: it starts and ends at the same minute. The rule can never hold.',
  action: 'Correct the hours; the whole day is `00:00-24:00`.',
  *check({ config }) {
    for (const { pointer, text } of listSchedules(config)) {
      const result = parseSchedule(text);
      if (result.ok && result.schedule.neverOpens)
        yield { pointer, message: 'this schedule never opens', suggestion: 'the whole day is 00:00-24:00' };
    }
  },
};

export const alwaysOpen: RoutingCheck = {
  code: 'schedule/always-open',
  severity: 'info',
  meaning: 'A schedule covers every minute of every week, so it changes nothing.',
  action: 'Remove it.',
  *check({ config }) {
    for (const { pointer, text } of listSchedules(config)) {
      const result = parseSchedule(text);
      if (result.ok && result.schedule.alwaysOpen) yield { pointer, message: 'this schedule is always open' };
    }
  },
};
