// The pass-through pipes: bytes stay as they are while usage, the first token, errors and the end are noticed.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UpstreamFailure } from '../../../../src/errors.ts';
import { openaiChat } from '../../../../src/protocols/openai-chat/index.ts';
import type { AnswerPipe, WireUsage } from '../../../../src/protocols/protocol.ts';

const { peek } = openaiChat;

const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
const role = chunk({ role: 'assistant', content: '' });
const hello = chunk({ content: 'Hello' });
const stop = chunk({}, 'stop');
const counts = {
  prompt_tokens: 9,
  completion_tokens: 4,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 1 },
};
const usage = `data: ${JSON.stringify({ id: 'c', choices: [], usage: counts })}\n\n`;
const done = 'data: [DONE]\n\n';

interface Seen {
  readonly text: string;
  readonly meaningful: readonly boolean[];
  readonly failure: UpstreamFailure | undefined;
  readonly usage: WireUsage | undefined;
}

function run(pipe: AnswerPipe, chunks: readonly (string | Uint8Array)[]): Seen {
  let text = '';
  let failure: UpstreamFailure | undefined;
  const meaningful: boolean[] = [];
  for (const part of [...chunks, undefined]) {
    if (failure) break;
    const step = part === undefined ? pipe.end() : pipe.push(Buffer.from(part));
    text += step.output.map((bytes) => Buffer.from(bytes).toString()).join('');
    meaningful.push(step.meaningful);
    failure = step.failure;
  }
  return { text, meaningful, failure, usage: pipe.usage() };
}

const stream = (chunks: readonly (string | Uint8Array)[], withholdUsage = false) =>
  run(peek.streamPipe({ withholdUsage }), chunks);

describe('streamPipe', () => {
  it('passes every byte and reads usage', () => {
    const seen = stream([role, hello, stop, usage, done]);
    expect(seen.text).toBe(role + hello + stop + usage + done);
    expect(seen.failure).toBeUndefined();
    expect(seen.usage).toEqual({ input: 9, output: 4, cacheRead: 3, reasoning: 1 });
  });

  it('is meaningful from the first token on, not from the role on', () => {
    expect(stream([role, ': ping\n\n', hello, stop, done]).meaningful.slice(0, 3)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each([
    [{ content: '' }, false],
    [{ role: 'assistant', content: null, tool_calls: [] }, false],
    [{}, false],
    [{ content: '}' }, true],
    [{ content: '"delta":{}' }, true],
    [{ reasoning_content: 'hm' }, true],
    [{ refusal: 'no' }, true],
    [{ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '' } }] }, true],
  ])('delta %j: token %s', (delta, expected) => {
    expect(stream([chunk(delta)]).meaningful[0]).toBe(expected);
  });

  it('withholds the usage chunk that only the gateway asked for', () => {
    const seen = stream([role, hello, stop, usage, done], true);
    expect(seen.text).toBe(role + hello + stop + done);
    expect(seen.usage).toMatchObject({ input: 9 });
  });

  it('keeps usage that comes with a choice', () => {
    const last = chunk({}, 'stop', { usage: counts });
    expect(stream([hello, last, done], true)).toMatchObject({
      text: hello + last + done,
      usage: { input: 9 },
    });
  });

  it('ends a stream that finished without [DONE], and drops whatever follows the first [DONE]', () => {
    expect(stream([hello, stop]).text).toBe(hello + stop + done);
    expect(stream([hello, stop, done, done, hello]).text).toBe(hello + stop + done);
    expect(stream([hello, stop, 'data: [DONE]']).text).toBe(hello + stop + done);
  });

  it.each([
    ['nothing', [], 'empty stream'],
    ['a role only', [role], 'empty stream'],
    ['a token only', [role, hello], 'cut'],
    ['half a frame', [hello, 'data: {"cho'], 'cut'],
    ['no JSON before the first token', [role, 'data: {"choices":[{"del\n\n'], 'not JSON'],
  ])('fails on %s', (_name, chunks, words) => {
    const { failure } = stream(chunks);
    expect(failure).toMatchObject({ class: 'upstream' });
    expect(failure!.message).toContain(words);
  });

  it('takes an error frame for what it is, in UTF-8', () => {
    const frame = `data: ${JSON.stringify({ error: { message: 'Zu viele Schlüssel', type: 'rate_limit_error', code: 429 } })}\n\n`;
    expect(stream([role, frame]).failure).toMatchObject({
      class: 'rate_limit',
      status: 429,
      message: 'Zu viele Schlüssel',
    });
    expect(stream([role, 'event: error\ndata: {"message":"x"}\n\n']).failure).toMatchObject({ message: 'x' });
    const harmless = chunk({ content: 'the key "error" in text' }, null, { error: null });
    expect(stream([harmless, stop, done]).failure).toBeUndefined();
  });

  it('estimates the text by the size of the deltas', () => {
    const pipe = peek.streamPipe({ withholdUsage: false });
    run(pipe, [hello, chunk({ content: ' world' }), stop, done]);
    expect(pipe.outputCharacters()).toBe('Hello world'.length);
  });

  it('gives the same bytes, usage and verdict at any split', () => {
    const frames = fc.array(
      fc.constantFrom(role, hello, stop, usage, ': note\n\n', chunk({ content: 'ü' }), done),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.nat(3000), { maxLength: 15 }),
        fc.boolean(),
        fc.boolean(),
        (list, places, single, hide) => {
          const bytes = Buffer.from(list.join(''));
          const borders = [
            ...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length]),
          ].sort((a, b) => a - b);
          const chunks = single
            ? [...bytes].map((byte) => Uint8Array.of(byte))
            : borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
          const whole = stream(list, hide);
          const parts = stream(chunks, hide);
          expect({ ...parts, meaningful: 0 }).toEqual({ ...whole, meaningful: 0 });
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 300) },
    );
  });
});

describe('unaryPipe', () => {
  const unary = (...chunks: string[]) => run(peek.unaryPipe(), chunks);
  const answer = JSON.stringify({ id: 'x', choices: [{ message: { content: 'é' } }], usage: counts });

  it('passes the bytes and reads usage', () => {
    expect(unary(answer.slice(0, 20), answer.slice(20))).toMatchObject({
      text: answer,
      failure: undefined,
      usage: { input: 9, output: 4 },
    });
  });

  it.each([
    ['', 'nothing'],
    ['<html>', 'broken JSON'],
    [answer.slice(0, -5), 'broken JSON'],
    ['{}', 'without choices'],
    ['{"choices":[ ]}', 'without choices'],
  ])('fails on %j', (body, words) => {
    expect(unary(body).failure!.message).toContain(words);
  });

  it('finds the error inside a 200', () => {
    expect(unary('{"error":{"message":"full","type":"overloaded_error"}}').failure).toMatchObject({
      class: 'overloaded',
      message: 'full',
    });
  });

  it('does not keep what is larger than its bound, and says that it may go on', () => {
    const pipe = peek.unaryPipe();
    const part = Buffer.alloc(600_000, 0x20);
    expect(pipe.push(part).meaningful).toBe(false);
    expect(pipe.push(part).meaningful).toBe(true);
    expect(pipe.end().failure).toBeUndefined();
  });
});
