// Compares the simulator's templates with recorded answers of the real vendors: a template may only use members that a
// real answer has been seen to use. Reads ../shared/recordings, which is not part of the repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSandbox } from '../../src/upstream/sandbox/simulator.ts';
import { bashSchema } from '../support/sandbox.ts';

const root = join(import.meta.dirname, '../../../shared/recordings');

/** Members that the vendors document (protocols §3.4–3.5, §4.3) and that no recording happens to show in this place. */
const documented = {
  chat: ['usage.prompt_tokens_details.cache_write_tokens'],
  responses: [
    'incomplete_details.reason',
    'response.incomplete_details.reason',
    'item.phase',
    'name',
    'response.output.phase',
    'usage.input_tokens_details.cache_write_tokens',
  ],
  messages: ['stop_details.type', 'stop_details.category', 'stop_details.explanation'],
  gemini: [],
} as const;

const wires = {
  chat: {
    path: '/v1/chat/completions',
    body: {
      messages: [{ role: 'user', content: 'Hello' }],
      stream_options: { include_usage: true },
      tools: [{ type: 'function', function: { name: 'bash', parameters: bashSchema } }],
    },
    unary: [
      ['openai', 'azure', 'deepseek', 'alibaba', 'groq', 'xai', 'mistral', 'moonshotai', 'cerebras'],
      'chat',
    ],
    stream: [
      ['openai', 'azure', 'deepseek', 'alibaba', 'mistral', 'cerebras', 'openai-compatible'],
      'chat-stream',
    ],
  },
  responses: {
    path: '/v1/responses',
    body: { input: 'Hello', tools: [{ type: 'function', name: 'bash', parameters: bashSchema }] },
    unary: [['openai', 'azure', 'xai'], 'responses'],
    stream: [['openai', 'azure', 'xai', 'lmstudio'], 'responses-stream'],
  },
  messages: {
    path: '/v1/messages',
    body: {
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [{ name: 'bash', input_schema: bashSchema }],
    },
    unary: [['anthropic'], 'messages'],
    stream: [['anthropic'], 'messages-stream'],
  },
  gemini: {
    path: '/v1beta/models/',
    body: {
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
      tools: [{ functionDeclarations: [{ name: 'bash', parametersJsonSchema: bashSchema }] }],
    },
    unary: [['google'], 'generateContent'],
    stream: [['google'], 'generateContent-stream'],
  },
} as const;

if (!existsSync(root)) {
  test('recordings are absent: nothing compared', () => {
    console.warn('sandbox-recordings: ../shared/recordings is missing, the templates were not compared');
  });
} else {
  for (const wire of Object.keys(wires) as (keyof typeof wires)[]) {
    test.each(['script/agent', 'script/reasoning', 'script/text', 'script/length', 'script/filter'])(
      `${wire}: %s uses only members that real answers use`,
      (model) => {
        const { unary, stream } = wires[wire];
        const seen = new Set<string>(documented[wire]);
        for (const [vendors, folder] of [unary, stream]) {
          for (const vendor of vendors)
            for (const object of readFolder(join(root, vendor, folder))) collect(object, '', seen);
        }
        expect(seen.size).toBeGreaterThan(20);
        for (const streamed of [false, true]) {
          const used = new Set<string>();
          for (const object of ask(wire, model, streamed)) collect(object, '', used);
          expect([...used].filter((path) => !seen.has(path))).toEqual([]);
        }
      },
    );
  }
}

function ask(wire: keyof typeof wires, model: string, stream: boolean): readonly unknown[] {
  const { path, body } = wires[wire];
  const steps = createSandbox().answer({
    method: 'POST',
    path:
      wire === 'gemini'
        ? `${path}${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`
        : path,
    headers: {},
    body: Buffer.from(JSON.stringify({ ...body, model, stream })),
  });
  const text = Buffer.concat(steps.flatMap((step) => (step.kind === 'data' ? [step.bytes] : []))).toString();
  if (!stream) return [JSON.parse(text)];
  const lines = text.split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as unknown);
}

function readFolder(folder: string): readonly unknown[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    if (name.endsWith('.json')) return [JSON.parse(text) as unknown];
    return text
      .split('\n')
      .map((line) => line.replace(/^data: /, ''))
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as unknown);
  });
}

/** What the model or the client made up; its members are nobody's contract. */
const free = new Set([
  'input',
  'args',
  'arguments',
  'metadata',
  'parameters',
  'tools',
  'text.format',
  'schema',
  'error',
]);

/** Paths of all members; list indexes do not count, so that all items of a list are one. */
function collect(value: unknown, path: string, into: Set<string>): void {
  if (Array.isArray(value)) {
    for (const member of value) collect(member, path, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const inner = path === '' ? key : `${path}.${key}`;
      into.add(inner);
      if (!free.has(key)) collect(member, inner, into);
    }
  }
}
