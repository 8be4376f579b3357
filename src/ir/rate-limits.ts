// What an answer's headers say about the quota of the account: OpenAI's and its many imitators', Anthropic's (per minute
// and, for subscriptions, per 5 hours and 7 days), and the draft of the IETF. Says only what stands there.
import { readDuration, type Headers } from './retry-after.ts';

/** One counter of the provider. A window without `limit` or `used` says only when it resets. */
export interface ObservedWindow {
  /** `requests`, `tokens`, `input-tokens`, `requests-day`, `5h`, `7d` …; `all` where the provider names none. */
  readonly window: string;
  readonly limit?: number;
  readonly used?: number;
  /** Epoch milliseconds. */
  readonly resetAt?: number;
}

/** Windows that an upstream may name; a hostile one must not fill the memory. */
const mostWindows = 16;

/** A reset further away than this is a mistake, or another unit than we think. */
const longestReset = 35 * 24 * 3_600_000;

/** Numbers above this cannot be seconds until a reset, they are a time: epoch seconds, and above the next, milliseconds. */
const epochSeconds = 1e9;
const epochMilliseconds = 1e12;

type Member = 'limit' | 'remaining' | 'reset' | 'utilization' | 'status';

/** Windows in the order of the headers; empty for an answer without any. `now`: epoch milliseconds. */
export function readRateLimits(headers: Headers, now: number): readonly ObservedWindow[] {
  let found: Map<string, { -readonly [member in Member]?: string }> | undefined;
  for (const name in headers) {
    const known = mayName(name) ? readName(name) : undefined;
    const value = known && headers[name];
    if (!known || typeof value !== 'string') continue;
    found ??= new Map();
    const entry = found.get(known.window) ?? {};
    if (found.size >= mostWindows && !found.has(known.window)) continue;
    entry[known.member] = value;
    found.set(known.window, entry);
  }
  if (!found) return [];
  return [...found].flatMap(([window, entry]) => readWindow(window, entry, now) ?? []);
}

/** Most headers are something else; one look at a letter keeps most of them cheap. */
function mayName(name: string): boolean {
  const first = name.charCodeAt(0);
  return (first === letterX || first === letterA || first === letterR) && name.includes('ratelimit');
}

const letterA = 0x61;
const letterR = 0x72;
const letterX = 0x78;

/** `x-ratelimit-remaining-tokens`, `anthropic-ratelimit-input-tokens-remaining`, `anthropic-ratelimit-unified-5h-reset`. */
function readName(name: string): { readonly window: string; readonly member: Member } | undefined {
  const open = /^(?:x-)?ratelimit-(limit|remaining|reset)(?:-([a-z0-9-]{1,40}))?$/.exec(name);
  if (open) return { member: open[1] as Member, window: open[2] ?? 'all' };
  const anthropic =
    /^anthropic-ratelimit-(?:unified-)?([a-z0-9-]{1,40})-(limit|remaining|reset|utilization|status)$/.exec(
      name,
    );
  return anthropic ? { window: anthropic[1]!, member: anthropic[2] as Member } : undefined;
}

function readWindow(
  window: string,
  entry: { readonly [member in Member]?: string },
  now: number,
): ObservedWindow | undefined {
  const limit = readCount(entry.limit);
  const remaining = readCount(entry.remaining);
  const share = readCount(entry.utilization);
  const resetAt = readReset(entry.reset, now);
  const shared = share === undefined ? undefined : { limit: 1, used: share };
  const rejected = entry.status === 'rejected' ? { limit: 1, used: 1 } : undefined;
  const counted =
    remaining === undefined
      ? (shared ?? rejected)
      : limit === undefined
        ? remaining === 0
          ? { limit: 1, used: 1 }
          : undefined
        : { limit, used: Math.max(0, limit - remaining) };
  const counts = counted ?? (limit === undefined ? {} : { limit });
  if (resetAt === undefined && counts.limit === undefined) return undefined;
  return { window, ...counts, ...(resetAt === undefined ? {} : { resetAt }) };
}

function readCount(value: string | undefined): number | undefined {
  // Some hosts write the policy behind the number: `100, 100;w=60`.
  const number = Number.parseFloat(value ?? '');
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

function readReset(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  const date = Number.isNaN(number) && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  const wait = Number.isNaN(number) ? readDuration(value) : number * 1000;
  const at = !Number.isNaN(date)
    ? date
    : number >= epochMilliseconds
      ? number
      : number >= epochSeconds
        ? number * 1000
        : wait === undefined
          ? Number.NaN
          : now + wait;
  return Number.isFinite(at) && at - now <= longestReset ? Math.ceil(at) : undefined;
}
