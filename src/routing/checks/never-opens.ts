// A schedule must open at some time.
import { parseSchedule } from '../schedule.ts';
import type { RoutingCheck } from './context.ts';
import { listSchedules } from './references.ts';

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
