// The closed tables of headers that the gateway reads and writes; docs/reference/headers.md is generated from here.

interface HeaderEntry {
  readonly values: string;
  readonly meaning: string;
  /** The name is promised, nothing acts on it yet. */
  readonly reserved?: true;
}

/** Request headers that mean something to the gateway itself. None of them reaches an upstream. */
export const requestHeaders = {
  Authorization: {
    values: 'Bearer <key>',
    meaning: 'The client key. First choice everywhere but on /v1/messages.',
  },
  'X-Api-Key': {
    values: '<key>',
    meaning: 'The client key, as Anthropic clients send it. First choice on /v1/messages.',
  },
  'X-Goog-Api-Key': {
    values: '<key>',
    meaning: 'The client key, as Gemini clients send it; `?key=` counts likewise.',
  },
  'Api-Key': { values: '<key>', meaning: 'The client key, as Azure clients send it.' },
  'Content-Type': {
    values: 'application/json',
    meaning: 'JSON types, text/plain and none at all are read; anything else is 415.',
  },
  'Content-Encoding': {
    values: 'gzip, deflate, br, zstd',
    meaning: 'How the body is compressed. Limits count decompressed bytes.',
  },
  Accept: { values: 'text/event-stream', meaning: 'Asks for a stream where the body does not say.' },
  Origin: { values: 'an origin', meaning: 'Browsers send it; it must be named in server.cors.origins.' },
  'X-Forwarded-For': {
    values: 'addresses',
    meaning:
      'Read only from a peer in server.trustedProxies; the last address that is not one of them is the client.',
  },
  'X-Session-Id': {
    values: 'at most 64 characters',
    meaning: 'The conversation that a request belongs to: it stays where its prompt cache is.',
  },
  'Idempotency-Key': {
    values: 'any text',
    meaning: 'Two requests with the same key within the window are one.',
    reserved: true,
  },
  'X-Request-Id': {
    values: 'any text',
    meaning: 'Stands in for Idempotency-Key where that is missing. It is never echoed.',
    reserved: true,
  },
  'X-OmniRoute-No-Cache': {
    values: 'true',
    meaning: 'The cache is neither read nor written.',
    reserved: true,
  },
  'X-OmniRoute-Progress': {
    values: 'true',
    meaning: 'Adds progress events to a stream.',
    reserved: true,
  },
  'X-OmniRoute-Metadata-*': {
    values: 'text',
    meaning: 'What rules may match as metadata of the request, under the name that stands for the star.',
  },
} as const satisfies Record<string, HeaderEntry>;

/** Response headers that the gateway adds. */
export const responseHeaders = {
  'X-Request-Id': {
    values: 'UUID',
    meaning:
      'The id of this request in logs and in the ledger. On every answer of both planes; not on /metrics, redirects and answers to broken HTTP.',
  },
  'X-OmniRoute-Revision': {
    values: '12 hex digits',
    meaning: 'The revision of the configuration that served this request. On every answer.',
  },
  'X-OmniRoute-Provider': { values: 'provider id', meaning: 'Who answered.' },
  'X-OmniRoute-Model': { values: 'model id', meaning: 'The model that answered, as the provider calls it.' },
  'X-OmniRoute-Attempts': {
    values: 'number',
    meaning: 'Upstream calls that were made, the last one included.',
  },
  'X-OmniRoute-Overhead-Ms': {
    values: 'milliseconds',
    meaning:
      'Time until the answer began that was spent neither waiting for an upstream nor for the body of the request.',
  },
  'X-OmniRoute-Latency-Ms': {
    values: 'milliseconds',
    meaning: 'Time from arrival until the answer began; of an unstreamed answer until it was whole.',
  },
  'X-OmniRoute-Cache': {
    values: 'HIT, MISS',
    meaning: 'Whether the answer came from the cache. On every unstreamed success.',
  },
  'X-OmniRoute-Tokens-In': { values: 'number', meaning: 'Prompt tokens. On unstreamed answers.' },
  'X-OmniRoute-Tokens-Out': { values: 'number', meaning: 'Answer tokens. On unstreamed answers.' },
  'X-OmniRoute-Response-Cost': {
    values: 'USD, 10 decimals',
    meaning: 'What the answer cost. On unstreamed answers whose price is known.',
  },
  'X-OmniRoute-Loss': {
    values: 'names of features',
    meaning:
      'What the protocol of the upstream could not express; in the end `+N more` where that is too much.',
  },
  'X-OmniRoute-Counter': {
    values: 'provider, tokenizer',
    meaning: 'Who counted: the provider of the model that would answer, or the tokenizer as an estimate.',
  },
  'X-OmniRoute-Sandbox': { values: 'true', meaning: 'The simulator answered, not a model.' },
  'X-OmniRoute-Cache-Hit': { values: 'true, false', meaning: 'The same as a flag.', reserved: true },
  'X-OmniRoute-Idempotent': {
    values: 'true',
    meaning: 'The answer was replayed for the same Idempotency-Key.',
    reserved: true,
  },
  'X-OmniRoute-Progress': { values: 'enabled', meaning: 'Progress events are on.', reserved: true },
  'X-OmniRoute-Session-Id': {
    values:
      '`ext:` and what the client sent, `resp:` and the first answer of the conversation, or 16 hex digits',
    meaning: 'The conversation that the request was counted into.',
  },
  'Retry-After': {
    values: 'whole seconds, at least 1',
    meaning: 'When a repeat can succeed. On 429 and 503.',
  },
  Allow: { values: 'methods', meaning: 'The methods of this path. On 405.' },
} as const satisfies Record<string, HeaderEntry>;

export type ResponseHeader = keyof typeof responseHeaders;

/** Headers of an upstream that its answer keeps; everything else stays behind (cookies, encodings, proxy marks). */
export const passedHeaders: ReadonlySet<string> = new Set([
  'openai-processing-ms',
  'openai-version',
  'openai-model',
  'retry-after-ms',
  'x-ratelimit-limit-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'x-ratelimit-reset-tokens',
  'x-should-retry',
  'anthropic-ratelimit-requests-limit',
  'anthropic-ratelimit-requests-remaining',
  'anthropic-ratelimit-requests-reset',
  'anthropic-ratelimit-tokens-limit',
  'anthropic-ratelimit-tokens-remaining',
  'anthropic-ratelimit-tokens-reset',
]);

/** A value that Node accepts in a header: anything beyond visible ASCII is percent-encoded. */
export function encodeValue(value: string): string {
  return plain.test(value) ? value : encodeURI(value.toWellFormed());
}

/**
 * Names in a header, as many as fit: a long conversation may have thousands, a client gives names of any length, and many
 * a client takes no answer whose head is larger than 16 KB.
 */
export function encodeNames(names: readonly string[]): string {
  const shown: string[] = [];
  let left = mostCharacters;
  for (const name of names) {
    const text = encodeValue(name.slice(0, longestName));
    left -= text.length + 2;
    if (left < 0) break;
    shown.push(text);
  }
  const hidden = names.length - shown.length;
  return (hidden === 0 ? shown : [...shown, `+${hidden} more`]).join(', ');
}

const mostCharacters = 2000;
const longestName = 200;

const plain = /^[\t\x20-\x7e]*$/;
