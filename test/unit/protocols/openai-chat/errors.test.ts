// Errors in OpenAI's envelope, both ways.
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../../src/errors.ts';
import { openaiChat } from '../../../../src/protocols/openai-chat/index.ts';
import type { ProtocolErrors } from '../../../../src/protocols/protocol.ts';

const errors: ProtocolErrors = openaiChat.errors;

describe('encode', () => {
  it('writes code, type and param, and Retry-After in whole seconds', () => {
    const error = new GatewayError('rate_limit_exceeded', 'Slow down.', { retryAfter: 2.2, param: 'model' });
    const { status, headers, body } = errors.encode(error, 'id');
    expect(status).toBe(429);
    expect(headers).toEqual({ 'Retry-After': '3' });
    expect(JSON.parse(body)).toEqual({
      error: { message: 'Slow down.', type: 'rate_limit_error', param: 'model', code: 'rate_limit_exceeded' },
    });
  });

  it('keeps the words of an upstream and turns 529 into 503', () => {
    const { status, body } = errors.encodeUpstream(
      { class: 'overloaded', status: 529, message: 'Overloaded' },
      'id',
    );
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ error: { message: 'Overloaded', type: 'server_error' } });
  });

  it('gives failures without a status one of their class', () => {
    const status = (kind: 'connection' | 'timeout' | 'upstream') =>
      errors.encodeUpstream({ class: kind, message: 'x' }, 'id').status;
    expect([status('connection'), status('timeout'), status('upstream')]).toEqual([502, 504, 502]);
  });

  it('writes a frame for a stream that fails', () => {
    const frame = errors.encodeStreamFailure({ class: 'upstream', message: 'cut' }, 'id');
    expect(frame).toMatch(/^data: .*\n\n$/);
    expect(JSON.parse(frame.slice(6))).toMatchObject({ error: { message: 'cut' } });
  });
});

describe('decode', () => {
  it.each([
    [
      400,
      '{"error":{"message":"Bad","type":"invalid_request_error","param":"tools","code":null}}',
      { class: 'invalid_request', message: 'Bad', param: 'tools' },
    ],
    [
      400,
      '{"error":{"message":"x","code":"context_length_exceeded"}}',
      { class: 'context_length', code: 'context_length_exceeded' },
    ],
    [400, '{"message":"This model\'s maximum context length is 5"}', { class: 'context_length' }],
    [429, '{"error":{"message":"x","type":"insufficient_quota"}}', { class: 'billing' }],
    [429, '{"error":"slow"}', { class: 'rate_limit', message: 'slow' }],
    [422, '{"detail":"no"}', { class: 'invalid_request', message: 'no' }],
    [
      500,
      '<html>secret stack</html>',
      { class: 'upstream', message: 'The upstream answered 500 with an HTML page.' },
    ],
    [503, '', { class: 'overloaded', message: 'The upstream answered 503 without a body.' }],
    [401, '[{"error":{"message":"key"}}]', { class: 'authentication', message: 'key' }],
  ])('%i %s', (status, body, expected) => {
    expect(errors.decode(status, {}, body)).toMatchObject({ status, ...expected });
  });

  it('reads when to come back and the upstream id', () => {
    expect(errors.decode(429, { 'retry-after': '7', 'x-request-id': 'up-1' }, '')).toMatchObject({
      retryAfter: 7000,
      requestId: 'up-1',
    });
    expect(errors.decode(429, { 'retry-after': '7', 'retry-after-ms': '250' }, '')).toMatchObject({
      retryAfter: 250,
    });
  });
});
