// Everything that upstreams do wrong, row by row: what it is taken for, who is tried next, what the client sees, what the
// gateway learns, what is billed. One suite runs every row for every client protocol; docs/reference/failures.md is
// rendered from it.
import type { FailureClass } from '../../src/errors.ts';
import type { ProtocolName } from '../../src/protocols/capabilities.ts';
import {
  answers,
  byteByByte,
  fallsShort,
  liesAboutPacking,
  neverAnswers,
  packs,
  page,
  refuses,
  resetsAfterHead,
  resetsBeforeHead,
  says,
  stallsInBody,
  streams,
  wholeStream,
  type Play,
} from './fault-scripts.ts';

/** Where the faulty upstream is found, or how its combo goes on; `plain` is a second target behind it. */
export type FaultPlace =
  | 'plain'
  | 'closed'
  | 'unresolvable'
  | 'no-tls'
  | 'silent-tls'
  | 'hasty'
  | 'impatient'
  | 'restless'
  | 'on-overflow'
  | 'on-policy';

/**
 * `answer`: no fault at all. `next`: another candidate answers and the client sees nothing. `refused`: the client gets it
 * at once. `broken`: error frame and destroyed connection, because tokens are out already.
 */
export type FaultOutcome = 'answer' | 'next' | 'refused' | 'broken';

export interface FaultRow {
  readonly fault: string;
  readonly group: 'Connection' | 'Status' | 'Broken success' | 'Stream' | 'No fault';
  readonly play: Play;
  /** For wires whose streams say that they are at an end before their terminal. */
  readonly needsFinish?: true;
  /** Both when left out. */
  readonly only?: 'whole' | 'streamed';
  readonly place?: FaultPlace;
  readonly outcome: FaultOutcome;
  readonly class?: FailureClass;
  /** Rests afterwards: the model at this account, or the account. */
  readonly rests?: 'model' | 'account';
  /** How long, in milliseconds, where a hint or nothing but an operator decides. */
  readonly rest?: number | 'operator';
  readonly counts?: boolean;
  /** Status when no other candidate is left. */
  readonly status?: Readonly<Partial<Record<ProtocolName, number>>>;
}

const both = (openai: number, anthropic = openai, gemini = openai) => ({
  'openai-chat': openai,
  'openai-responses': openai,
  'anthropic-messages': anthropic,
  gemini,
  ollama: openai,
});

/** Failures that may pass: the model rests for moments, and they count toward the breaker. */
const passing = { outcome: 'next', rests: 'model', counts: true } as const;
const connection = { ...passing, group: 'Connection', class: 'connection', status: both(502) } as const;
const broken = { ...passing, group: 'Broken success', class: 'upstream', status: both(502) } as const;
const early = {
  ...passing,
  group: 'Stream',
  class: 'upstream',
  status: both(502),
  only: 'streamed',
} as const;
const late = { ...early, outcome: 'broken' } as const;
const status = { group: 'Status', outcome: 'next' } as const;
const fine = { group: 'No fault', outcome: 'answer' } as const;

const opening = { of: (wire: Parameters<Play>[0]) => wire.stream.opening };

/** The vendors' words for a class, where the status alone does not say it. */
const spoken: Readonly<Partial<Record<FailureClass, readonly [type: string, message?: string]>>> = {
  context_length: ['invalid_request_error', 'prompt is too long: 250000 tokens > 200000 maximum'],
  content_policy: ['content_policy_violation'],
  invalid_request: ['invalid_request_error', 'messages: roles must alternate'],
};

function refusal(
  fault: string,
  code: number,
  failureClass: FailureClass,
  more: Partial<FaultRow> = {},
  headers: Readonly<Record<string, string>> = {},
): FaultRow {
  const [type, message] = spoken[failureClass] ?? ['some_error'];
  return {
    ...status,
    fault,
    play: refuses(code, type, message, headers),
    class: failureClass,
    status: both(code),
    ...more,
  };
}

export const faultTable: readonly FaultRow[] = [
  { ...connection, fault: 'connection refused', play: answers, place: 'closed' },
  { ...connection, fault: 'host name does not resolve', play: answers, place: 'unresolvable' },
  { ...connection, fault: 'no TLS on that port', play: answers, place: 'no-tls' },
  { ...connection, fault: 'no connection within connectTimeout', play: answers, place: 'silent-tls' },
  {
    ...connection,
    fault: 'no answer within firstTokenTimeout',
    play: neverAnswers,
    place: 'impatient',
    only: 'streamed',
    class: 'timeout',
    status: both(504),
  },
  {
    ...connection,
    fault: 'no answer within totalTimeout',
    play: neverAnswers,
    place: 'hasty',
    only: 'whole',
    class: 'timeout',
    outcome: 'refused',
    status: both(504),
  },
  { ...connection, fault: 'reset before the head', play: resetsBeforeHead, class: 'upstream' },
  { ...connection, fault: 'reset behind the head', play: resetsAfterHead, class: 'upstream' },

  refusal('400', 400, 'invalid_request', { outcome: 'refused' }),
  refusal('400: the prompt is too long', 400, 'context_length'),
  refusal('400: the prompt is too long, with onContextOverflow', 400, 'context_length', {
    place: 'on-overflow',
  }),
  refusal('400: the content is refused', 400, 'content_policy', { outcome: 'refused' }),
  refusal('400: the content is refused, with onContentPolicy', 400, 'content_policy', { place: 'on-policy' }),
  {
    ...status,
    fault: '400 that quotes “insufficient balance” out of the request',
    play: refuses(400, 'invalid_request_error', "Invalid value: 'insufficient balance'."),
    outcome: 'refused',
    class: 'invalid_request',
    status: both(400),
  },
  {
    ...status,
    fault: '403: the content is flagged',
    play: refuses(403, 'permission_error', 'Your input was flagged by moderation for violence.'),
    outcome: 'refused',
    class: 'content_policy',
    status: both(403, 400),
  },
  {
    ...status,
    fault: '429: this one request is larger than a minute allows',
    play: refuses(429, 'rate_limit_error', 'Request too large for m: Limit 30000, Requested 50000.'),
    class: 'too_large',
    status: both(429, 413),
  },
  refusal('401', 401, 'authentication', { rests: 'account' }),
  refusal('402', 402, 'billing', { rests: 'account', rest: 'operator', status: both(429, 402) }),
  refusal(
    '402 with Retry-After',
    402,
    'billing',
    { rests: 'account', rest: 3_600_000, status: both(429, 402) },
    { 'retry-after': '3600' },
  ),
  refusal('403', 403, 'permission', { rests: 'account' }),
  refusal('404', 404, 'not_found', { rests: 'model', rest: 120_000 }),
  refusal('408', 408, 'timeout', { ...passing, status: both(408, 504) }),
  refusal('413', 413, 'too_large'),
  refusal('422', 422, 'invalid_request', { outcome: 'refused', status: both(422, 400, 400) }),
  refusal('429', 429, 'rate_limit', { rests: 'model', rest: 1_000 }),
  refusal(
    '429 with Retry-After',
    429,
    'rate_limit',
    { rests: 'model', rest: 17_000 },
    { 'retry-after': '17' },
  ),
  refusal(
    '429 with several hints: the largest counts',
    429,
    'rate_limit',
    { rests: 'model', rest: 90_000 },
    { 'retry-after': '2', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1m30s' },
  ),
  refusal(
    '429 with a hint of years: capped at a day',
    429,
    'rate_limit',
    { rests: 'model', rest: 86_400_000 },
    { 'retry-after': '99999999' },
  ),
  refusal('500', 500, 'upstream', passing),
  refusal('502', 502, 'upstream', passing),
  refusal('503', 503, 'overloaded', { ...passing, status: both(503, 529) }),
  refusal('504', 504, 'timeout', passing),
  refusal('529', 529, 'overloaded', { ...passing, status: both(503, 529) }),
  {
    ...status,
    ...passing,
    fault: '502 with a web page',
    play: page(502),
    class: 'upstream',
    status: both(502),
  },

  { ...broken, fault: '200 with a web page', play: page(200) },
  { ...broken, fault: '200 without a body', play: says(() => '') },
  { ...broken, fault: '200 with an empty object', play: says(() => '{}', 'application/json') },
  { ...broken, fault: '200 that is no JSON', play: says(() => '{"id": oops'), only: 'whole' },
  {
    ...broken,
    fault: '200 with an error inside',
    play: says((wire) => wire.error('Overloaded', 'overloaded_error'), 'application/json'),
    class: 'overloaded',
    status: both(503, 529),
  },
  {
    ...broken,
    fault: 'a stream where none was asked for',
    play: says((wire) => wholeStream(wire, 'first'), 'text/event-stream'),
    only: 'whole',
  },
  {
    ...broken,
    fault: 'one object where a stream was asked for',
    play: says((wire) => wire.whole('first'), 'application/json'),
    only: 'streamed',
  },
  {
    ...broken,
    fault: 'a truncated object',
    play: says((wire) => wire.whole('first').slice(0, -9)),
    only: 'whole',
  },
  { ...broken, fault: 'less than Content-Length announces', play: fallsShort },
  { ...broken, fault: 'a compressed body that is none', play: liesAboutPacking },
  {
    ...broken,
    fault: 'silence in the middle of an object, for idleTimeout',
    play: stallsInBody,
    place: 'restless',
    only: 'whole',
    class: 'timeout',
    status: both(504),
  },

  { ...early, fault: 'cut before the first token', play: streams((wire) => [opening.of(wire)], 'cut') },
  { ...early, fault: 'clean end before the first token', play: streams((wire) => [opening.of(wire)], 'end') },
  {
    ...early,
    fault: 'error event as the first',
    play: streams((wire) => [wire.stream.error], 'end'),
    class: 'overloaded',
    status: both(503, 529),
  },
  {
    ...early,
    fault: 'error event before the first token',
    play: streams((wire) => [opening.of(wire), wire.stream.error], 'end'),
    class: 'overloaded',
    status: both(503, 529),
  },
  {
    ...early,
    fault: 'malformed event before the first token',
    play: streams((wire) => [opening.of(wire), 'data: {"choices":[{\n\n'], 'end'),
  },
  {
    ...early,
    fault: 'silence before the first token',
    play: streams((wire) => [opening.of(wire)], 'stall'),
    place: 'impatient',
    class: 'timeout',
    status: both(504),
  },
  {
    ...late,
    fault: 'cut behind the first token',
    play: streams((wire) => [opening.of(wire), wire.stream.token('Hello')], 'cut'),
  },
  {
    ...late,
    fault: 'cut in the middle of an event',
    play: streams(
      (wire) => [opening.of(wire), wire.stream.token('Hello'), wire.stream.token('world').slice(0, 30)],
      'cut',
    ),
  },
  {
    ...late,
    fault: 'clean end without finish or terminal',
    play: streams((wire) => [opening.of(wire), wire.stream.token('Hello')], 'end'),
  },
  {
    ...late,
    fault: 'error event behind the first token',
    play: streams((wire) => [opening.of(wire), wire.stream.token('Hello'), wire.stream.error], 'end'),
    class: 'overloaded',
  },
  {
    ...late,
    fault: 'silence behind the first token, for idleTimeout',
    play: streams((wire) => [opening.of(wire), wire.stream.token('Hello')], 'stall'),
    place: 'restless',
    class: 'timeout',
  },

  { ...fine, fault: 'one byte per chunk', play: byteByByte },
  { ...fine, fault: 'a gzip body that nobody asked for', play: packs('gzip') },
  { ...fine, fault: 'a brotli body that nobody asked for', play: packs('br') },
  { ...fine, fault: 'a zstd body that nobody asked for', play: packs('zstd') },
  {
    ...fine,
    fault: 'a finish without the terminal',
    needsFinish: true,
    play: streams(({ stream }) => [stream.opening, stream.token('first'), stream.closing], 'end'),
    only: 'streamed',
  },
  {
    ...fine,
    fault: 'a doubled terminal',
    play: streams((wire) => [wholeStream(wire, 'first'), wire.stream.terminal], 'end'),
    only: 'streamed',
  },
];
