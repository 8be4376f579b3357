// Failures in Google's envelope: a status with a name, and details that its clients read (Gemini CLI waits as long as
// RetryInfo says).
import type { FailureClass, GatewayError, UpstreamFailure } from '../../errors.ts';
import { readFailure } from '../../ir/failure.ts';
import type { ProtocolErrors, RenderedError } from '../protocol.ts';

interface Row {
  /** What a client sees when the upstream named no status, or one that its kind of client does not know. */
  readonly code: number;
  readonly status: string;
}

/** Protocols §7.2. */
const rows: Readonly<Record<FailureClass, Row>> = {
  invalid_request: { code: 400, status: 'INVALID_ARGUMENT' },
  unsupported: { code: 400, status: 'INVALID_ARGUMENT' },
  context_length: { code: 400, status: 'INVALID_ARGUMENT' },
  content_policy: { code: 400, status: 'INVALID_ARGUMENT' },
  authentication: { code: 401, status: 'UNAUTHENTICATED' },
  billing: { code: 429, status: 'RESOURCE_EXHAUSTED' },
  permission: { code: 403, status: 'PERMISSION_DENIED' },
  not_found: { code: 404, status: 'NOT_FOUND' },
  method_not_allowed: { code: 405, status: 'UNIMPLEMENTED' },
  conflict: { code: 409, status: 'ABORTED' },
  too_large: { code: 413, status: 'INVALID_ARGUMENT' },
  unsupported_media_type: { code: 415, status: 'INVALID_ARGUMENT' },
  rate_limit: { code: 429, status: 'RESOURCE_EXHAUSTED' },
  client_closed: { code: 499, status: 'CANCELLED' },
  connection: { code: 502, status: 'UNAVAILABLE' },
  upstream: { code: 502, status: 'INTERNAL' },
  overloaded: { code: 503, status: 'UNAVAILABLE' },
  timeout: { code: 504, status: 'DEADLINE_EXCEEDED' },
  internal: { code: 500, status: 'INTERNAL' },
};

/** `array`: the client reads a JSON array, in which an error is one more element. */
export function createErrors(array: boolean): ProtocolErrors {
  const render = (
    code: number,
    error: object,
    retryAfter: number | undefined,
    more: Readonly<Record<string, string>> = {},
  ): RenderedError => ({
    status: code,
    contentType: 'application/json; charset=UTF-8',
    headers: { ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }), ...more },
    body: JSON.stringify(array ? [{ error }] : { error }),
  });
  return {
    encode(error: GatewayError) {
      const { details, message } = error;
      const code = error.status === 422 ? 400 : error.status;
      const status = code === 429 ? 'RESOURCE_EXHAUSTED' : rows[error.class].status;
      const seconds =
        details.retryAfter === undefined ? undefined : Math.max(1, Math.ceil(details.retryAfter));
      return render(
        code,
        {
          code,
          message,
          status,
          details: describe(error.code, code === 400 ? details.param : undefined, message, seconds),
        },
        seconds,
        details.headers,
      );
    },
    encodeUpstream(failure) {
      const seconds = secondsOf(failure);
      return render(pickCode(failure), spell(failure), seconds);
    },
    encodeStreamFailure(failure) {
      const body = JSON.stringify({ error: spell(failure) });
      return array ? `,\r\n${body}\r\n]` : `data: ${body}\n\n`;
    },
    decode: (status, headers, body, now) => readFailure(status, headers, body, now),
  };
}

function spell(failure: UpstreamFailure): object {
  const { message, param, class: kind, status, quota = [] } = failure;
  // Without a status it is a word of our own side, about addresses that are none of the client's business.
  const reason = (status === undefined ? undefined : failure.code) ?? kind;
  return {
    code: pickCode(failure),
    message,
    status: rows[failure.class].status,
    details: [...describe(reason, param, message, secondsOf(failure)), ...quota],
  };
}

function secondsOf({ retryAfter }: UpstreamFailure): number | undefined {
  return retryAfter === undefined ? undefined : Math.max(1, Math.ceil(retryAfter / 1000));
}

const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`;

function describe(
  reason: string,
  param: string | undefined,
  message: string,
  seconds: number | undefined,
): readonly object[] {
  const details: object[] = [
    { '@type': type('ErrorInfo'), reason: reason.toUpperCase(), domain: 'omniroute' },
  ];
  if (param !== undefined) {
    const fieldViolations = [{ field: param, description: message }];
    details.push({ '@type': type('BadRequest'), fieldViolations });
  }
  if (seconds !== undefined) details.push({ '@type': type('RetryInfo'), retryDelay: `${seconds}s` });
  return details;
}

/** 402 and 529 are words of others; Google's SDK only raises codes from 400 to 599. */
function pickCode({ status, class: kind }: UpstreamFailure): number {
  const isKnown =
    status !== undefined &&
    status >= 400 &&
    status < 600 &&
    status !== 402 &&
    status !== 422 &&
    status !== 529;
  return isKnown ? status : rows[kind].code;
}
