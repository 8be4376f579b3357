// Failures as each client reads them: envelope, status, headers, frame (protocols §7).
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import type { FailureClass, UpstreamFailure } from '../../../src/errors.ts';
import type { ProtocolErrors } from '../../../src/protocols/protocol.ts';
import { answerPipe, feed, wireNames, wires } from '../../support/translation.ts';

const chat: ProtocolErrors = wires['openai-chat'].errors;
const messages: ProtocolErrors = wires['anthropic-messages'].errors;

describe('an upstream failure', () => {
  test.each<
    [FailureClass, number | undefined, chat: [number, string, string | null], messages: [number, string]]
  >([
    ['invalid_request', 400, [400, 'invalid_request_error', null], [400, 'invalid_request_error']],
    ['invalid_request', 422, [422, 'invalid_request_error', null], [400, 'invalid_request_error']],
    [
      'context_length',
      400,
      [400, 'invalid_request_error', 'context_length_exceeded'],
      [400, 'invalid_request_error'],
    ],
    ['authentication', 401, [401, 'authentication_error', 'invalid_api_key'], [401, 'authentication_error']],
    ['billing', 402, [429, 'insufficient_quota', 'insufficient_quota'], [402, 'billing_error']],
    ['permission', 403, [403, 'permission_error', null], [403, 'permission_error']],
    ['not_found', 404, [404, 'invalid_request_error', 'model_not_found'], [404, 'not_found_error']],
    ['too_large', 413, [413, 'invalid_request_error', null], [413, 'request_too_large']],
    ['rate_limit', 429, [429, 'rate_limit_error', 'rate_limit_exceeded'], [429, 'rate_limit_error']],
    ['upstream', 500, [500, 'server_error', 'upstream_error'], [500, 'api_error']],
    ['upstream', 999, [502, 'server_error', 'upstream_error'], [502, 'api_error']],
    ['overloaded', 529, [503, 'server_error', 'server_is_overloaded'], [529, 'overloaded_error']],
    ['overloaded', 503, [503, 'server_error', 'server_is_overloaded'], [529, 'overloaded_error']],
    ['timeout', undefined, [504, 'server_error', 'timeout'], [504, 'timeout_error']],
    ['connection', undefined, [502, 'server_error', 'upstream_unreachable'], [502, 'api_error']],
  ])('%s %s', (kind, status, [chatStatus, chatType, code], [messagesStatus, messagesType]) => {
    const failure: UpstreamFailure = { class: kind, message: 'M', ...(status !== undefined && { status }) };
    const forChat = chat.encodeUpstream(failure, 'r1');
    expect(forChat.status).toBe(chatStatus);
    expect(JSON.parse(forChat.body)).toEqual({ error: { message: 'M', type: chatType, param: null, code } });
    const forMessages = messages.encodeUpstream(failure, 'r1');
    expect(forMessages.status).toBe(messagesStatus);
    expect(forMessages.headers).toMatchObject({ 'request-id': 'r1' });
    expect(JSON.parse(forMessages.body)).toMatchObject({
      type: 'error',
      error: { type: messagesType },
      request_id: 'r1',
    });
  });

  test('keeps the words of the upstream, and its wait in whole seconds', () => {
    const failure: UpstreamFailure = {
      class: 'rate_limit',
      status: 429,
      message: "Unexpected role 'system'",
      retryAfter: 1200,
    };
    for (const errors of [chat, messages]) {
      const { body, headers } = errors.encodeUpstream(failure, 'r1');
      expect(body).toContain("Unexpected role 'system'");
      expect(new Headers(headers).get('retry-after')).toBe('2');
    }
  });

  test('of an overflowing prompt begins for Messages clients with the words they look for', () => {
    const read = (message: string): string => {
      const failure: UpstreamFailure = { class: 'context_length', status: 400, message };
      return (JSON.parse(messages.encodeUpstream(failure, 'r').body) as { error: { message: string } }).error
        .message;
    };
    expect(read('maximum context length is 8192')).toBe('prompt is too long: maximum context length is 8192');
    expect(read('prompt is too long: 9 > 8')).toBe('prompt is too long: 9 > 8');
  });
});

describe('a failure of the gateway', () => {
  test('has its own code for Chat clients and the nearest type for Messages clients', () => {
    const error = new GatewayError('no_target_available', 'All cool down.', { retryAfter: 7 });
    expect(chat.encode(error, 'r')).toMatchObject({ status: 503, headers: { 'Retry-After': '7' } });
    expect(JSON.parse(chat.encode(error, 'r').body)).toMatchObject({
      error: { code: 'no_target_available' },
    });
    expect(messages.encode(error, 'r')).toMatchObject({ status: 529, headers: { 'retry-after': '7' } });
    expect(JSON.parse(messages.encode(error, 'r').body)).toMatchObject({
      error: { type: 'overloaded_error', message: 'All cool down.' },
    });
  });

  test('about money is no call to retry for Messages clients unless it is a limit of time', () => {
    const error = new GatewayError('budget_exceeded', 'Used up.');
    expect(messages.encode(error, 'r')).toMatchObject({ status: 429 });
    expect(JSON.parse(messages.encode(error, 'r').body)).toMatchObject({
      error: { type: 'rate_limit_error' },
    });
  });
});

describe('a failure inside a stream', () => {
  const failure: UpstreamFailure = { class: 'overloaded', message: 'Overloaded' };

  test('is raised by the SDK of each client', async () => {
    const serve = (body: string) => async () =>
      new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    const openai = new OpenAI({
      apiKey: 'x',
      maxRetries: 0,
      fetch: serve(chat.encodeStreamFailure(failure, 'r')),
    });
    const chatStream = await openai.chat.completions.create({ model: 'm', messages: [], stream: true });
    await expect(Array.fromAsync(chatStream)).rejects.toThrow('Overloaded');
    const anthropic = new Anthropic({
      apiKey: 'x',
      maxRetries: 0,
      fetch: serve(messages.encodeStreamFailure(failure, 'r')),
    });
    const body = { model: 'm', max_tokens: 1, messages: [], stream: true as const };
    await expect(Array.fromAsync(await anthropic.messages.create(body))).rejects.toThrow('Overloaded');
  });

  const frames = {
    'openai-chat': [
      'data: {"error":{"message":"Overloaded","type":"server_error","code":"server_is_overloaded"}}\n\n',
      'event: error\ndata: {"message":"Overloaded","code":503}\n\n',
    ],
    'anthropic-messages': [
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n',
    ],
    'openai-responses': [
      'event: error\ndata: {"type":"error","code":"server_is_overloaded","message":"Overloaded","param":null}\n\n',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      'event: response.failed\ndata: {"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_is_overloaded","message":"Overloaded"}}}\n\n',
    ],
    gemini: [
      'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\n\n',
      'data: {"error":{"message":"Overloaded","status":"UNAVAILABLE"}}\n\n',
    ],
    ollama: ['{"error":"Overloaded"}\n', '{"error":{"message":"Overloaded","type":"overloaded_error"}}'],
  } as const;
  const begins = {
    'openai-chat':
      'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}\n\n',
    'anthropic-messages':
      'event: message_start\ndata: {"type":"message_start","message":{"id":"1","model":"m","usage":{"input_tokens":1,"output_tokens":1}}}\n\n' +
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}\n\n',
    'openai-responses':
      'event: response.created\ndata: {"type":"response.created","response":{"id":"1","model":"m"}}\n\n' +
      'event: response.output_item.added\ndata: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m","content":[]}}\n\n' +
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"m","delta":"Hi"}\n\n',
    gemini:
      'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"m"}\n\n',
    ollama: '{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}\n',
  } as const;

  const all = wireNames.flatMap((upstream) =>
    frames[upstream].flatMap((frame) => wireNames.map((client) => ({ upstream, client, frame }))),
  );

  test.each(all)(
    '$frame from $upstream is a failure for $client, before and after the first token',
    ({ upstream, client, frame }) => {
      const early = feed(answerPipe(client, upstream, { stream: true }), Buffer.from(frame));
      expect(early).toMatchObject({
        text: '',
        meaningful: false,
        failure: { class: 'overloaded', message: 'Overloaded' },
      });
      const late = feed(
        answerPipe(client, upstream, { stream: true }),
        Buffer.from(begins[upstream] + frame),
      );
      expect(late).toMatchObject({ meaningful: true, failure: { class: 'overloaded' } });
      expect(late.text).not.toMatch(/Overloaded|message_stop|DONE|"done":true|response\.completed/);
      const passed = feed(wires[upstream].peek.streamPipe({ withholdUsage: false }), Buffer.from(frame));
      expect(passed).toMatchObject({ text: '', failure: { message: 'Overloaded' } });
    },
  );

  test.each(wireNames)('an error in place of a whole answer of %s is a failure', (upstream) => {
    const body = Buffer.from('{"error":{"message":"Overloaded","type":"overloaded_error"}}');
    for (const client of wireNames) {
      expect(feed(answerPipe(client, upstream, { stream: false }), body).failure).toMatchObject({
        class: 'overloaded',
      });
    }
    expect(feed(wires[upstream].peek.unaryPipe(), body).failure).toMatchObject({ message: 'Overloaded' });
  });

  test.each(wireNames)('a frame of %s that never ends is a failure, not a full memory', (upstream) => {
    const pipe = answerPipe('openai-chat', upstream, { stream: true });
    const chunk = Buffer.from('x'.repeat(1024 * 1024));
    let pushed = 0;
    while (pipe.push(chunk).failure === undefined && pushed < 40) pushed++;
    expect(pushed).toBeLessThan(20);
  });
});
