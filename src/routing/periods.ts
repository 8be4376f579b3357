// The stretch of time in which a budget counts: which hour, day, week or month an instant lies in, by the wall clock of a
// zone. A day begins at the reset time, a week on Monday, a month on the first.
import type { TimeZone } from '../lib/time-zone.ts';
import { forever } from './world/cooldown.ts';

export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'total';

/** Epoch milliseconds; `until` is the next reset, `forever` when there is none. */
export interface Bounds {
  readonly since: number;
  readonly until: number;
}

const minute = 60_000;
const hour = 3_600_000;

/** `reset`: minutes after midnight; of an hour only what is left of it past the hour. Remembers its last answer. */
export function createPeriods(period: Period, reset: number, zone: TimeZone): (at: number) => Bounds {
  let last: Bounds = { since: 0, until: 0 };
  return (at) => {
    if (at < last.since || at >= last.until) last = findBounds(period, reset, zone, at);
    return last;
  };
}

function findBounds(period: Period, reset: number, zone: TimeZone, at: number): Bounds {
  if (period === 'total') return { since: 0, until: forever };
  if (period === 'hourly') {
    const local = at + (zone.offsetAt(at) - (reset % 60)) * minute;
    const since = at - (((local % hour) + hour) % hour);
    return { since, until: since + hour };
  }
  const { year, month, day, weekday } = zone.wallClockAt(at);
  const sinceMonday = (weekday + 6) % 7;
  const begin = (step: number): number => {
    if (period === 'monthly') return toInstant(zone, year, month - 1 + step, 1, reset);
    const days = period === 'weekly' ? day - sinceMonday + step * 7 : day + step;
    return toInstant(zone, year, month - 1, days, reset);
  };
  return begin(0) > at ? { since: begin(-1), until: begin(0) } : { since: begin(0), until: begin(1) };
}

/** Days and months may lie outside of their range, as for Date.UTC. For a time that clocks skip, one after the change. */
function toInstant(zone: TimeZone, year: number, month: number, day: number, minutes: number): number {
  const local = Date.UTC(year, month, day, 0, minutes);
  // The offset of the place itself, which the first guess may miss by an hour around a change of clocks.
  const guess = local - zone.offsetAt(local) * minute;
  const instant = local - zone.offsetAt(guess) * minute;
  if (instant + zone.offsetAt(instant) * minute === local) return instant;
  // One of the two lies an hour before the change, on the day before where that is midnight.
  return Math.max(guess, instant);
}
