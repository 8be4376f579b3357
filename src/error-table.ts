// The closed table of everything that can go wrong in front of a client: data only, documented in docs/reference/errors.md.

import type { FailureClass } from './failure-class.ts';

interface ErrorEntry {
  /** HTTP status that the client sees. */
  readonly status: number;
  readonly class: FailureClass;
  /** One sentence for docs/reference/errors.md: what it means. */
  readonly meaning: string;
  /** One sentence: what the caller can do. */
  readonly action: string;
}

/** Every code that a client can meet. Append only: codes are promised to callers. */
// oxfmt-ignore -- one row a line, to be read as a table
export const errorTable = {
  invalid_json: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The body is not well-formed JSON.',
    action: 'Send one JSON object in UTF-8; the message names the byte offset.',
  },
  invalid_body: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The body is JSON, but a field that the gateway reads has the wrong type or is missing.',
    action: 'Correct the field that the message names.',
  },
  duplicate_key: {
    status: 400,
    class: 'invalid_request',
    meaning: 'A field that the gateway reads stands twice in the body.',
    action: 'Send the field once.',
  },
  unsupported_feature: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The request asks for something that no candidate target can express.',
    action: 'Drop the feature, or route to a target that speaks it.',
  },
  invalid_model: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The model name holds control characters, a path step, or is too long.',
    action: 'Use a name that GET /v1/models lists.',
  },
  ambiguous_model: {
    status: 400,
    class: 'invalid_request',
    meaning: 'Several providers list this bare model name.',
    action: 'Write it as provider/model, or declare an alias.',
  },
  body_too_deep: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The body nests deeper than the gateway reads.',
    action: 'Flatten the body.',
  },
  previous_response_not_found: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The previous_response_id names no answer that the gateway keeps for this key.',
    action:
      'Send the whole conversation as input; answers are kept in memory, for storage.responses.ttl at most.',
  },
  context_length_exceeded: {
    status: 400,
    class: 'context_length',
    meaning: 'The request does not fit into the context window of any candidate.',
    action: 'Shorten it, or declare onContextOverflow.',
  },
  missing_api_key: {
    status: 401,
    class: 'authentication',
    meaning: 'This gateway requires a key and the request carries none.',
    action: 'Send the key as Authorization: Bearer, x-api-key, x-goog-api-key or ?key=.',
  },
  invalid_api_key: {
    status: 401,
    class: 'authentication',
    meaning: 'The key is not one of those that the configuration declares.',
    action: 'Use a declared key.',
  },
  key_disabled: {
    status: 401,
    class: 'authentication',
    meaning: 'The key is declared but switched off.',
    action: 'Ask whoever owns the configuration.',
  },
  key_expired: {
    status: 401,
    class: 'authentication',
    meaning: 'The key is past its expiry.',
    action: 'Rotate the key.',
  },
  key_outside_schedule: {
    status: 403,
    class: 'permission',
    meaning: 'The key is not valid at this time.',
    action: 'Try again inside its schedule.',
  },
  model_not_allowed: {
    status: 403,
    class: 'permission',
    meaning: 'The key may not use this model.',
    action: 'Use a model that the key lists.',
  },
  denied_by_policy: {
    status: 403,
    class: 'permission',
    meaning: 'A policy of the configuration denies this request.',
    action: "The message is the policy's own; the recorded reasons name it and its line.",
  },
  host_not_allowed: {
    status: 403,
    class: 'permission',
    meaning:
      'A request without a key did not come straight from this machine: its Host is no loopback name, or a proxy brought it.',
    action: 'Call it by a loopback name, or declare keys.',
  },
  origin_not_allowed: {
    status: 403,
    class: 'permission',
    meaning: 'A browser sent the request from an origin that cors.origins does not name.',
    action: 'Add the origin to server.cors.origins.',
  },
  address_not_allowed: {
    status: 403,
    class: 'permission',
    meaning: 'The IP filter refuses this client address.',
    action: 'Ask whoever owns the configuration.',
  },
  locked_out: {
    status: 429,
    class: 'rate_limit',
    meaning: 'Too many bad credentials came from this address.',
    action: 'Wait for the time in Retry-After.',
  },
  admin_required: {
    status: 401,
    class: 'authentication',
    meaning: 'The management API wants an administrator.',
    action: 'Send an admin key or the management token.',
  },
  wrong_password: {
    status: 401,
    class: 'authentication',
    meaning: 'The password of a login is wrong.',
    action: 'Try again; a few wrong ones lock the address for a while.',
  },
  state_unavailable: {
    status: 503,
    class: 'internal',
    meaning: 'The state database takes no writes at the moment, and this request must leave a trace there.',
    action: 'Look at the state in /healthz: the disk is full, or the file is locked.',
  },
  model_not_found: {
    status: 404,
    class: 'not_found',
    meaning: 'The name matches no combo, alias, or provider model.',
    action: 'Use a name that GET /v1/models lists; the message suggests the nearest.',
  },
  not_found: {
    status: 404,
    class: 'not_found',
    meaning: 'No such path or resource.',
    action: 'See docs/reference/endpoints.md.',
  },
  method_not_allowed: {
    status: 405,
    class: 'method_not_allowed',
    meaning: 'The path exists, the method does not.',
    action: 'Use a method from the Allow header.',
  },
  request_timeout: {
    status: 408,
    class: 'timeout',
    meaning: 'The client stopped sending the body.',
    action: 'Send the body without long pauses.',
  },
  conflict: {
    status: 409,
    class: 'conflict',
    meaning: 'The change meets something that it cannot pass over.',
    action: 'The message names the places.',
  },
  precondition_failed: {
    status: 412,
    class: 'conflict',
    meaning: 'The resource changed since it was read.',
    action: 'Read it again and repeat the edit.',
  },
  body_too_large: {
    status: 413,
    class: 'too_large',
    meaning: 'The body, decompressed, is larger than server.maxBodySize.',
    action: 'Send less, or raise the limit in the file.',
  },
  unsupported_media_type: {
    status: 415,
    class: 'unsupported_media_type',
    meaning: 'The content type or content encoding is not one that this path reads.',
    action: 'Send application/json, plain or with gzip, deflate, br or zstd.',
  },
  config_invalid: {
    status: 422,
    class: 'invalid_request',
    meaning: 'The edit would make the configuration invalid.',
    action: 'The diagnostics say where and why.',
  },
  upgrade_required: {
    status: 426,
    class: 'invalid_request',
    meaning: 'This path does not speak WebSocket.',
    action: 'Use POST; clients fall back by themselves.',
  },
  precondition_required: {
    status: 428,
    class: 'conflict',
    meaning: 'Replacing the whole file needs If-Match.',
    action: 'Read the file and send its ETag.',
  },
  rate_limit_exceeded: {
    status: 429,
    class: 'rate_limit',
    meaning: 'A limit of the configuration is used up.',
    action: 'Wait for the time in Retry-After.',
  },
  budget_exceeded: {
    status: 429,
    class: 'billing',
    meaning: 'A budget of the configuration is used up.',
    action: 'Wait for the reset that the message names.',
  },
  headers_too_large: {
    status: 431,
    class: 'too_large',
    meaning: 'The request line and headers are larger than the gateway reads.',
    action: 'Send fewer or shorter headers; the prompt belongs into the body.',
  },
  invalid_http: {
    status: 400,
    class: 'invalid_request',
    meaning: 'The request is not well-formed HTTP/1.1.',
    action: 'Use an HTTP client library; check for line breaks in header values.',
  },
  client_closed_request: {
    status: 499,
    class: 'client_closed',
    meaning: 'The client went away before the answer was complete. Only in logs.',
    action: 'Nothing to do.',
  },
  internal: {
    status: 500,
    class: 'internal',
    meaning: 'A fault of the gateway itself.',
    action: 'Report it with the request id.',
  },
  upstream_error: {
    status: 502,
    class: 'upstream',
    meaning: 'Every candidate failed; the last failure was a broken or unreadable answer.',
    action: 'The message lists what each candidate said.',
  },
  upstream_unreachable: {
    status: 502,
    class: 'upstream',
    meaning: 'No connection to any candidate could be made.',
    action: 'Check baseUrl and network.',
  },
  no_target_available: {
    status: 503,
    class: 'overloaded',
    meaning: 'Every candidate is cooling down, locked out, or filtered away.',
    action: 'Wait for the time in Retry-After; explain says which rule.',
  },
  no_credentials: {
    status: 503,
    class: 'overloaded',
    meaning: 'The provider is declared but none of its connections has a usable credential.',
    action: 'Set the variable or secret that the message names.',
  },
  tokenizer_unavailable: {
    status: 503,
    class: 'overloaded',
    meaning: 'The tokenizer has failed, takes too long, or has too much to do.',
    action: 'Repeat after Retry-After, or estimate four characters a token.',
  },
  draining: {
    status: 503,
    class: 'overloaded',
    meaning: 'The gateway is shutting down.',
    action: 'Repeat the request; another instance answers.',
  },
  upstream_timeout: {
    status: 504,
    class: 'timeout',
    meaning: 'The last candidate did not answer in time.',
    action: 'Raise the timeouts of its profile, or add a fallback.',
  },
} as const satisfies Record<string, ErrorEntry>;
