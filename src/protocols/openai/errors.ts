// Failures in OpenAI's envelope, which Chat and Responses share. The upstream's own words stay, and an overflowing prompt
// can be recognised by its code.
import { errorTable } from '../../errors.ts';
import type { FailureClass, UpstreamFailure } from '../../errors.ts';
import { readFailure } from '../../ir/failure.ts';
import type { ProtocolErrors, RenderedError } from '../protocol.ts';

interface Row {
  /** What a client sees when the upstream named no status, or one that its kind of client does not know. */
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
}

/** Protocols §7.2. */
const rows: Readonly<Record<FailureClass, Row>> = {
  invalid_request: { status: 400, type: 'invalid_request_error', code: null },
  unsupported: { status: 400, type: 'invalid_request_error', code: 'unsupported_feature' },
  context_length: { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded' },
  content_policy: { status: 400, type: 'invalid_request_error', code: 'content_policy_violation' },
  authentication: { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  billing: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' },
  permission: { status: 403, type: 'permission_error', code: null },
  not_found: { status: 404, type: 'invalid_request_error', code: 'model_not_found' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', code: null },
  conflict: { status: 409, type: 'conflict', code: null },
  too_large: { status: 413, type: 'invalid_request_error', code: null },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', code: null },
  rate_limit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  client_closed: { status: 499, type: 'server_error', code: null },
  connection: {
    status: errorTable.upstream_unreachable.status,
    type: 'server_error',
    code: 'upstream_unreachable',
  },
  upstream: { status: errorTable.upstream_error.status, type: 'server_error', code: 'upstream_error' },
  overloaded: { status: 503, type: 'server_error', code: 'server_is_overloaded' },
  timeout: { status: errorTable.upstream_timeout.status, type: 'server_error', code: 'timeout' },
  internal: { status: 500, type: 'server_error', code: 'internal' },
};

export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** `writeFrame`: the frame of this wire for a failure after the stream began. */
export function createOpenAiErrors(writeFrame: (error: OpenAiError) => string): ProtocolErrors {
  return {
    encode(error) {
      const { message, code, details } = error;
      const body = { message, type: rows[error.class].type, param: details.param ?? null, code };
      return render(error.status, body, details.retryAfter, details.headers);
    },
    encodeUpstream(failure) {
      const { retryAfter } = failure;
      const seconds = retryAfter === undefined ? undefined : Math.max(1, Math.ceil(retryAfter / 1000));
      return render(pickStatus(failure), describe(failure), seconds);
    },
    encodeStreamFailure: (failure) => writeFrame(describe(failure)),
    decode: (status, headers, body, now) => readFailure(status, headers, body, now),
  };
}

function describe({ message, code, param, class: kind }: UpstreamFailure): OpenAiError {
  const row = rows[kind];
  return { message, type: row.type, param: param ?? null, code: row.code ?? code ?? null };
}

function render(
  status: number,
  error: OpenAiError,
  retryAfter: number | undefined,
  more: Readonly<Record<string, string>> = {},
): RenderedError {
  return {
    status,
    contentType: 'application/json',
    headers: {
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...more,
    },
    body: JSON.stringify({ error }),
  };
}

// 529 is Anthropic's own: Codex posted 35 times on it before it gave up (protocols §7.2).
function pickStatus({ status, class: kind }: UpstreamFailure): number {
  const isKnown = status !== undefined && status >= 400 && status < 600 && status !== 529 && status !== 402;
  return isKnown ? status : rows[kind].status;
}
