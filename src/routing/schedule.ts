// Schedules such as `mon-fri 09:00-17:00 Europe/Berlin`: weekly windows on a wall clock, and when they change.
// The wall clock decides: an hour that DST skips does not open, an hour that it repeats is open twice.
import type { TextProblem } from '../diagnostics.ts';
import type { TimeZone } from '../lib/time-zone.ts';
import { parseWindows, type WindowText } from './schedule-text.ts';

export interface Schedule {
  readonly text: string;
  /** No minute of any week lies inside a window (`09:00-09:00`). */
  readonly neverOpens: boolean;
  /** Every minute of every week lies inside a window. */
  readonly alwaysOpen: boolean;
  /** Whether the instant (epoch milliseconds) lies inside a window; ends are exclusive. */
  isOpen(at: number): boolean;
  /** The first instant after `at` at which isOpen answers differently; undefined when it never does. */
  nextChange(at: number): number | undefined;
}

export type ScheduleResult =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly problems: readonly TextProblem[] };

const minute = 60_000;
const minutesOfDay = 1440;
const minutesOfWeek = 7 * minutesOfDay;

/** Half-open minutes of a week that starts on Sunday 00:00 wall clock. */
interface Window {
  readonly zone: TimeZone;
  readonly start: number;
  readonly end: number;
}

/**
 * Parses `[days] HH:MM-HH:MM [zone]`, several joined by commas; all faults are reported, with offsets into the text.
 * `22:00-06:00` ends on the day after the one that it names.
 */
export function parseSchedule(text: string): ScheduleResult {
  const { windows, problems } = parseWindows(text);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, schedule: createSchedule(text, windows.flatMap(spread)) };
}

function createSchedule(text: string, windows: readonly Window[]): Schedule {
  const neverOpens = windows.length === 0;
  const alwaysOpen = coversWeek(windows);

  function compute(at: number): boolean {
    return windows.some((window) => {
      const now = minuteOfWeek(window.zone, at);
      return now >= window.start && now < window.end;
    });
  }

  // A pure memo: the answer holds for the whole minute, because windows and zones move on minutes only.
  let memoSlot = Number.NaN;
  let memoOpen = false;

  return {
    text,
    neverOpens,
    alwaysOpen,
    isOpen(at) {
      const slot = Math.floor(at / minute);
      if (slot !== memoSlot) {
        memoOpen = compute(at);
        memoSlot = slot;
      }
      return memoOpen;
    },
    nextChange(at) {
      if (neverOpens || alwaysOpen) return undefined;
      const open = compute(at);
      let from = Math.floor(at / minute) * minute;
      // Two weeks of candidates: the second finds a window that DST swallowed in the first.
      const limit = from + 2 * minutesOfWeek * minute;
      while (from < limit) {
        const next = Math.min(...windows.map((window) => nextEdge(window, from)));
        if (compute(next) !== open) return next;
        from = next;
      }
      return undefined;
    },
  };
}

/** The next instant after `from` at which the wall clock reaches an edge of the window, jumps, or a day has passed. */
function nextEdge({ zone, start, end }: Window, from: number): number {
  const now = minuteOfWeek(zone, from);
  const steps = [start, end].map((edge) => (edge - now + minutesOfWeek) % minutesOfWeek || minutesOfWeek);
  // A day is short enough that equal offsets at both ends mean that no jump lies between them.
  const next = from + Math.min(minutesOfDay, ...steps) * minute;
  const offset = zone.offsetAt(from);
  if (zone.offsetAt(next) === offset) return next;
  let before = from;
  let after = next;
  while (after - before > minute) {
    const middle = before + Math.floor((after - before) / 2 / minute) * minute;
    if (zone.offsetAt(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function minuteOfWeek(zone: TimeZone, at: number): number {
  // 1970-01-01 was a Thursday: four days after the start of its week.
  const local = Math.floor(at / minute) + zone.offsetAt(at) + 4 * minutesOfDay;
  return ((local % minutesOfWeek) + minutesOfWeek) % minutesOfWeek;
}

function coversWeek(windows: readonly Window[]): boolean {
  return [...new Set(windows.map((window) => window.zone))].some((zone) => {
    let reached = 0;
    const ordered = windows.filter((window) => window.zone === zone).sort((a, b) => a.start - b.start);
    for (const { start, end } of ordered) {
      if (start > reached) return false;
      reached = Math.max(reached, end);
    }
    return reached >= minutesOfWeek;
  });
}

function spread({ days, from, to, zone }: WindowText): Window[] {
  if (from === to) return [];
  const length = to > from ? to - from : to + minutesOfDay - from;
  return days.flatMap((day) => {
    const start = day * minutesOfDay + from;
    const end = start + length;
    if (end <= minutesOfWeek) return [{ zone, start, end }];
    return [
      { zone, start, end: minutesOfWeek },
      { zone, start: 0, end: end - minutesOfWeek },
    ];
  });
}
