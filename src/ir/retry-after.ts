// How long an upstream asks us to wait: the longest of what its headers, its body and its sentence say.
import type { FailureClass } from '../errors.ts';
import { isObject } from '../lib/json.ts';

/** Response headers with lower-case names. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A hint past this is a quota of days, which no wait inside a request can answer. */
const longest = 7 * 24 * 3_600_000;

/** Milliseconds to wait, or undefined without any hint. Hints that are dates count from `now`, epoch milliseconds. */
export function readRetryAfter(
  headers: Headers,
  details: unknown,
  message: string,
  failureClass: FailureClass,
  now?: number,
): number | undefined {
  const isLimit = failureClass === 'rate_limit' || failureClass === 'overloaded';
  const resets = isLimit ? readLimitResets(headers, now) : undefined;
  const said = [
    // The same hint twice, the first one in the finer unit.
    milliseconds(one(headers, 'retry-after-ms')) ?? readDelay(one(headers, 'retry-after'), now),
    readDetails(details),
    resets?.exhausted,
    isLimit ? readSentence(message) : undefined,
  ].filter((hint) => hint !== undefined);
  // Of several hints the longest is right: a short Retry-After beside an empty window only leads to the next refusal.
  const hint = said.length > 0 ? Math.max(...said) : resets?.earliest;
  return hint === undefined ? undefined : Math.min(Math.max(0, Math.ceil(hint)), longest);
}

/** Seconds or an HTTP date. */
function readDelay(value: string | undefined, now: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (value.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) || now === undefined ? undefined : date - now;
}

/** Google's `RetryInfo { retryDelay: "12.5s" }` among the details of an error. */
function readDetails(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    if (isObject(detail) && typeof detail['retryDelay'] === 'string')
      return readDuration(detail['retryDelay']);
  }
  return undefined;
}

const limitKinds = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;

/**
 * `exhausted`: the latest reset of the limits that stand at zero; `earliest`: of all, for when no limit says what remains.
 * OpenAI sends durations (`6m0s`), Anthropic dates.
 */
function readLimitResets(
  headers: Headers,
  now: number | undefined,
): { readonly exhausted: number | undefined; readonly earliest: number | undefined } {
  let exhausted: number | undefined;
  let earliest: number | undefined;
  for (const kind of limitKinds) {
    for (const [reset, remaining] of [
      [`x-ratelimit-reset-${kind}`, `x-ratelimit-remaining-${kind}`],
      [`anthropic-ratelimit-${kind}-reset`, `anthropic-ratelimit-${kind}-remaining`],
    ] as const) {
      const text = one(headers, reset);
      const wait = text === undefined ? undefined : (readDuration(text) ?? dateDistance(text, now));
      if (wait === undefined) continue;
      earliest = Math.min(earliest ?? wait, wait);
      if (Number(one(headers, remaining) ?? Number.NaN) === 0) exhausted = Math.max(exhausted ?? 0, wait);
    }
  }
  const unified = Number(one(headers, 'anthropic-ratelimit-unified-reset') ?? Number.NaN);
  return {
    exhausted:
      exhausted ?? (Number.isFinite(unified) && now !== undefined ? unified * 1000 - now : undefined),
    earliest,
  };
}

function readSentence(message: string): number | undefined {
  const found = /(?:try again|retry) (?:in|after) ([\d.]+(?:ms|s|m|h)(?:[\d.]+(?:ms|s|m))*)/i.exec(message);
  return found?.[1] === undefined ? undefined : readDuration(found[1].replace(/\.$/, ''));
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `6m0s`, `1.5s`, `120ms`. */
export function readDuration(value: string): number | undefined {
  const pieces = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (pieces.length === 0 || pieces.map((piece) => piece[0]).join('') !== value) return undefined;
  return pieces.reduce((sum, piece) => sum + Number(piece[1]) * units[piece[2]!]!, 0);
}

function dateDistance(value: string, now: number | undefined): number | undefined {
  const date = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) || now === undefined ? undefined : Math.max(0, date - now);
}

function milliseconds(value: string | undefined): number | undefined {
  const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function one(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
