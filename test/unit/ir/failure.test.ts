import { describe, expect, test } from 'vitest';
import { readFailure, readInnerFailure } from '../../../src/ir/failure.ts';

const now = Date.UTC(2026, 0, 1);
const read = (status: number, body: unknown, headers = {}) =>
  readFailure(status, headers, typeof body === 'string' ? body : JSON.stringify(body), now);

describe('the class', () => {
  test.each([
    [400, { error: { message: 'bad', type: 'invalid_request_error' } }, 'invalid_request'],
    [400, { error: 'registry.ollama.ai/library/llama2:latest does not support tools' }, 'unsupported'],
    [400, { error: '"llama3.2" does not support thinking' }, 'unsupported'],
    [400, { error: 'no value of "x does not support tools"' }, 'invalid_request'],
    [400, { error: { message: 'x', code: 'context_length_exceeded' } }, 'context_length'],
    [
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'prompt is too long: 250000 tokens > 200000 maximum',
        },
      },
      'context_length',
    ],
    [
      400,
      {
        error: {
          code: 400,
          message: 'The input token count (2000000) exceeds the maximum number of tokens allowed',
          status: 'INVALID_ARGUMENT',
        },
      },
      'context_length',
    ],
    [
      400,
      {
        object: 'error',
        message: "This model's maximum context length is 8192 tokens.",
        type: 'BadRequestError',
        code: 400,
      },
      'context_length',
    ],
    [
      400,
      {
        error: {
          type: 'invalid_request_error',
          message: 'Your credit balance is too low to access the API.',
        },
      },
      'billing',
    ],
    [
      429,
      {
        error: {
          message: 'You exceeded your current quota',
          type: 'insufficient_quota',
          code: 'insufficient_quota',
        },
      },
      'billing',
    ],
    [
      429,
      { error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' } },
      'rate_limit',
    ],
    [401, { error: { message: 'no', type: 'authentication_error' } }, 'authentication'],
    [402, {}, 'billing'],
    [403, '', 'permission'],
    [404, { error: { message: 'The model does not exist', code: 'model_not_found' } }, 'not_found'],
    [404, { error: { message: 'The model does not exist', param: 'model' } }, 'not_found'],
    [404, { error: { message: "Item with id 'rs_1' not found.", param: 'input' } }, 'invalid_request'],
    [413, { error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } }, 'too_large'],
    [422, { detail: [{ msg: 'field required', type: 'missing' }] }, 'invalid_request'],
    [500, { error: { message: 'Overloaded', type: 'overloaded_error' } }, 'overloaded'],
    [500, 'oops', 'upstream'],
    [502, '<html><head><title>502 Bad Gateway</title></head></html>', 'upstream'],
    [503, '', 'overloaded'],
    [504, '', 'timeout'],
    [529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
    [400, { error: { message: 'Filtered', code: 'content_filter' } }, 'content_policy'],
    [
      400,
      {
        error: {
          message:
            "The response was filtered due to the prompt triggering Azure's content management policy.",
        },
      },
      'content_policy',
    ],
    [
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
      },
      'content_policy',
    ],
    [
      400,
      { error: { message: 'Your request was rejected as a result of our safety system.' } },
      'content_policy',
    ],
    [
      400,
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
        },
      },
      'authentication',
    ],
    [400, { error: { message: 'The model `x` does not exist', code: 'model_not_found' } }, 'not_found'],
    [402, { error: { message: 'Insufficient Balance' } }, 'billing'],
    [403, { error: { message: 'Insufficient quota for this account' } }, 'billing'],
    [
      403,
      { error: { code: 403, message: 'Your input was flagged by OpenAI moderation for "violence".' } },
      'content_policy',
    ],
    [
      429,
      {
        error: {
          message: 'Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 50000.',
          code: 'rate_limit_exceeded',
        },
      },
      'too_large',
    ],
    [408, '', 'timeout'],
    [409, '', 'conflict'],
    [418, 'short and stout', 'invalid_request'],
    [502, '', 'upstream'],
  ])('%i %j is %s', (status, body, expected) => {
    expect(read(status, body).class).toBe(expected);
  });

  test.each([
    "Invalid value: 'credit balance is too low'. Supported values are: 'system', 'user'.",
    'messages[0].role: "insufficient balance" is not allowed',
    'Unknown tool "invalid api key"; api key not valid',
    'Invalid type for tools[0]: you exceeded your current quota',
  ])("is the client's own fault, whatever an upstream quotes of it: %s", (message) => {
    expect(read(400, { error: { message, type: 'invalid_request_error' } }).class).toBe('invalid_request');
  });
});

describe('the message', () => {
  test.each([
    ['OpenAI', { error: { message: 'M', code: 'c', param: 'p' } }, { message: 'M', code: 'c', param: 'p' }],
    [
      'Anthropic',
      { type: 'error', error: { type: 't', message: 'M' }, request_id: 'r1' },
      { message: 'M', code: 't', requestId: 'r1' },
    ],
    [
      'Google inside a list',
      [{ error: { code: 429, message: 'M', status: 'RESOURCE_EXHAUSTED' } }],
      { message: 'M', code: 'RESOURCE_EXHAUSTED' },
    ],
    ['Ollama', { error: 'M' }, { message: 'M' }],
    ['FastAPI', { detail: 'M' }, { message: 'M' }],
    ['a bare message', { message: 'M' }, { message: 'M' }],
    ['plain text', 'M', { message: 'M' }],
  ])('of %s is found', (_, body, expected) => {
    expect(read(400, body)).toMatchObject(expected);
  });

  test('never holds a page, a credential or a control character', () => {
    expect(read(502, '<html><title>502 Bad Gateway</title><body>secret</body></html>').message).toBe(
      'The upstream answered 502 with an HTML page ("502 Bad Gateway").',
    );
    expect(
      read(401, {
        error: { message: 'Incorrect API key provided: sk-abcdefghijklmnop. Bearer abcdefghijkl\u0007' },
      }).message,
    ).toBe('Incorrect API key provided: [redacted]. [redacted] ');
    expect(read(500, 'x'.repeat(5000)).message).toHaveLength(1000);
    expect(read(500, '').message).toBe('The upstream answered 500 without a body.');
  });

  test('of a 400 stays as it is: agents read words from it', () => {
    const message =
      "messages: Unexpected role 'system'. The Messages API accepts a top-level `system` parameter.";
    expect(read(400, { type: 'error', error: { type: 'invalid_request_error', message } }).message).toBe(
      message,
    );
  });
});

describe('retry after', () => {
  test.each<[headers: Record<string, string>, body: unknown, milliseconds: number | undefined]>([
    [{ 'retry-after': '2' }, {}, 2000],
    [{ 'retry-after': '0.5' }, {}, 500],
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, {}, 1500],
    [{ 'retry-after': new Date(now + 60_000).toUTCString() }, {}, 60_000],
    [
      {
        'x-ratelimit-reset-requests': '6m0s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '1s',
        'x-ratelimit-remaining-tokens': '5',
      },
      {},
      360_000,
    ],
    [{ 'x-ratelimit-reset-tokens': '120ms' }, {}, 120],
    [
      {
        'anthropic-ratelimit-input-tokens-reset': new Date(now + 5000).toISOString(),
        'anthropic-ratelimit-input-tokens-remaining': '0',
      },
      {},
      5000,
    ],
    [{ 'anthropic-ratelimit-unified-reset': String(now / 1000 + 30) }, {}, 30_000],
    [
      {},
      {
        error: {
          code: 429,
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.345678901s' }],
        },
      },
      12_346,
    ],
    [{}, { error: { message: 'Rate limit reached. Please try again in 1m2.5s. Visit …' } }, 62_500],
    [{ 'retry-after': '3' }, { error: { message: 'Please try again in 40s' } }, 40_000],
    [
      { 'retry-after': '60', 'x-ratelimit-reset-requests': '5s', 'x-ratelimit-remaining-requests': '0' },
      {},
      60_000,
    ],
    // A window that is not empty says nothing about this refusal.
    [
      { 'retry-after': '3', 'x-ratelimit-reset-tokens': '1h', 'x-ratelimit-remaining-tokens': '90' },
      {},
      3_000,
    ],
    [{ 'retry-after': '99999999999' }, {}, 7 * 24 * 3_600_000],
    [{ 'retry-after': '-5' }, {}, 0],
    [{}, {}, undefined],
    [{ 'retry-after': 'soon' }, {}, undefined],
  ])('%j %j', (headers, body, milliseconds) => {
    expect(read(429, body, headers).retryAfter).toBe(milliseconds);
  });

  test('is not read out of the resets of an error that is no limit', () => {
    expect(read(400, {}, { 'x-ratelimit-reset-requests': '6m0s' }).retryAfter).toBeUndefined();
  });

  test('needs a clock for dates', () => {
    expect(readFailure(429, { 'retry-after': new Date(now).toUTCString() }, '').retryAfter).toBeUndefined();
  });
});

describe('an error inside a 200', () => {
  test('is found in every envelope, and nothing else is taken for one', () => {
    expect(readInnerFailure({ error: { message: 'boom', type: 'overloaded_error' } })).toMatchObject({
      class: 'overloaded',
      message: 'boom',
    });
    expect(readInnerFailure({ error: { message: 'slow down', code: 429 } })).toMatchObject({
      class: 'rate_limit',
      status: 429,
    });
    expect(readInnerFailure({ error: 'boom' })).toMatchObject({ class: 'upstream', message: 'boom' });
    expect(readInnerFailure({ choices: [], message: 'hi' })).toBeUndefined();
    expect(readInnerFailure({ error: null, choices: [] })).toBeUndefined();
    expect(readInnerFailure('boom')).toBeUndefined();
  });
});
