// The kinds of failure in words that no vendor owns, and the statuses that stand for them on the way in and out.

/** Canonical failure classes, the rows of the status-and-type table (protocols §7.2). */
export type FailureClass =
  | 'invalid_request'
  | 'context_length'
  | 'content_policy'
  | 'authentication'
  | 'billing'
  | 'permission'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unsupported'
  | 'rate_limit'
  | 'client_closed'
  | 'connection'
  | 'upstream'
  | 'overloaded'
  | 'timeout'
  | 'internal';

/** What an upstream's status says by itself; other 4xx are `invalid_request`, everything else is `upstream`. */
export const classOfStatus: Readonly<Record<number, FailureClass>> = {
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
  529: 'overloaded',
};

/** What a client of most wires sees when an upstream named no status, or one that only its own vendor uses. */
export const statusOfClass: Readonly<Record<FailureClass, number>> = {
  invalid_request: 400,
  unsupported: 400,
  context_length: 400,
  content_policy: 400,
  authentication: 401,
  billing: 429,
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
