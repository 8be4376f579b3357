// A schedule that never closes changes nothing.
import { parseSchedule } from '../schedule.ts';
import type { RoutingCheck } from './context.ts';
import { listSchedules } from './references.ts';

export const alwaysOpen: RoutingCheck = {
  code: 'schedule/always-open',
  severity: 'info',
  meaning: 'A schedule covers every minute of every week, so it changes nothing.',
  action: 'Remove the schedule.',
  *check({ config }) {
    for (const { pointer, text } of listSchedules(config)) {
      const result = parseSchedule(text);
      if (result.ok && result.schedule.alwaysOpen) yield { pointer, message: 'this schedule is always open' };
    }
  },
};
