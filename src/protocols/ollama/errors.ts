// Failures in Ollama's envelope, a bare text: an object would be printed as "[object Object]" by its clients.
import type { FailureClass, GatewayError, UpstreamFailure } from '../../errors.ts';
import { readFailure } from '../../ir/failure.ts';
import type { ProtocolErrors, RenderedError } from '../protocol.ts';

/** What a client sees when the upstream named no status. */
const statuses: Readonly<Record<FailureClass, number>> = {
  invalid_request: 400,
  unsupported: 400,
  context_length: 400,
  content_policy: 400,
  authentication: 401,
  billing: 402,
  permission: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limit: 429,
  client_closed: 499,
  connection: 502,
  upstream: 502,
  overloaded: 503,
  timeout: 504,
  internal: 500,
};

export const errors = {
  encode({ status, message, details }: GatewayError) {
    return render(status, message, details.retryAfter, details.headers);
  },
  encodeUpstream(failure) {
    const { message, retryAfter } = failure;
    return render(pickStatus(failure), message, retryAfter === undefined ? undefined : retryAfter / 1000);
  },
  encodeStreamFailure: ({ message }: UpstreamFailure) => `${JSON.stringify({ error: message })}\n`,
  decode: (status, headers, body, now) => readFailure(status, headers, body, now),
} satisfies ProtocolErrors;

function render(
  status: number,
  message: string,
  retryAfter: number | undefined,
  more: Readonly<Record<string, string>> = {},
): RenderedError {
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    headers: {
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...more,
    },
    body: JSON.stringify({ error: message }),
  };
}

/** 529 is Anthropic's own. */
function pickStatus({ status, class: kind }: UpstreamFailure): number {
  const isKnown = status !== undefined && status >= 400 && status < 600 && status !== 529;
  return isKnown ? status : statuses[kind];
}
