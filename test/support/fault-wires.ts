// The client protocols as the fault table needs them: how to ask, how an upstream of the same protocol answers, and what
// a client reads from an answer. A further protocol joins by a further entry.
import type { ProtocolName } from '../../src/protocols/capabilities.ts';
import { makeEndpoint } from './routing.ts';
import type { Endpoint } from '../../src/routing/snapshot.ts';
import type { Answer } from './gateway.ts';
import { answerBody, frame, frames } from './upstream.ts';

export interface FaultWire {
  readonly name: ProtocolName;
  /** Some wires say there what is asked of whom. */
  readonly path: (model: string, streamed: boolean) => string;
  readonly endpoint: (baseUrl: string) => Endpoint;
  readonly ask: (model: string, streamed: boolean) => object;
  /** A whole answer that says `text`. */
  readonly whole: (text: string) => string;
  /** An empty object of a 200 that holds no answer. */
  readonly stream: {
    /** What comes before the first token. */
    readonly opening: string;
    readonly token: (text: string) => string;
    /** Behind the last token up to the terminal, and the terminal. */
    readonly closing: string;
    readonly terminal: string;
    /** What only the terminal holds, whoever wrote it. */
    readonly mark: string;
    /** False where nothing but the terminal says that the answer is at an end. */
    readonly saysFinish?: false;
    readonly error: string;
  };
  readonly error: (message: string, type: string) => string;
  /** Content of an answer, whole or streamed. */
  readonly read: (answer: Answer) => string;
  /** Message of an error answer, or of the error frame that ends a stream; undefined when there is none. */
  readonly readError: (answer: Answer) => string | undefined;
}

/** Tokens that every whole or finished answer reports. */
export const reported = { input: 11, output: 2 } as const;

const chat: FaultWire = {
  name: 'openai-chat',
  path: () => '/v1/chat/completions',
  endpoint: (baseUrl) => makeEndpoint({ baseUrl: `${baseUrl}/v1` }),
  ask: (model, streamed) => ({ model, stream: streamed, messages: [{ role: 'user', content: 'Say hello' }] }),
  whole: (text) => answerBody(text),
  stream: {
    opening: frames.role,
    token: (text) => frame({ content: text }),
    closing: frames.stop + frames.usage,
    terminal: frames.done,
    mark: 'data: [DONE]',
    error: `data: ${JSON.stringify({ error: { message: 'Overloaded', type: 'overloaded_error' } })}\n\n`,
  },
  error: (message, type) => JSON.stringify({ error: { message, type, param: null, code: null } }),
  read: (answer) =>
    isStream(answer)
      ? datas(answer)
          .map((data) => dig<string>(data, 'choices', 0, 'delta', 'content') ?? '')
          .join('')
      : (dig<string>(parse(answer.text), 'choices', 0, 'message', 'content') ?? ''),
  readError: (answer) =>
    dig<string>(isStream(answer) ? datas(answer).at(-1) : parse(answer.text), 'error', 'message'),
};

const event = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

const messages: FaultWire = {
  name: 'anthropic-messages',
  path: () => '/v1/messages',
  endpoint: (baseUrl) => makeEndpoint({ protocol: 'anthropic-messages', baseUrl, auth: 'x-api-key' }),
  ask: (model, streamed) => ({
    model,
    stream: streamed,
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Say hello' }],
  }),
  whole: (text) =>
    JSON.stringify({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: reported.input, output_tokens: reported.output },
    }),
  stream: {
    opening:
      event('message_start', {
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: reported.input, output_tokens: 1 },
        },
      }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    token: (text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    closing:
      event('content_block_stop', { index: 0 }) +
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: reported.output },
      }),
    terminal: event('message_stop', {}),
    mark: 'event: message_stop',
    error: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  },
  error: (message, type) => JSON.stringify({ type: 'error', error: { type, message } }),
  read: (answer) =>
    isStream(answer)
      ? datas(answer)
          .map((data) => dig<string>(data, 'delta', 'text') ?? '')
          .join('')
      : (dig<string>(parse(answer.text), 'content', 0, 'text') ?? ''),
  readError: (answer) =>
    dig<string>(isStream(answer) ? datas(answer).at(-1) : parse(answer.text), 'error', 'message'),
};

const response = (status: string, text?: string): object => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'm',
  status,
  error: null,
  output: text === undefined ? [] : [message(text)],
  usage:
    status === 'completed'
      ? {
          input_tokens: reported.input,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: reported.output,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: reported.input + reported.output,
        }
      : null,
});

const message = (text: string): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
});

const inItem = { item_id: 'msg_1', output_index: 0, content_index: 0 };

const responses: FaultWire = {
  name: 'openai-responses',
  path: () => '/v1/responses',
  endpoint: (baseUrl) => makeEndpoint({ protocol: 'openai-responses', baseUrl: `${baseUrl}/v1` }),
  ask: (model, streamed) => ({ model, stream: streamed, input: 'Say hello' }),
  whole: (text) => JSON.stringify(response('completed', text)),
  stream: {
    opening:
      event('response.created', { sequence_number: 0, response: response('in_progress') }) +
      event('response.output_item.added', {
        sequence_number: 1,
        output_index: 0,
        item: { ...message(''), status: 'in_progress', content: [] },
      }) +
      event('response.content_part.added', {
        sequence_number: 2,
        ...inItem,
        part: { type: 'output_text', text: '', annotations: [], logprobs: [] },
      }),
    token: (text) =>
      event('response.output_text.delta', { sequence_number: 3, ...inItem, delta: text, logprobs: [] }),
    closing: event('response.output_item.done', {
      sequence_number: 8,
      output_index: 0,
      item: message('Hello there'),
    }),
    terminal: event('response.completed', {
      sequence_number: 9,
      response: response('completed', 'Hello there'),
    }),
    mark: 'event: response.completed',
    saysFinish: false,
    error: event('error', {
      sequence_number: 9,
      error: { type: 'overloaded_error', code: null, message: 'Overloaded', param: null },
    }),
  },
  error: (words, type) => JSON.stringify({ error: { message: words, type, param: null, code: null } }),
  read: (answer) =>
    isStream(answer)
      ? datas(answer)
          .map((data) => dig<string>(data, 'delta') ?? '')
          .join('')
      : (dig<string>(parse(answer.text), 'output', 0, 'content', 0, 'text') ?? ''),
  readError: (answer) =>
    dig<string>(isStream(answer) ? datas(answer).at(-1) : parse(answer.text), 'error', 'message'),
};

const line = (members: object): string => `${JSON.stringify({ model: 'm', ...members })}\n`;
const counts = { prompt_eval_count: reported.input, eval_count: reported.output };

const ollama: FaultWire = {
  name: 'ollama',
  path: () => '/api/chat',
  endpoint: (baseUrl) => makeEndpoint({ protocol: 'ollama', baseUrl }),
  ask: (model, streamed) => ({ model, stream: streamed, messages: [{ role: 'user', content: 'Say hello' }] }),
  whole: (text) =>
    line({ message: { role: 'assistant', content: text }, done: true, done_reason: 'stop', ...counts }),
  stream: {
    opening: line({ message: { role: 'assistant', content: '' }, done: false }),
    token: (text) => line({ message: { role: 'assistant', content: text }, done: false }),
    closing: '',
    terminal: line({
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'stop',
      ...counts,
    }),
    mark: '"done":true',
    saysFinish: false,
    error: '{"error":"Overloaded"}\n',
  },
  // Nothing but words: what the others say by a type stands in them.
  error: (words, type) =>
    JSON.stringify({
      error: type === 'content_policy_violation' ? 'It violates the content policy.' : words,
    }),
  read: ({ text }) =>
    lines(text)
      .map((value) => dig<string>(value, 'message', 'content') ?? '')
      .join(''),
  readError: ({ text }) => dig<string>(lines(text).at(-1), 'error'),
};

const chunk = (text: string, finishReason?: string): object => ({
  candidates: [
    { content: { role: 'model', parts: [{ text }] }, index: 0, ...(finishReason && { finishReason }) },
  ],
  ...(finishReason && {
    usageMetadata: {
      promptTokenCount: reported.input,
      candidatesTokenCount: reported.output,
      totalTokenCount: reported.input + reported.output,
    },
  }),
  modelVersion: 'm',
  responseId: 'r1',
});
const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

const gemini: FaultWire = {
  name: 'gemini',
  path: (model, streamed) =>
    `/v1beta/models/${model}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  endpoint: (baseUrl) =>
    makeEndpoint({ protocol: 'gemini', baseUrl: `${baseUrl}/v1beta`, auth: 'x-goog-api-key' }),
  ask: () => ({ contents: [{ role: 'user', parts: [{ text: 'Say hello' }] }] }),
  whole: (text) => JSON.stringify(chunk(text, 'STOP')),
  stream: {
    opening: data({ modelVersion: 'm', responseId: 'r1' }),
    token: (text) => data(chunk(text)),
    closing: '',
    terminal: data(chunk('', 'STOP')),
    mark: '"finishReason":"STOP"',
    saysFinish: false,
    error: data({ error: { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' } }),
  },
  error: (words, type) => JSON.stringify({ error: { message: words, status: type } }),
  read: (answer) => {
    const values = isStream(answer) ? datas(answer) : [parse(answer.text)];
    return values
      .map((value) => dig<string>(value, 'candidates', 0, 'content', 'parts', 0, 'text') ?? '')
      .join('');
  },
  readError: (answer) =>
    dig<string>(isStream(answer) ? datas(answer).at(-1) : parse(answer.text), 'error', 'message'),
};

export const faultWires: readonly FaultWire[] = [chat, responses, messages, gemini, ollama];

function lines(text: string): readonly unknown[] {
  return text.split('\n').flatMap((one) => (one.trim() === '' ? [] : [parse(one)]));
}

function isStream({ headers }: Answer): boolean {
  return String(headers['content-type']).startsWith('text/event-stream');
}

function datas({ text }: Answer): readonly unknown[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map((match) => parse(match[1]!));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function dig<Value>(value: unknown, ...path: readonly (string | number)[]): Value | undefined {
  let at: unknown = value;
  for (const step of path) at = (at as Record<string | number, unknown> | null | undefined)?.[step];
  return at as Value | undefined;
}
