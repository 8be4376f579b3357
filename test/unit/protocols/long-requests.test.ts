// A request of a few megabytes holds tens of thousands of calls. Reading and translating it takes time in proportion to
// its length: all requests of the gateway share one thread. Where it grew with the square, this would take minutes.
import { expect, test } from 'vitest';
import type { ProtocolName } from '../../../src/protocols/capabilities.ts';
import { findProtocol } from '../../../src/protocols/registry.ts';
import { createTranslation, readRequest } from '../../../src/protocols/translate.ts';

const count = 60_000;
const many = <Item>(make: (index: number) => Item): readonly Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

const hello = { role: 'user', content: 'x' };
const call = { functionCall: { name: 'f', args: {} } };
const result = { functionResponse: { name: 'f', response: {} } };
const contents = (calls: readonly unknown[], results: readonly unknown[]) => ({
  contents: [{ parts: [{ text: 'x' }] }, { role: 'model', parts: calls }, { parts: results }],
});
const chat = (id: (index: number) => string) => ({
  model: 'm',
  messages: [
    hello,
    {
      role: 'assistant',
      tool_calls: many((i) => ({ id: id(i), type: 'function', function: { name: 'f', arguments: '{}' } })),
    },
    ...many((i) => ({ role: 'tool', content: 'x', tool_call_id: id(i) })),
  ],
});

const requests: readonly (readonly [string, ProtocolName, object])[] = [
  [
    'calls without ids',
    'gemini',
    contents(
      many(() => call),
      many(() => result),
    ),
  ],
  [
    'results with ids that no call has',
    'gemini',
    contents(
      many((i) => ({ functionCall: { ...call.functionCall, id: `a${i}` } })),
      many((i) => ({ functionResponse: { ...result.functionResponse, id: `b${i}` } })),
    ),
  ],
  [
    'calls without ids',
    'ollama',
    {
      model: 'm',
      messages: [
        hello,
        { role: 'assistant', tool_calls: many(() => ({ function: { name: 'f', arguments: {} } })) },
        ...many(() => ({ role: 'tool', content: 'x', tool_name: 'f' })),
      ],
    },
  ],
  ['calls with ids', 'openai-chat', chat((index) => `c${index}`)],
  ['calls with one id', 'openai-chat', chat(() => 'c')],
  [
    'reasoning that nobody else reads',
    'openai-responses',
    {
      model: 'm',
      input: [...many(() => ({ type: 'reasoning', summary: [], encrypted_content: 'x' })), hello],
    },
  ],
  [
    'tools that come with the input',
    'openai-responses',
    {
      model: 'm',
      input: [
        ...many((i) => ({
          type: 'additional_tools',
          tools: [{ type: 'function', name: `f${i}`, parameters: {} }],
        })),
        hello,
      ],
    },
  ],
  [
    'tools of one namespace',
    'openai-responses',
    {
      model: 'm',
      input: 'x',
      tools: [
        {
          type: 'namespace',
          name: 'n',
          tools: [...many((i) => `f${i}`), ...many((i) => `g${i}`), ...many((i) => `h${i}`)].map((name) => ({
            type: 'function',
            name,
          })),
        },
      ],
    },
  ],
  [
    'tools of one kind that nobody else knows',
    'openai-responses',
    { model: 'm', input: 'x', tools: many((i) => ({ type: 'shell_of_tomorrow', place: i })) },
  ],
];

test.each(requests)(
  '%s of %s are read and translated in one go',
  { timeout: 20_000 },
  (_name, wire, body) => {
    const client = findProtocol(wire)!;
    const bytes = Buffer.from(JSON.stringify(body));
    const path = { path: '/', query: '', model: 'm', verb: 'generateContent' };
    const request = readRequest(client, bytes, client.peek.request(bytes, { maxDepth: 128 }, path));
    const upstream = findProtocol('anthropic-messages')!;
    const options = {
      request,
      upstream,
      model: 'm',
      issuer: 'p',
      newId: (prefix: string) => prefix,
      now: () => 0,
    };
    expect(createTranslation(options).body[0]!.length).toBeGreaterThan(30);
  },
);
