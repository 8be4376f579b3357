// Real answers of real providers, recorded by others (../shared/recordings, not part of this repository): each must come
// out of the translation, for both clients, without loss of text, calls, reasoning, finish reason or usage. What is
// expected is read from the recording by this file alone, in the plainest way.
import { describe, expect, test } from 'vitest';
import { readFailure } from '../../src/ir/failure.ts';
import { readRecorded } from '../support/recorded-answers.ts';
import {
  areRecordings,
  findRecordings,
  readRecording,
  recordingFolder,
  type Value,
} from '../support/recordings.ts';
import { readWithSdk } from '../support/sdk.ts';
import type { Summary } from '../support/sdk.ts';
import { answerPipe, feed, wireNames, wires } from '../support/translation.ts';
import type { WireName } from '../support/translation.ts';

if (!areRecordings) console.warn(`recordings are absent (${recordingFolder}): their tests are skipped`);

/** Streams that end in an error: they have tests of their own. */
const broken: Readonly<Record<string, object>> = {
  'openai/responses-stream/openai-error-null-code.1.chunks.txt#0': {
    class: 'upstream',
    message: 'Sorry, something went wrong.',
  },
  'openai/responses-stream/openai-response-failed-only.1.chunks.txt#0': {
    class: 'rate_limit',
    code: 'rate_limit_exceeded',
  },
};

const recordings = findRecordings();
const answers = recordings.filter(({ name }) => broken[name] === undefined);

test('the recordings are found where they are', () => {
  expect(recordings.length).toBe(areRecordings ? recordings.length : 0);
  if (areRecordings) expect(recordings.length).toBeGreaterThan(60);
});

describe.each(answers.flatMap((one) => wireNames.map((client) => ({ ...one, client }))))(
  '$name for $client',
  ({ client, upstream, stream, bytes, values }) => {
    test('keeps text, reasoning, calls, finish and usage', async () => {
      const { text, failure } = feed(answerPipe(client, upstream, { stream }), bytes, [333]);
      expect(failure).toBeUndefined();
      expect(await readWithSdk(client, text, stream)).toEqual(expectation(client, upstream, values));
    });

    test('passes through untouched and says its usage', () => {
      if (client !== upstream) return;
      const { peek } = wires[upstream];
      const pipe = stream ? peek.streamPipe({ withholdUsage: false }) : peek.unaryPipe();
      const { text, failure, meaningful } = feed(pipe, bytes, [100]);
      expect({ failure, meaningful }).toEqual({ failure: undefined, meaningful: true });
      expect(text).toBe(bytes.toString());
      const decoded = answerPipe(client, upstream, { stream });
      feed(decoded, bytes);
      expect(pipe.usage()).toEqual(decoded.usage());
    });
  },
);

test.each(recordings.filter(({ name }) => broken[name] !== undefined))(
  '$name is a failure, passed through and translated',
  ({ name, upstream, bytes }) => {
    for (const client of wireNames)
      expect(feed(answerPipe(client, upstream, { stream: true }), bytes).failure).toMatchObject(
        broken[name]!,
      );
    const passed = feed(wires[upstream].peek.streamPipe({ withholdUsage: false }), bytes);
    expect(passed.failure).toMatchObject(broken[name]!);
  },
);

const errorFiles = areRecordings ? listErrors() : [];

test.each(errorFiles)('the error of $name is understood', ({ text, status, expected }) => {
  const failure = readFailure(status, {}, text, 0);
  expect(failure).toMatchObject(expected);
});

function listErrors() {
  return [
    {
      name: 'anthropic',
      text: readRecording('anthropic/errors/anthropic-issue-17366-error.json'),
      status: 400,
      expected: {
        class: 'invalid_request',
        code: 'invalid_request_error',
        message: expect.stringContaining('tool_result') as unknown,
      },
    },
    {
      name: 'openai quota',
      text: readRecording('openai/errors/openai-error.1.json'),
      status: 429,
      expected: { class: 'billing', code: 'insufficient_quota' },
    },
    {
      name: 'openai tokens',
      text: readRecording('openai/errors/issue-10082-token-limit-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
    {
      name: 'groq',
      text: readRecording('groq/errors/issue-10023-output-with-tools-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
    {
      name: 'google',
      text: readRecording('google/errors/google-structured-output-with-tools-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
  ];
}

function expectation(client: WireName, upstream: WireName, values: readonly Value[]): Summary {
  const plain = readRecorded(upstream, values);
  const calls = plain.calls.map(({ id, name, text, freeform }) => ({
    // Where the recording has none, one is made.
    id: id === '' ? (expect.any(String) as string) : id,
    name,
    arguments: freeform ? freeformOf(client, text) : (JSON.parse(text || '{}') as unknown),
  }));
  const { input = 0, output = 0, cached = 0, written = 0, reasoning = 0 } = plain.usage;
  const fresh = client === 'anthropic-messages' ? input - cached - written : input;
  const finish = calls.length > 0 && plain.finish === 'stop' ? 'calls' : plain.finish;
  // This wire has one text, two counts, and no citations.
  if (client === 'ollama') {
    return drop({
      text: plain.text + plain.refusal,
      reasoning: plain.reasoning,
      calls,
      finish: finishes.ollama[finish] ?? finish,
      usage: drop({ input, output }),
    }) as Summary;
  }
  // Words of a refusal are text here, nothing is written to the cache, and a block has a reason of its own. Why Anthropic
  // refused stands in finishMessage, which the SDK does not pass on.
  if (client === 'gemini') {
    return drop({
      text: plain.text + (upstream === 'anthropic-messages' ? '' : plain.refusal),
      reasoning: plain.reasoning,
      calls,
      finish: upstream === client && finish === 'refusal' ? 'PROHIBITED_CONTENT' : finishes.gemini[finish]!,
      usage: drop({ input, output, cached, reasoning }),
      // A page is listed once, however often it is cited.
      citations: [...new Set(plain.citations)].filter((one) => one.startsWith('http')),
    }) as Summary;
  }
  return drop({
    text: plain.text,
    reasoning: plain.reasoning,
    refusal: plain.refusal,
    calls,
    finish: finishes[client][finish] ?? finish,
    usage: drop({ input: fresh, output, cached, written, reasoning }),
    // Others only know citations of web pages.
    citations: plain.citations.filter((one) => client === upstream || one.startsWith('http')),
  }) as Summary;
}

/** Where arguments are an object, the text is a member of it. */
function freeformOf(client: WireName, input: string): unknown {
  return client.startsWith('openai-') ? input : { input };
}

const finishes: { readonly [client in WireName]: Readonly<Record<string, string>> } = {
  'openai-chat': {
    stop: 'stop',
    calls: 'tool_calls',
    length: 'length',
    refusal: 'content_filter',
    pause: 'stop',
  },
  'openai-responses': {
    stop: 'completed',
    calls: 'completed',
    length: 'max_output_tokens',
    refusal: 'content_filter',
    pause: 'completed',
  },
  gemini: { stop: 'STOP', calls: 'STOP', length: 'MAX_TOKENS', refusal: 'SAFETY', pause: 'CONTINUATION' },
  ollama: { stop: 'stop', calls: 'stop', length: 'length', refusal: 'stop', pause: 'stop' },
  'anthropic-messages': {
    stop: 'end_turn',
    calls: 'tool_use',
    length: 'max_tokens',
    refusal: 'refusal',
    pause: 'pause_turn',
  },
};

/** As the summaries of the SDKs: what is empty is left out. */
function drop<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(
    ([, one]) => one !== '' && one !== 0 && !(Array.isArray(one) && one.length === 0),
  );
  return Object.fromEntries(entries) as T;
}
