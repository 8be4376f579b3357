// The spelling of schedules: text → windows with days, hours and zone, with every fault under its own words.
import type { TextProblem } from '../diagnostics.ts';
import { renderNearest } from '../lib/nearest.ts';
import { findTimeZone, listTimeZones, type TimeZone } from '../lib/time-zone.ts';

/** One window as it is written. Days count from 0 = Sunday, minutes from midnight, `to` may lie on the next day. */
export interface WindowText {
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly zone: TimeZone;
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const everyDay = [0, 1, 2, 3, 4, 5, 6];
const minutesOfDay = 1440;

interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Entry {
  readonly piece: Piece;
  readonly days: readonly number[] | undefined;
  readonly from: number;
  readonly to: number;
  /** null: a zone is written, but there is no such zone. */
  readonly zone: TimeZone | null | undefined;
}

/** A window without a zone takes the next zone that follows it; when one window names days, all must. */
export function parseWindows(text: string): { windows: WindowText[]; problems: TextProblem[] } {
  const problems: TextProblem[] = [];
  const entries = readEntries(text, problems);
  const namesDays = entries.some((entry) => entry.days);
  const windows: WindowText[] = [];
  let following: TimeZone | null | undefined;
  for (const { piece, days, from, to, zone } of entries.toReversed()) {
    if (namesDays && !days) {
      problems.push({
        start: piece.start,
        end: piece.end,
        message: 'one window of this schedule names days, therefore every window must',
        suggestion: `write "daily ${piece.text}"`,
      });
    }
    following = zone === undefined ? following : zone;
    if (following === undefined) {
      problems.push({
        start: piece.start,
        end: piece.end,
        message: 'the schedule names no time zone',
        suggestion: `write "${piece.text} UTC", or a zone such as Europe/Berlin`,
      });
    }
    if (following) windows.push({ days: days ?? everyDay, from, to, zone: following });
  }
  return { windows, problems: problems.sort((a, b) => a.start - b.start) };
}

function readEntries(text: string, problems: TextProblem[]): Entry[] {
  const entries: Entry[] = [];
  // `mon,wed 09:00-17:00`: parts that hold only days wait for the hours that follow.
  let days: number[] | undefined;
  for (const piece of split(text, /[^,]+/g)) {
    const words = split(piece.text, /\S+/g, piece.start);
    while (words[0] && /^[a-z]/i.test(words[0].text)) {
      const word = words.shift() as Piece;
      days = [...(days ?? []), ...(readDays(word.text) ?? [])];
      if (!readDays(word.text)) {
        problems.push(
          fault(
            word,
            `"${word.text}" is not a day`,
            renderNearest(word.text, [...dayNames, 'daily']) ??
              'write mon, tue, wed, thu, fri, sat, sun, or mon-fri',
          ),
        );
      }
    }
    if (words.length === 0) continue;
    const entry = readEntry(piece, words, days, problems);
    if (entry) entries.push(entry);
    days = undefined;
  }
  const whole = { text, start: 0, end: text.length };
  if (days)
    problems.push(
      fault(whole, 'the schedule ends with days but no hours', 'write "mon-fri 09:00-17:00 Europe/Berlin"'),
    );
  if (entries.length === 0 && problems.length === 0)
    problems.push(fault(whole, 'the schedule is empty', 'write "22:00-06:00 Europe/Berlin"'));
  return entries;
}

function readEntry(
  piece: Piece,
  words: readonly Piece[],
  days: readonly number[] | undefined,
  problems: TextProblem[],
): Entry | undefined {
  const [hours, name, extra] = words;
  if (!hours) return undefined;
  const zone = name && (findTimeZone(name.text) ?? null);
  if (name && !zone) {
    problems.push(
      fault(name, `"${name.text}" is not a time zone`, renderNearest(name.text, listTimeZones())),
    );
  }
  if (extra) {
    problems.push(
      fault(extra, `"${extra.text}" stands after the time zone`, 'separate windows with a comma'),
    );
  }
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(hours.text);
  const from = match ? readMinutes(match[1], match[2]) : undefined;
  const to = match ? readMinutes(match[3], match[4]) : undefined;
  if (from === undefined || to === undefined || from === minutesOfDay) {
    problems.push(fault(hours, `"${hours.text}" is not a span of hours`, 'write "22:00-06:00"'));
    return undefined;
  }
  return { piece, days, from, to, zone };
}

function readDays(text: string): readonly number[] | undefined {
  const lower = text.toLowerCase();
  if (lower === 'daily') return everyDay;
  const [first = -1, last, more] = lower.split('-').map((name) => dayNames.indexOf(name));
  if (first < 0 || more !== undefined) return undefined;
  if (last === undefined) return [first];
  if (last < 0) return undefined;
  const days = [first];
  for (let day = first; day !== last;) days.push((day = (day + 1) % 7));
  return days;
}

function readMinutes(hours: string | undefined, minutes: string | undefined): number | undefined {
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && total <= minutesOfDay ? total : undefined;
}

function split(text: string, pattern: RegExp, shift = 0): Piece[] {
  return [...text.matchAll(pattern)].map((match) => {
    const piece = match[0].trim();
    const start = shift + match.index + (match[0].length - match[0].trimStart().length);
    return { text: piece, start, end: start + piece.length };
  });
}

function fault({ start, end }: Piece, message: string, suggestion?: string): TextProblem {
  return suggestion === undefined ? { start, end, message } : { start, end, message, suggestion };
}
