// Wall-clock time of a named zone through Intl, with DST, fast enough to be asked on every request.

/** What a clock on the wall shows. `month` counts from 1, `weekday` from 0 = Sunday, `minuteOfDay` from 0. */
export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly minuteOfDay: number;
}

export interface TimeZone {
  readonly name: string;
  /** Minutes east of UTC at an instant in epoch milliseconds. */
  offsetAt(epochMilliseconds: number): number;
  wallClockAt(epochMilliseconds: number): WallClock;
}

const minute = 60_000;
const zones = new Map<string, TimeZone>();

/** The zone of an IANA name (`Europe/Berlin`, `UTC`), or undefined when the machine does not know it. */
export function findTimeZone(name: string): TimeZone | undefined {
  const known = zones.get(name);
  if (known) return known;
  // Bare offsets pass Intl but say nothing about DST; a name is what a person means.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return undefined;
  try {
    const zone = createTimeZone(name);
    zones.set(name, zone);
    return zone;
  } catch {
    return undefined;
  }
}

/** Every zone name that the machine lists, for "did you mean". */
export function listTimeZones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

function createTimeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  // One formatToParts takes microseconds; zones change their offset on whole minutes only, so a minute is one answer.
  let memoSlot = Number.NaN;
  let memoOffset = 0;

  function offsetAt(at: number): number {
    const slot = Math.floor(at / minute);
    if (slot !== memoSlot) {
      memoOffset = readOffset(format, slot * minute);
      memoSlot = slot;
    }
    return memoOffset;
  }

  return {
    name,
    offsetAt,
    wallClockAt(at) {
      const local = new Date(at + offsetAt(at) * minute);
      return {
        year: local.getUTCFullYear(),
        month: local.getUTCMonth() + 1,
        day: local.getUTCDate(),
        weekday: local.getUTCDay(),
        minuteOfDay: local.getUTCHours() * 60 + local.getUTCMinutes(),
      };
    },
  };
}

function readOffset(format: Intl.DateTimeFormat, at: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
  const local = Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute);
  return Math.round((local - at) / minute);
}
