// Failures in Anthropic's envelope and back. Two things are promised to clients: the upstream's own words stay (Claude
// Code drops one beta after another depending on them), and an overflowing prompt can be recognised.
import type { FailureClass, GatewayError, UpstreamFailure } from '../../errors.ts';
import { readFailure } from '../../ir/failure.ts';
import type { ProtocolErrors, RenderedError } from '../protocol.ts';

interface Row {
  readonly status: number;
  readonly type: string;
}

const rows: Readonly<Record<FailureClass, Row>> = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  unsupported: { status: 400, type: 'invalid_request_error' },
  context_length: { status: 400, type: 'invalid_request_error' },
  content_policy: { status: 400, type: 'invalid_request_error' },
  authentication: { status: 401, type: 'authentication_error' },
  billing: { status: 402, type: 'billing_error' },
  permission: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'not_found_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'conflict_error' },
  too_large: { status: 413, type: 'request_too_large' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  rate_limit: { status: 429, type: 'rate_limit_error' },
  client_closed: { status: 499, type: 'api_error' },
  connection: { status: 502, type: 'api_error' },
  upstream: { status: 502, type: 'api_error' },
  overloaded: { status: 529, type: 'overloaded_error' },
  timeout: { status: 504, type: 'timeout_error' },
  internal: { status: 500, type: 'api_error' },
};

export const errors: ProtocolErrors = {
  encode(error: GatewayError, requestId) {
    const row = rows[error.class];
    // The table's own status stays, except where Anthropic's clients expect another one.
    const status = error.status === 503 ? 529 : error.status === 422 ? 400 : error.status;
    const type = status === 429 ? 'rate_limit_error' : row.type;
    const retryAfter = error.details.retryAfter;
    return render(
      status,
      type,
      describe(error.class, error.message),
      requestId,
      retryAfter,
      error.details.headers,
    );
  },
  encodeUpstream(failure, requestId) {
    const row = rows[failure.class];
    const { status = 0 } = failure;
    const server = failure.class === 'upstream' && status >= 500 && status < 600;
    const seconds =
      failure.retryAfter === undefined ? undefined : Math.max(1, Math.ceil(failure.retryAfter / 1000));
    const message = describe(failure.class, failure.message);
    return render(server ? status : row.status, row.type, message, requestId, seconds);
  },
  encodeStreamFailure(failure: UpstreamFailure, requestId) {
    const body = envelope(rows[failure.class].type, describe(failure.class, failure.message), requestId);
    return `event: error\ndata: ${body}\n\n`;
  },
  decode: (status, headers, body, now) => readFailure(status, headers, body, now),
};

function render(
  status: number,
  type: string,
  message: string,
  requestId: string,
  retryAfter: number | undefined,
  more: Readonly<Record<string, string>> = {},
): RenderedError {
  return {
    status,
    contentType: 'application/json',
    headers: {
      'request-id': requestId,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...more,
    },
    body: envelope(type, message, requestId),
  };
}

function envelope(type: string, message: string, requestId: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId });
}

/** Agents start their compaction when the message begins with these words. */
function describe(failureClass: FailureClass, message: string): string {
  if (failureClass !== 'context_length' || message.startsWith('prompt is too long')) return message;
  return `prompt is too long: ${message}`;
}
