// Errors in OpenAI's envelope, both ways: ours and an upstream's for the client, an upstream's answer into a failure.
import { errorTable, type FailureClass, type GatewayError, type UpstreamFailure } from '../../errors.ts';
import type { ProtocolErrors, RawHeaders, RenderedError } from '../protocol.ts';

/** Class → `type` of the envelope and, where OpenAI has one, its `code` (protocols §7.2). */
const types: Readonly<Record<FailureClass, readonly [type: string, code: string | null]>> = {
  invalid_request: ['invalid_request_error', null],
  context_length: ['invalid_request_error', 'context_length_exceeded'],
  content_policy: ['invalid_request_error', 'content_policy_violation'],
  authentication: ['authentication_error', 'invalid_api_key'],
  billing: ['insufficient_quota', 'insufficient_quota'],
  permission: ['permission_error', null],
  not_found: ['invalid_request_error', 'model_not_found'],
  method_not_allowed: ['invalid_request_error', null],
  conflict: ['conflict', null],
  too_large: ['invalid_request_error', null],
  unsupported_media_type: ['invalid_request_error', null],
  rate_limit: ['rate_limit_error', 'rate_limit_exceeded'],
  client_closed: ['server_error', null],
  connection: ['server_error', 'upstream_unreachable'],
  upstream: ['server_error', 'upstream_error'],
  overloaded: ['server_error', 'server_is_overloaded'],
  timeout: ['server_error', 'timeout'],
  internal: ['server_error', 'internal'],
};

/** What a client sees when the upstream named no status, or one that its own kind of client does not know. */
const fallbackStatus: Readonly<Partial<Record<FailureClass, number>>> = {
  connection: errorTable.upstream_unreachable.status,
  timeout: errorTable.upstream_timeout.status,
  overloaded: 503,
  rate_limit: 429,
  billing: 429,
  invalid_request: 400,
  context_length: 400,
  content_policy: 400,
  authentication: 401,
  permission: 403,
  not_found: 404,
};

export const errors = {
  encode: (error) =>
    render(error.status, error.details.retryAfter, encodeError(error), error.details.headers),
  encodeUpstream: (failure) =>
    render(pickStatus(failure), seconds(failure.retryAfter), encodeFailure(failure)),
  encodeStreamFailure: (failure) => `data: ${encodeFailure(failure)}\n\n`,
  decode: decodeError,
} satisfies ProtocolErrors;

/** An upstream's error body, or the error object of a frame, as a failure. `status` is undefined inside a 200. */
export function decodeErrorBody(status: number | undefined, body: string): UpstreamFailure {
  const { message, type, code, param } = readEnvelope(body);
  const inner = status ?? (typeof code === 'number' && code >= 400 && code < 600 ? code : undefined);
  const words = [type, typeof code === 'string' ? code : undefined]
    .filter((word) => word !== undefined)
    .join(' ');
  return {
    class: classify(inner, words, message ?? ''),
    ...(inner === undefined ? {} : { status: inner }),
    message:
      message ??
      (inner === undefined
        ? 'The upstream reported an error.'
        : `The upstream answered with status ${inner}.`),
    ...(typeof code === 'string' ? { code } : type === undefined ? {} : { code: type }),
    ...(param === undefined ? {} : { param }),
  };
}

function decodeError(status: number, headers: RawHeaders, body: string): UpstreamFailure {
  const retryAfter = readRetryAfter(headers);
  const requestId = first(headers['x-request-id']) ?? first(headers['request-id']);
  return {
    ...decodeErrorBody(status, body),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function encodeError({ message, code, class: kind, details }: GatewayError): string {
  return JSON.stringify({ error: { message, type: types[kind][0], param: details.param ?? null, code } });
}

function encodeFailure({ message, code, param, class: kind }: UpstreamFailure): string {
  const [type, own] = types[kind];
  return JSON.stringify({ error: { message, type, param: param ?? null, code: own ?? code ?? null } });
}

function render(
  status: number,
  retryAfter: number | undefined,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): RenderedError {
  return {
    status,
    contentType: 'application/json',
    headers:
      retryAfter === undefined
        ? headers
        : { ...headers, 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) },
    body,
  };
}

// 529 is Anthropic's own: Codex posted 35 times on it before it gave up (protocols §7.2).
function pickStatus({ status, class: kind }: UpstreamFailure): number {
  if (status !== undefined && status >= 400 && status < 600 && status !== 529) return status;
  return fallbackStatus[kind] ?? errorTable.upstream_error.status;
}

function classify(status: number | undefined, words: string, message: string): FailureClass {
  if (
    /context_length|context length|maximum context|prompt is too long|too many tokens/i.test(
      `${words} ${message}`,
    )
  ) {
    return 'context_length';
  }
  if (/content_filter|content_policy|safety/i.test(words)) return 'content_policy';
  if (/insufficient_quota|billing/i.test(words)) return 'billing';
  if (status === undefined) return classifyWords(words);
  return (
    statusClasses[status] ?? (status >= 500 ? 'upstream' : status >= 400 ? 'invalid_request' : 'upstream')
  );
}

const statusClasses: Readonly<Record<number, FailureClass>> = {
  401: 'authentication',
  402: 'billing',
  403: 'permission',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limit',
  503: 'overloaded',
  504: 'timeout',
  524: 'timeout',
  529: 'overloaded',
};

// Inside a 200 only the words tell; what they do not tell is the upstream's own trouble.
function classifyWords(words: string): FailureClass {
  if (/rate_limit/i.test(words)) return 'rate_limit';
  if (/overloaded|unavailable/i.test(words)) return 'overloaded';
  if (/timeout/i.test(words)) return 'timeout';
  if (/authentication|invalid_api_key/i.test(words)) return 'authentication';
  if (/invalid_request/i.test(words)) return 'invalid_request';
  return 'upstream';
}

interface Envelope {
  readonly message?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly param?: string;
}

/** Reads `{error: {…}}`, `{error: "text"}`, `{message}` and FastAPI's `{detail}`; HTML and noise give nothing. */
function readEnvelope(body: string): Envelope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    const text = body.trim();
    return text === '' || text.startsWith('<') ? {} : { message: cut(text) };
  }
  const outer = asRecord(Array.isArray(parsed) ? parsed[0] : parsed);
  const inner = typeof outer.error === 'string' ? { message: outer.error } : asRecord(outer.error ?? outer);
  const message = pick(inner.message) ?? pick(inner.detail) ?? pick(outer.message) ?? pick(outer.detail);
  const type = pick(inner.type);
  const param = pick(inner.param);
  const code = typeof inner.code === 'number' ? inner.code : pick(inner.code);
  return {
    ...(message === undefined ? {} : { message: cut(message) }),
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  };
}

function readRetryAfter(headers: RawHeaders): number | undefined {
  const exact = Number(first(headers['retry-after-ms']) ?? Number.NaN);
  if (exact >= 0) return exact;
  const value = first(headers['retry-after']);
  if (value === undefined) return undefined;
  const count = Number(value);
  if (count >= 0) return count * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function pick(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function cut(text: string): string {
  return text.length <= 600 ? text : `${text.slice(0, 600)}…`;
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
