// Every `schedule` must be readable.
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
