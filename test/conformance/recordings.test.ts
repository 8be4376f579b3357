// Real answers of real providers, recorded by others (../shared/recordings, not part of this repository): each must come
// out of the translation, for both clients, without loss of text, calls, reasoning, finish reason or usage. What is
// expected is read from the recording by this file alone, in the plainest way.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWithSdk } from '../support/sdk.ts';
import type { Summary } from '../support/sdk.ts';
import { answerPipe, feed, wireNames, wires } from '../support/translation.ts';
import type { WireName } from '../support/translation.ts';
import { readFailure } from '../../src/ir/failure.ts';

const folder = join(import.meta.dirname, '../../../shared/recordings');
const present = existsSync(folder);
if (!present) console.warn(`recordings are absent (${folder}): their tests are skipped`);

interface Recording {
  readonly name: string;
  readonly upstream: WireName;
  readonly stream: boolean;
  readonly bytes: Buffer;
  readonly values: readonly Value[];
}

type Value = { readonly [key: string]: unknown };

const recordings = present ? [...find('chat', 'openai-chat'), ...find('messages', 'anthropic-messages')] : [];

test('the recordings are found where they are', () => {
  expect(recordings.length).toBe(present ? recordings.length : 0);
  if (present) expect(recordings.length).toBeGreaterThan(35);
});

describe.each(recordings.flatMap((one) => wireNames.map((client) => ({ ...one, client }))))(
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

const errorFiles = present ? listErrors() : [];

test.each(errorFiles)('the error of $name is understood', ({ text, status, expected }) => {
  const failure = readFailure(status, {}, text, 0);
  expect(failure).toMatchObject(expected);
});

function listErrors() {
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  return [
    {
      name: 'anthropic',
      text: read('anthropic/errors/anthropic-issue-17366-error.json'),
      status: 400,
      expected: {
        class: 'invalid_request',
        code: 'invalid_request_error',
        message: expect.stringContaining('tool_result') as unknown,
      },
    },
    {
      name: 'openai quota',
      text: read('openai/errors/openai-error.1.json'),
      status: 429,
      expected: { class: 'billing', code: 'insufficient_quota' },
    },
    {
      name: 'openai tokens',
      text: read('openai/errors/issue-10082-token-limit-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
    {
      name: 'groq',
      text: read('groq/errors/issue-10023-output-with-tools-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
    {
      name: 'google',
      text: read('google/errors/google-structured-output-with-tools-error.json'),
      status: 400,
      expected: { class: 'invalid_request' },
    },
  ];
}

function find(kind: 'chat' | 'messages', upstream: WireName): Recording[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'cohere')
    .flatMap(({ name: provider }) => [
      ...list(`${provider}/${kind}`, '.json').map((path) => unary(path, upstream)),
      ...list(`${provider}/${kind}-stream`, '.chunks.txt').flatMap((path) => streams(path, upstream)),
    ]);
}

function list(path: string, ending: string): readonly string[] {
  const whole = join(folder, path);
  return existsSync(whole)
    ? readdirSync(whole)
        .filter((file) => file.endsWith(ending))
        .map((file) => `${path}/${file}`)
    : [];
}

function unary(path: string, upstream: WireName): Recording {
  const text = readFileSync(join(folder, path), 'utf8');
  return {
    name: path,
    upstream,
    stream: false,
    bytes: Buffer.from(text),
    values: [JSON.parse(text) as Value],
  };
}

/** A file may hold several streams one after the other; each is replayed with the frames of its wire around it. */
function streams(path: string, upstream: WireName): readonly Recording[] {
  const values = readFileSync(join(folder, path), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Value);
  const parts: Value[][] = [];
  for (const value of values) {
    const last = parts.at(-1)?.at(-1);
    const begins =
      upstream === 'anthropic-messages'
        ? value['type'] === 'message_start'
        : last !== undefined && last['id'] !== '' && last['id'] !== value['id'];
    if (begins || parts.length === 0) parts.push([]);
    parts.at(-1)!.push(value);
  }
  return parts.map((part, index) => {
    const frames = part.map(
      (value) =>
        (upstream === 'openai-chat' ? '' : `event: ${String(value['type'])}\n`) +
        `data: ${JSON.stringify(value)}\n\n`,
    );
    const text = frames.join('') + (upstream === 'openai-chat' ? 'data: [DONE]\n\n' : '');
    return { name: `${path}#${index}`, upstream, stream: true, bytes: Buffer.from(text), values: part };
  });
}

interface Plain {
  text: string;
  reasoning: string;
  refusal: string;
  citations: string[];
  calls: { id: string; name: string; text: string }[];
  finish: string;
  usage: { input?: number; output?: number; cached?: number; written?: number; reasoning?: number };
}

function expectation(client: WireName, upstream: WireName, values: readonly Value[]): Summary {
  const plain: Plain = {
    text: '',
    reasoning: '',
    refusal: '',
    citations: [],
    calls: [],
    finish: '',
    usage: {},
  };
  for (const value of values) (upstream === 'openai-chat' ? readChat : readMessages)(plain, value);
  const calls = plain.calls.map(({ id, name, text }) => ({
    id,
    name,
    arguments: JSON.parse(text || '{}') as unknown,
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
  return drop({
    text: plain.text,
    reasoning: plain.reasoning,
    refusal: plain.refusal,
    calls,
    finish: finishes[client][finish] ?? finish,
    usage: drop({ input: fresh, output, cached, written, reasoning }),
    citations: plain.citations,
  }) as Summary;
}

const finishes: { readonly [client in WireName]: Readonly<Record<string, string>> } = {
  'openai-chat': {
    stop: 'stop',
    calls: 'tool_calls',
    length: 'length',
    refusal: 'content_filter',
    pause: 'stop',
  },
  ollama: { stop: 'stop', calls: 'stop', length: 'length', refusal: 'stop', pause: 'stop' },
  'anthropic-messages': {
    stop: 'end_turn',
    calls: 'tool_use',
    length: 'max_tokens',
    refusal: 'refusal',
    pause: 'pause_turn',
  },
};

function readChat(plain: Plain, value: Value): void {
  const choice = (value['choices'] as Value[] | undefined)?.[0];
  const delta = (choice?.['delta'] ?? choice?.['message'] ?? {}) as Value;
  const content = delta['content'];
  if (typeof content === 'string') plain.text += content;
  for (const part of Array.isArray(content) ? (content as Value[]) : []) {
    if (part['type'] === 'text') plain.text += String(part['text']);
    for (const piece of (part['thinking'] as Value[] | undefined) ?? [])
      plain.reasoning += String(piece['text']);
  }
  plain.reasoning += String(delta['reasoning_content'] ?? delta['reasoning'] ?? '');
  for (const piece of (delta['tool_calls'] as Value[] | undefined) ?? []) {
    const fn = piece['function'] as Value;
    const index = (piece['index'] as number | undefined) ?? plain.calls.length;
    const call = (plain.calls[index] ??= { id: String(piece['id']), name: String(fn['name']), text: '' });
    call.text += String(fn['arguments'] ?? '');
  }
  const finish = choice?.['finish_reason'];
  if (typeof finish === 'string') plain.finish = finish === 'tool_calls' ? 'calls' : finish;
  const usage = value['usage'] as Value | null | undefined;
  if (!usage) return;
  const prompt = (usage['prompt_tokens_details'] ?? {}) as Value;
  const completion = (usage['completion_tokens_details'] ?? {}) as Value;
  const apart =
    usage['total_tokens'] ===
    (usage['prompt_tokens'] as number) +
      (usage['completion_tokens'] as number) +
      ((completion['reasoning_tokens'] as number | undefined) ?? 0);
  plain.usage = {
    input: usage['prompt_tokens'] as number,
    output:
      (usage['completion_tokens'] as number) +
      (apart ? ((completion['reasoning_tokens'] as number | undefined) ?? 0) : 0),
    cached: (prompt['cached_tokens'] ??
      usage['prompt_cache_hit_tokens'] ??
      usage['cached_tokens'] ??
      0) as number,
    reasoning: (completion['reasoning_tokens'] ?? 0) as number,
  };
}

function readMessages(plain: Plain, value: Value): void {
  switch (value['type']) {
    case 'message':
      for (const block of value['content'] as Value[]) readBlock(plain, block);
      readStop(plain, value);
      readUsage(plain, value['usage'] as Value);
      break;
    case 'message_start':
      readUsage(plain, (value['message'] as Value)['usage'] as Value);
      break;
    case 'content_block_start':
      readBlock(plain, { ...(value['content_block'] as Value), input: undefined });
      break;
    case 'content_block_delta': {
      const delta = value['delta'] as Value;
      plain.text += String(delta['text'] ?? '');
      plain.reasoning += String(delta['thinking'] ?? '');
      if (delta['partial_json'] !== undefined && open) open.text += String(delta['partial_json']);
      if (delta['citation']) cite(plain, delta['citation'] as Value);
      break;
    }
    case 'message_delta':
      readStop(plain, value['delta'] as Value);
      readUsage(plain, value['usage'] as Value);
      break;
  }
}

/** The call whose input streams now. */
let open: { text: string } | undefined;

function readBlock(plain: Plain, block: Value): void {
  open = undefined;
  if (block['type'] === 'text') plain.text += String(block['text'] ?? '');
  for (const citation of block['type'] === 'text'
    ? ((block['citations'] as Value[] | null | undefined) ?? [])
    : [])
    cite(plain, citation);
  if (block['type'] === 'thinking') plain.reasoning += String(block['thinking']);
  if (block['type'] !== 'tool_use') return;
  const call = {
    id: String(block['id']),
    name: String(block['name']),
    text: block['input'] === undefined ? '' : JSON.stringify(block['input']),
  };
  open = call;
  plain.calls.push(call);
}

function cite(plain: Plain, citation: Value): void {
  if (citation['url'] !== undefined) plain.citations.push(String(citation['url']));
}

function readStop(plain: Plain, holder: Value): void {
  const words: Readonly<Record<string, string>> = {
    end_turn: 'stop',
    tool_use: 'calls',
    max_tokens: 'length',
    refusal: 'refusal',
    pause_turn: 'pause',
    compaction: 'pause',
  };
  if (typeof holder['stop_reason'] === 'string')
    plain.finish = words[holder['stop_reason']] ?? holder['stop_reason'];
  plain.refusal = String(
    (holder['stop_details'] as Value | null | undefined)?.['explanation'] ?? plain.refusal,
  );
}

function readUsage(plain: Plain, usage: Value): void {
  const before = plain.usage;
  const fresh = (before.input ?? 0) - (before.cached ?? 0) - (before.written ?? 0);
  const cached = (usage['cache_read_input_tokens'] as number | undefined) ?? before.cached ?? 0;
  const written = (usage['cache_creation_input_tokens'] as number | undefined) ?? before.written ?? 0;
  plain.usage = {
    input: ((usage['input_tokens'] as number | undefined) ?? fresh) + cached + written,
    output: usage['output_tokens'] as number,
    cached,
    written,
    reasoning:
      ((usage['output_tokens_details'] as Value | undefined)?.['thinking_tokens'] as number | undefined) ??
      before.reasoning ??
      0,
  };
}

/** As the summaries of the SDKs: what is empty is left out. */
function drop<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(
    ([, one]) => one !== '' && one !== 0 && !(Array.isArray(one) && one.length === 0),
  );
  return Object.fromEntries(entries) as T;
}
