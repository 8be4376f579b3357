// What can break between us and an upstream, in the words of UpstreamFailure. Messages name the kind of trouble, never an
// address: a client may read them.
import type { FailureClass, UpstreamFailure } from '../errors.ts';

const table: Readonly<Record<string, readonly [FailureClass, string]>> = {
  ECONNREFUSED: ['connection', 'The upstream refuses connections.'],
  ENOTFOUND: ['connection', 'The host name of the upstream does not resolve.'],
  EAI_AGAIN: ['connection', 'The host name of the upstream does not resolve at the moment.'],
  ADDRESS_REFUSED: [
    'connection',
    'The address of the upstream lies in a network that this provider may not reach.',
  ],
  EHOSTUNREACH: ['connection', 'No route to the upstream.'],
  ENETUNREACH: ['connection', 'No route to the upstream.'],
  EADDRNOTAVAIL: ['connection', 'No free local port for a connection to the upstream.'],
  EPROTO: ['connection', 'The upstream does not speak TLS as expected.'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['connection', 'The certificate of the upstream is for another host.'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['connection', 'The upstream does not speak TLS on this port.'],
  ERR_INVALID_URL: ['connection', 'The baseUrl of the upstream is not a URL.'],
  UND_ERR_CONNECT_TIMEOUT: ['connection', 'No connection to the upstream in time.'],
  ETIMEDOUT: ['connection', 'No connection to the upstream in time.'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'The upstream did not begin to answer in time.'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'The upstream stopped in the middle of its answer.'],
  UND_ERR_SOCKET: ['upstream', 'The upstream closed the connection before its answer was complete.'],
  ECONNRESET: ['upstream', 'The upstream reset the connection.'],
  EPIPE: ['upstream', 'The upstream closed the connection while it was being asked.'],
  UND_ERR_HEADERS_OVERFLOW: ['upstream', 'The upstream answered with too many headers.'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['upstream', 'The upstream sent less than it announced.'],
  CONTENT_ENCODING: ['upstream', 'The upstream answered in a content encoding that it was not offered.'],
  UND_ERR_INVALID_ARG: ['internal', 'The call could not be put into an HTTP request.'],
};

/** Maps an error of undici, a socket, TLS or zlib. */
export function toFailure(error: unknown): UpstreamFailure {
  const code = readCode(error);
  const known = table[code];
  if (known) return { class: known[0], message: known[1], code };
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return { class: 'connection', message: 'The certificate of the upstream is not trusted.', code };
  }
  if (code.startsWith('HPE_'))
    return { class: 'upstream', message: 'The upstream does not speak HTTP.', code };
  if (code.startsWith('Z_') || code.includes('BROTLI') || code.includes('ZSTD')) {
    return { class: 'upstream', message: 'The upstream sent a broken compressed answer.', code };
  }
  return { class: 'upstream', message: 'The call to the upstream broke.', ...(code === '' ? {} : { code }) };
}

// undici wraps several addresses that all failed in an AggregateError; the first one tells enough.
function readCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return readCode(error.errors[0]);
  return error instanceof Error ? readCode(error.cause) : '';
}
