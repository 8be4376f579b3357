// The pass-through pipes: bytes stay as they are while usage, the first token, errors and the end are noticed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gemini } from '../../../../src/protocols/gemini/index.ts';
import type { Protocol } from '../../../../src/protocols/protocol.ts';
import { feed } from '../../../support/translation.ts';

const array: Protocol = gemini.dialect({ path: '', query: '', model: 'm', verb: 'streamGenerateContent' });
const counts = { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 2, totalTokenCount: 15 };
const chunk = (text: string, finishReason?: string, index = 0): object => ({
  candidates: [
    { content: { parts: [{ text }], role: 'model' }, index, ...(finishReason && { finishReason }) },
  ],
  usageMetadata: counts,
});
const sse = (...values: readonly object[]): string =>
  values.map((value) => `data: ${JSON.stringify(value)}\r\n\r\n`).join('');

const whole = [chunk('Hel "[{\\ '), chunk('lo'), chunk('', 'STOP')];

describe('a stream of events', () => {
  const run = (text: string, sizes?: readonly number[]) => {
    const pipe = gemini.peek.streamPipe({ withholdUsage: false });
    return {
      ...feed(pipe, Buffer.from(text), sizes),
      usage: pipe.usage(),
      characters: pipe.outputCharacters(),
    };
  };

  it('passes untouched at any split, and its last report of usage is read', () => {
    const text = sse(...whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
        expect(run(text, sizes)).toMatchObject({
          text,
          failure: undefined,
          meaningful: true,
          usage: { input: 9, output: 6, reasoning: 2 },
        });
      }),
      { numRuns: 100 },
    );
    expect(run(text).characters).toBeGreaterThan(5);
  });

  it('loses comments and words that this wire does not know', () => {
    expect(run(`: ping\n\n${sse(...whole)}data: [DONE]\n\n`).text).toBe(sse(...whole));
  });

  it('ends every candidate once', () => {
    const two = [chunk('a'), chunk('', 'STOP'), chunk('b', undefined, 1), chunk('', 'STOP', 1)];
    expect(run(sse(...two, two[1]!, two[3]!)).text).toBe(sse(...two));
  });

  it.each([
    ['nothing', '', 'empty stream'],
    ['no finish', sse(whole[0]!), 'cut the stream'],
    ['an error', sse({ error: { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' } }), 'Overloaded'],
    ['no JSON', 'data: {oops\n\n', 'not JSON'],
  ])('of %s is a failure', (_, text, message) => {
    expect(run(text).failure?.message).toContain(message);
  });

  it('is not begun by usage or a signature', () => {
    const signature = { candidates: [{ content: { parts: [{ text: '', thoughtSignature: 'x' }] } }] };
    const pipe = gemini.peek.streamPipe({ withholdUsage: false });
    const step = pipe.push(Buffer.from(sse({ usageMetadata: counts }, signature)));
    expect(step.meaningful).toBe(false);
    expect(pipe.push(Buffer.from(sse(whole[0]!))).meaningful).toBe(true);
  });
});

describe('a stream as one array', () => {
  const run = (text: string, sizes?: readonly number[]) => {
    const pipe = array.peek.streamPipe({ withholdUsage: false });
    return { ...feed(pipe, Buffer.from(text), sizes), usage: pipe.usage() };
  };
  const spell = (values: readonly object[], ending = ']'): string =>
    `[${values.map((value) => JSON.stringify(value, null, 1)).join('\n,\r\n')}${ending}`;

  it('passes element by element at any split', () => {
    const text = spell(whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
        const got = run(text, sizes);
        expect(JSON.parse(got.text)).toEqual(whole);
        expect(got).toMatchObject({ failure: undefined, meaningful: true, usage: { input: 9, output: 6 } });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['cut in the middle', spell(whole.slice(0, 2), ',{"cand'), 'cut the stream'],
    ['an error inside', spell([whole[0]!, { error: { code: 500, message: 'Broken' } }]), 'Broken'],
    ['no array', 'Hello', 'no JSON array'],
    ['nothing', '', 'empty stream'],
  ])('%s is a failure', (_, text, message) => {
    expect(run(text).failure?.message).toContain(message);
  });

  it('is written by the codec as one array, too', () => {
    const { codec } = array;
    const encoder = codec!.createAnswerEncoder({
      client: { model: 'm', stream: true, includeUsage: true, legacyFunctions: false },
      model: 'm',
      issuer: 'x',
      created: 1,
      began: 1,
      now: () => 1,
      inputTokens: 1,
      newId: (prefix) => prefix,
      loss: { add() {}, entries: [] },
    });
    encoder.write({ type: 'answer-start', id: 'r', model: 'm' });
    encoder.write({ type: 'text-start', id: 0 });
    encoder.write({ type: 'text-delta', id: 0, text: 'Hello' });
    encoder.write({ type: 'text-end', id: 0 });
    encoder.write({ type: 'answer-end', finish: { reason: 'stop' } });
    expect(JSON.parse(encoder.take())).toMatchObject([
      { candidates: [{ content: { parts: [{ text: 'Hello' }] } }] },
      { candidates: [{ finishReason: 'STOP' }] },
    ]);
  });
});

describe('a whole answer', () => {
  const read = (body: string) => {
    const pipe = gemini.peek.unaryPipe();
    return { ...feed(pipe, Buffer.from(body)), usage: pipe.usage() };
  };

  it('is an answer with candidates, or with a reason why there are none', () => {
    expect(read(JSON.stringify(whole[2])).usage).toMatchObject({ input: 9, output: 6 });
    const blocked = {
      prompt_feedback: { block_reason: 'SAFETY' },
      usage_metadata: { prompt_token_count: 3 },
    };
    expect(read(JSON.stringify(blocked))).toMatchObject({ failure: undefined, usage: { input: 3 } });
    for (const broken of ['{}', '{"error":{"code":500,"message":"no"}}', '', '[1'])
      expect(read(broken).failure).toBeDefined();
  });
});
