// What the gateway reads of a chat request, refuses, and splices into it.
import { describe, expect, it } from 'vitest';
import { isGatewayError } from '../../../../src/errors.ts';
import { openaiChat } from '../../../../src/protocols/openai-chat/index.ts';
import type { SpliceEdits } from '../../../../src/protocols/protocol.ts';

const { peek } = openaiChat;
const limits = { maxDepth: 64 };

const read = (body: string) => peek.request(Buffer.from(body), limits);

function splice(body: string, edits: SpliceEdits): unknown {
  const bytes = Buffer.from(body);
  return Buffer.concat(peek.splice(bytes, peek.request(bytes, limits), edits)).toString();
}

describe('request', () => {
  it('reads what routing needs', () => {
    const body = '{"model":"fast","messages":[],"stream":true,"max_tokens":5,"max_completion_tokens":7}';
    expect(read(body)).toMatchObject({
      model: 'fast',
      stream: true,
      reportsUsage: false,
      maxOutputTokens: 7,
      inputTokens: 22,
    });
  });

  it('knows whether the client asks for usage itself', () => {
    expect(read('{"model":"a","messages":[],"stream_options":{"include_usage":true}}').reportsUsage).toBe(
      true,
    );
    expect(read('{"model":"a","messages":[],"stream_options":{"include_usage":null}}').reportsUsage).toBe(
      false,
    );
  });

  it('takes null for absent', () => {
    expect(read('{"model":"a","messages":[],"stream":null,"max_tokens":null}')).toMatchObject({
      stream: false,
    });
  });

  it.each([
    ['{"messages":[]}', 'invalid_body', 'model'],
    ['{"model":1,"messages":[]}', 'invalid_body', 'model'],
    ['{"model":"","messages":[]}', 'invalid_body', 'model'],
    ['{"model":"a"}', 'invalid_body', 'messages'],
    ['{"model":"a","messages":{}}', 'invalid_body', 'messages'],
    ['{"model":"a","messages":[],"stream":"yes"}', 'invalid_body', 'stream'],
    ['{"model":"a","messages":[],"max_tokens":"9"}', 'invalid_body', 'max_tokens'],
    ['{"model":"a","messages":[],"model":"b"}', 'duplicate_key', 'model'],
    [String.raw`{"model":"a","messages":[],"mod\u0065l":"b"}`, 'duplicate_key', 'model'],
    [
      '{"model":"a","messages":[],"stream_options":{"include_usage":1,"include_usage":2}}',
      'duplicate_key',
      'stream_options.include_usage',
    ],
    ['{"model":"a","messages":[}', 'invalid_json', undefined],
    [`{"model":"a","messages":${'['.repeat(70)}`, 'body_too_deep', undefined],
  ])('refuses %s', (body, code, param) => {
    try {
      read(body);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      expect({ code: error.code, param: error.details.param, status: error.status }).toEqual({
        code,
        param,
        status: 400,
      });
      if (param) expect(error.message).toContain(`"${param.split('.').at(-1)}"`);
      return;
    }
    throw new Error('accepted');
  });
});

describe('splice', () => {
  it('hands the very bytes on when there is nothing to edit', () => {
    const bytes = Buffer.from('{"model":"a","messages":[]}');
    expect(peek.splice(bytes, peek.request(bytes, limits), {})).toEqual([bytes]);
  });

  it.each<[string, SpliceEdits, string]>([
    ['{ "model" : "a","messages":[]}', { model: 'b"c' }, '{ "model" : "b\\"c","messages":[]}'],
    [
      '{"model":"a","messages":[]}',
      { includeUsage: true },
      '{"stream_options":{"include_usage":true},"model":"a","messages":[]}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":{}}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":{"x":1}}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":{"include_usage":true,"x":1}}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":null}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":{"include_usage":false}}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":{"include_usage":true}}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"a","messages":[],"stream_options":7}',
      { includeUsage: true },
      '{"model":"a","messages":[],"stream_options":7}',
    ],
    [
      '{"model":"a","messages":[]}',
      { stream: true, model: 'b' },
      '{"stream":true,"model":"b","messages":[]}',
    ],
    [
      '{"stream":null,"model":"a","messages":[]}',
      { stream: true, includeUsage: true },
      '{"stream_options":{"include_usage":true},"stream":true,"model":"a","messages":[]}',
    ],
  ])('%s with %j', (body, edits, expected) => {
    expect(splice(body, edits)).toBe(expected);
    JSON.parse(expected);
  });
});
