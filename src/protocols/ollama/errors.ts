// Failures in Ollama's envelope, a bare text: an object would be printed as "[object Object]" by its clients.
import { statusOfClass } from '../../errors.ts';
import type { GatewayError, UpstreamFailure } from '../../errors.ts';
import { readFailure } from '../../ir/failure.ts';
import type { ProtocolErrors, RenderedError } from '../protocol.ts';

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

// As for OpenAI's clients: 529 is Anthropic's own, and a bill is a limit like others.
function pickStatus({ status, class: kind }: UpstreamFailure): number {
  const isKnown = status !== undefined && status >= 400 && status < 600 && status !== 529 && status !== 402;
  return isKnown ? status : statusOfClass[kind];
}
