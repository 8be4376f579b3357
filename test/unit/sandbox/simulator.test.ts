import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../../src/lib/clock.ts';
import { readSettings } from '../../../src/upstream/sandbox/behaviours.ts';
import { replaced } from '../../../src/upstream/sandbox/journal.ts';
import { scripts } from '../../../src/upstream/sandbox/script.ts';
import type { Sandbox } from '../../../src/upstream/sandbox/simulator.ts';
import { createSandbox } from '../../../src/upstream/sandbox/simulator.ts';
import type { Step } from '../../../src/upstream/sandbox/steps.ts';

const prompt = 'Hello';
/** One chat request in each wire. */
const wires = {
  chat: (model: string, stream: boolean) => ({
    path: '/v1/chat/completions',
    body: { model, stream, messages: [{ role: 'user', content: prompt }] },
  }),
  responses: (model: string, stream: boolean) => ({
    path: '/v1/responses',
    body: { model, stream, input: prompt },
  }),
  messages: (model: string, stream: boolean) => ({
    path: '/v1/messages',
    body: { model, stream, max_tokens: 999, messages: [{ role: 'user', content: prompt }] },
  }),
  gemini: (model: string, stream: boolean) => ({
    path: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: { contents: [{ role: 'user', parts: [{ text: prompt }] }] },
  }),
  ollama: (model: string, stream: boolean) => ({
    path: '/api/chat',
    body: { model, stream, messages: [{ role: 'user', content: prompt }] },
  }),
};
const wireNames = Object.keys(wires) as (keyof typeof wires)[];

function ask(sandbox: Sandbox, wire: keyof typeof wires, model: string, stream = false): readonly Step[] {
  const { path, body } = wires[wire](model, stream);
  return sandbox.answer({ method: 'POST', path, headers: {}, body: Buffer.from(JSON.stringify(body)) });
}

function headOf(steps: readonly Step[]) {
  const head = steps.find((step) => step.kind === 'head');
  if (!head) throw new Error('no head');
  return head;
}

const bytesOf = (steps: readonly Step[]) =>
  Buffer.concat(steps.flatMap((step) => (step.kind === 'data' ? [step.bytes] : [])));
const textOf = (steps: readonly Step[]) => bytesOf(steps).toString();
const shape = (steps: readonly Step[]) =>
  steps.map((step) => step.kind).filter((kind, index, all) => kind !== 'data' || all[index - 1] !== 'data');

describe.each(wireNames)('%s', (wire) => {
  test.each([false, true])(
    'equal requests give equal bytes, another seed other ids (stream: %s)',
    (stream) => {
      const first = textOf(ask(createSandbox(), wire, 'script/agent', stream));
      expect(first.length).toBeGreaterThan(50);
      expect(textOf(ask(createSandbox(), wire, 'script/agent', stream))).toBe(first);
      // Ollama's plain answers carry no id at all.
      if (wire !== 'ollama')
        expect(textOf(ask(createSandbox({ seed: 1 }), wire, 'script/agent', stream))).not.toBe(first);
    },
  );

  test('every script answers, marked as a simulator, and only with faults: true does it fail', () => {
    const strict = createSandbox();
    const faulty = createSandbox({ faults: true });
    for (const name of Object.keys(scripts) as (keyof typeof scripts)[]) {
      const fails = 'fault' in scripts[name].script;
      for (const stream of [false, true]) {
        expect(headOf(ask(strict, wire, name, stream))).toMatchObject({
          status: fails ? 400 : 200,
          headers: { 'x-omniroute-sandbox': 'true' },
        });
        const steps = ask(faulty, wire, name, stream);
        expect(['end', 'cut', 'stall']).toContain(steps.at(-1)?.kind);
      }
    }
  });

  test.each([
    ['script/cut-head', ['cut']],
    ['script/cut-open', ['head', 'cut']],
    ['script/cut', ['head', 'data', 'cut']],
    ['script/cut-mid-event', ['head', 'data', 'cut']],
    ['script/stall-head', ['stall']],
    ['script/stall', ['head', 'data', 'stall']],
    ['script/wrong-length', ['head', 'data', 'cut']],
    ['script/truncated', ['head', 'data', 'end']],
  ])('%s breaks a unary answer and a stream', (model, kinds) => {
    const sandbox = createSandbox({ faults: true });
    expect(shape(ask(sandbox, wire, model))).toEqual(kinds);
    // The opening frames of a stream are bytes before its first token.
    const opening = model === 'script/cut-open' && wire !== 'gemini' && wire !== 'ollama';
    expect(shape(ask(sandbox, wire, model, true))).toEqual(opening ? ['head', 'data', 'cut'] : kinds);
  });

  test('a stream breaks inside a frame, or carries bytes that are no text', () => {
    const sandbox = createSandbox({ faults: true });
    const whole = textOf(ask(sandbox, wire, 'script/text', true));
    const separator = wire === 'ollama' ? '\n' : '\n\n';
    expect(whole.endsWith(separator)).toBe(true);
    expect(textOf(ask(sandbox, wire, 'script/cut', true)).endsWith(separator)).toBe(true);
    expect(textOf(ask(sandbox, wire, 'script/cut-mid-event', true)).endsWith(separator)).toBe(false);
    expect(() =>
      new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(ask(sandbox, wire, 'script/malformed', true))),
    ).toThrow();
    expect(() => JSON.parse(textOf(ask(sandbox, wire, 'script/malformed'))) as unknown).toThrow();
  });

  test('the mark at the end comes once, twice or never', () => {
    const sandbox = createSandbox({ faults: true });
    const marks = {
      chat: 'data: [DONE]',
      responses: 'event: response.completed',
      messages: 'event: message_stop',
      gemini: '"finishReason"',
      ollama: '"done":true',
    };
    const count = (model: string) => textOf(ask(sandbox, wire, model, true)).split(marks[wire]).length - 1;
    expect([count('script/text'), count('script/two-terminators'), count('script/no-terminator')]).toEqual([
      1, 2, 0,
    ]);
  });

  test('one byte a chunk, the same text', () => {
    const sandbox = createSandbox({ faults: true });
    const steps = ask(sandbox, wire, 'script/one-byte-chunks', true).filter((step) => step.kind === 'data');
    expect(steps.every((step) => step.bytes.length === 1)).toBe(true);
    expect(textOf(steps)).toContain('sandbox');
  });

  test('pages and emptiness in place of an answer', () => {
    const sandbox = createSandbox({ faults: true });
    const page = ask(sandbox, wire, 'script/html-200', true);
    expect(headOf(page)).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect(textOf(page)).toMatch(/^<!DOCTYPE html>/);
    const empty = ask(sandbox, wire, 'script/empty');
    expect(headOf(empty).status).toBe(200);
    expect(bytesOf(empty)).toHaveLength(0);
  });

  test('latency comes before the head, the rate between tokens', () => {
    const steps = ask(createSandbox(), wire, 'script/text+latency=30ms+rate=10', true);
    expect(steps[0]).toEqual({ kind: 'wait', milliseconds: 30 });
    expect(steps[1]?.kind).toBe('head');
    const waits = steps.slice(1).flatMap((step) => (step.kind === 'wait' ? [step.milliseconds] : []));
    // "The sandbox answers with this fixed text.": 1+2+2+2+2+2+2 tokens at 10 a second.
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1300);
  });

  test('a body that is no request is a 400 in the words of the wire', () => {
    const { path } = wires[wire]('echo', false);
    for (const body of [
      '',
      'no json',
      '[]',
      '{}',
      '{"model":5}',
      '{"model":"echo","messages":5,"input":5,"contents":5,"max_tokens":1}',
    ]) {
      const steps = createSandbox().answer({ method: 'POST', path, headers: {}, body: Buffer.from(body) });
      expect(headOf(steps).status).toBe(400);
      expect(JSON.parse(textOf(steps))).toHaveProperty('error');
    }
  });
});

describe('settings of a provider', () => {
  const behaviour = { latency: '0s', tokensPerSecond: 0, failFirst: 0 } as const;

  test('behaviours become models', () => {
    const sandbox = createSandbox(
      readSettings({
        faults: true,
        seed: 3,
        behaviours: {
          polite: { ...behaviour, reply: 'Good day.', latency: '20ms', tokensPerSecond: 5 },
          flaky: { ...behaviour, status: 418, message: 'teapot', retryAfter: '1500ms', failFirst: 2 },
          caller: { ...behaviour, toolCall: { name: 'search', arguments: { q: 'x' } } },
          torn: { ...behaviour, reply: 'one two three', cutAfter: 1 },
          quiet: { ...behaviour, reply: 'one two three', stallAfter: 2 },
          broken: { ...behaviour, malformedAfter: 1 },
        },
      }),
    );
    expect(textOf(ask(sandbox, 'chat', 'polite'))).toContain('"content":"Good day."');
    expect(ask(sandbox, 'chat', 'polite')[0]).toEqual({ kind: 'wait', milliseconds: 20 });
    const flaky = [1, 2, 3].map(() => headOf(ask(sandbox, 'chat', 'flaky')));
    expect(flaky.map((head) => head.status)).toEqual([418, 418, 200]);
    expect(flaky[0]?.headers).toMatchObject({ 'retry-after': '2' });
    expect(textOf(ask(sandbox, 'chat', 'caller'))).toContain(
      String.raw`"name":"search","arguments":"{\"q\":\"x\"}"`,
    );
    expect(textOf(ask(sandbox, 'chat', 'torn', true))).not.toContain('two');
    expect(textOf(ask(sandbox, 'chat', 'quiet', true))).toContain('two');
    expect(ask(sandbox, 'chat', 'quiet', true).at(-1)).toEqual({ kind: 'stall' });
    expect(textOf(ask(sandbox, 'chat', 'broken', true))).toContain('{"broken"');
  });

  test('without faults: true they may not fail', () => {
    const sandbox = createSandbox(
      readSettings({ faults: false, seed: 1, behaviours: { flaky: { ...behaviour, status: 500 } } }),
    );
    const steps = ask(sandbox, 'chat', 'flaky');
    expect(headOf(steps).status).toBe(400);
    expect(textOf(steps)).toContain('faults: true');
  });
});

describe('journal', () => {
  test('keeps what was received, without credentials', () => {
    const sandbox = createSandbox({ clock: createManualClock(5000) });
    sandbox.answer({
      method: 'POST',
      path: '/v1/chat/completions?key=query-secret&x=1',
      headers: { authorization: 'Bearer header-secret', 'x-api-key': 'other-secret', 'user-agent': 'test' },
      body: Buffer.from('{"model":"echo","messages":[{"role":"user","content":"hi"}]}'),
    });
    const entries = sandbox.journal.entries();
    expect(entries).toEqual([
      {
        number: 1,
        at: 5000,
        method: 'POST',
        path: `/v1/chat/completions?key=${replaced('query-secret')}&x=1`,
        headers: {
          authorization: `Bearer ${replaced('header-secret')}`,
          'x-api-key': replaced('other-secret'),
          'user-agent': 'test',
        },
        body: { model: 'echo', messages: [{ role: 'user', content: 'hi' }] },
        bodyBytes: 60,
        model: 'echo',
        status: 200,
      },
    ]);
    expect(JSON.stringify(entries)).not.toContain('secret');
  });

  test('is bounded, and counts on after it was cleared', () => {
    const sandbox = createSandbox({ journalSize: 2 });
    for (let index = 0; index < 5; index++) ask(sandbox, 'chat', 'echo');
    expect(sandbox.journal.entries().map((entry) => entry.number)).toEqual([4, 5]);
    sandbox.journal.clear();
    ask(sandbox, 'gemini', 'echo');
    expect(sandbox.journal.entries()).toMatchObject([{ number: 6, model: 'echo' }]);
  });

  test('reads compressed bodies, and survives those it cannot read', () => {
    const sandbox = createSandbox();
    const body = Buffer.from(JSON.stringify(wires.chat('echo', false).body));
    const send = (bytes: Uint8Array, encoding: string) =>
      headOf(
        sandbox.answer({
          method: 'POST',
          path: '/v1/chat/completions',
          headers: { 'content-encoding': encoding },
          body: bytes,
        }),
      ).status;
    expect(send(gzipSync(body), 'gzip')).toBe(200);
    expect(send(zstdCompressSync(body), 'zstd')).toBe(200);
    expect(send(body, 'gzip')).toBe(400);
  });
});

test('names without a script are a 404, or go to the fallback', () => {
  expect(headOf(ask(createSandbox(), 'chat', 'gpt-9')).status).toBe(404);
  const steps = ask(createSandbox({ fallback: 'script/text' }), 'chat', 'gpt-9');
  expect(JSON.parse(textOf(steps))).toMatchObject({
    model: 'gpt-9',
    choices: [{ message: { content: 'The sandbox answers with this fixed text.' } }],
  });
});

test.each([
  ['GET', '/v1/models', {}, 'object'],
  ['GET', '/v1/models', { 'anthropic-version': '2023-06-01' }, 'has_more'],
  ['GET', '/v1/models?key=x', {}, 'models'],
  ['GET', '/v1beta/models', {}, 'models'],
  ['GET', '/api/tags', {}, 'models'],
])('%s %s %o answers in the dialect of who asks', (method, path, headers, member) => {
  const steps = createSandbox().answer({ method, path, headers, body: Buffer.alloc(0) });
  expect(JSON.parse(textOf(steps))).toHaveProperty(member);
});

test('a model list names faults only where they may play', () => {
  const list = (faults: boolean) =>
    textOf(
      createSandbox({ faults }).answer({
        method: 'GET',
        path: '/v1/models',
        headers: {},
        body: Buffer.alloc(0),
      }),
    );
  expect(list(false)).toContain('script/agent');
  expect(list(false)).not.toContain('script/cut');
  expect(list(true)).toContain('script/cut');
});

test('Gemini paths: ids with slashes and colons, with and without models/', () => {
  const body = Buffer.from(JSON.stringify(wires.gemini('echo', false).body));
  for (const path of [
    '/v1/models/script/text:generateContent',
    '/v1beta/script/text:generateContent',
    '/v1beta/models/script%2Ftext:generateContent',
  ]) {
    expect(textOf(createSandbox().answer({ method: 'POST', path, headers: {}, body }))).toContain(
      '"modelVersion":"script/text"',
    );
  }
  const sandbox = createSandbox({ fallback: 'echo' });
  expect(
    textOf(
      sandbox.answer({ method: 'POST', path: '/v1/models/a/b:free:generateContent', headers: {}, body }),
    ),
  ).toContain('"modelVersion":"a/b:free"');
});
