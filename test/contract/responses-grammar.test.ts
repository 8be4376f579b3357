// Every answer of every wire, as a client of Responses gets it: the stream obeys its grammar to the letter, and the whole
// answer is the end of the stream.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerEvent } from '../../src/ir/events.ts';
import { createFold, unfold } from '../../src/ir/fold.ts';
import { createLossReport } from '../../src/ir/loss.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { ClientTool, EncodeContext } from '../../src/protocols/protocol.ts';
import { answers, words } from '../support/ir-arbitraries.ts';
import { findResponseFaults, findStreamFaults } from '../support/responses-grammar.ts';
import { createIds, wireNames } from '../support/translation.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);
const { codec } = openaiResponses;

const tools = new Map<string, ClientTool>([
  ['ns__a', { name: 'a', namespace: 'ns' }],
  ['shell', { name: 'shell', type: 'shell' }],
]);

function context(): EncodeContext {
  return {
    issuer: 'example',
    newId: createIds(),
    client: { model: 'any', stream: true, includeUsage: true, legacyFunctions: false, tools },
    model: 'm-1',
    created: 1,
    began: 1000,
    now: () => 2000,
    inputTokens: 5,
    loss: createLossReport(),
  };
}

function stream(events: readonly AnswerEvent[]): string {
  const encoder = codec.createAnswerEncoder(context());
  for (const event of events) encoder.write(event);
  return encoder.take();
}

test.each(wireNames)('an answer of %s', (wire) => {
  fc.assert(
    fc.property(answers(wire), (answer) => {
      const text = stream(unfold(answer));
      expect(findStreamFaults(text)).toEqual([]);
      const whole = JSON.parse(codec.encodeAnswer(answer, context())) as Record<string, unknown>;
      expect(findResponseFaults(whole)).toEqual([]);
      const last = JSON.parse(text.slice(text.lastIndexOf('\ndata: ') + 7)) as { response: unknown };
      expect(whole).toEqual(last.response);
    }),
    { numRuns },
  );
});

/** Blocks of every kind, also empty ones, open side by side, cut into any pieces. */
const block = fc.record({
  kind: fc.constantFrom('text', 'reasoning', 'refusal', 'call', 'freeform', 'part', 'cited'),
  name: fc.constantFrom('a', 'ns__a', 'shell', 'b'),
  pieces: fc.array(words, { maxLength: 3 }),
  phase: fc.constantFrom(undefined, 'commentary' as const),
});

type Block = Parameters<Parameters<typeof block.map>[0]>[0];

function eventsOf({ kind, name, pieces, phase }: Block, id: number): AnswerEvent[] {
  const deltas = (type: 'text-delta' | 'reasoning-delta' | 'refusal-delta' | 'tool-call-delta') =>
    pieces.map((text) => ({ type, id, text }) as const);
  switch (kind) {
    case 'text':
    case 'cited':
      return [
        { type: 'text-start', id, ...(phase && { phase }) },
        ...deltas('text-delta'),
        ...(kind === 'cited'
          ? [
              {
                type: 'citation-add' as const,
                id,
                citation: { kind: 'url' as const, url: 'https://example.com' },
              },
            ]
          : []),
        { type: 'text-end', id },
      ];
    case 'reasoning':
      return [{ type: 'reasoning-start', id }, ...deltas('reasoning-delta'), { type: 'reasoning-end', id }];
    case 'refusal':
      return [{ type: 'refusal-start', id }, ...deltas('refusal-delta'), { type: 'refusal-end', id }];
    case 'part':
      return [{ type: 'part-add', id, part: { kind: 'opaque', wire: 'x', block: {}, text: '' } }];
    default:
      return [
        {
          type: 'tool-call-start',
          id,
          callId: `call_${id}`,
          name,
          ...(kind === 'freeform' && { freeform: true }),
        },
        ...deltas('tool-call-delta'),
        { type: 'tool-call-end', id },
      ];
  }
}

/** Takes the next event of one of the blocks, as the picks say. */
function interleave(blocks: readonly (readonly AnswerEvent[])[], picks: readonly number[]): AnswerEvent[] {
  const rest = blocks.map((events) => [...events]).filter((events) => events.length > 0);
  const mixed: AnswerEvent[] = [];
  for (let i = 0; rest.length > 0; i++) {
    const at = (picks[i % Math.max(1, picks.length)] ?? 0) % rest.length;
    mixed.push(rest[at]!.shift()!);
    if (rest[at]!.length === 0) rest.splice(at, 1);
  }
  return mixed;
}

describe('blocks in any order', () => {
  const drawn = fc.tuple(fc.array(block, { maxLength: 5 }), fc.array(fc.nat(9), { maxLength: 20 }));
  const begin: AnswerEvent = { type: 'answer-start', id: '', model: 'm' };
  const ends = fc.constantFrom<AnswerEvent>(
    { type: 'answer-end', finish: { reason: 'stop' } },
    { type: 'answer-end', finish: { reason: 'length' } },
    { type: 'answer-end', finish: { reason: 'refusal', explanation: 'No.' } },
  );

  test('obey the grammar', () => {
    fc.assert(
      fc.property(drawn, ends, ([blocks, picks], end) => {
        const mixed = interleave(blocks.map(eventsOf), picks);
        expect(findStreamFaults(stream([begin, ...mixed, end]))).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('say everything, and in one order', () => {
    fc.assert(
      fc.property(drawn, ends, ([blocks, picks], end) => {
        const mixed = [begin, ...interleave(blocks.map(eventsOf), picks), end];
        const fold = createFold();
        for (const event of mixed) fold.write(event);
        const text = stream(mixed);
        const last = JSON.parse(text.slice(text.lastIndexOf('\ndata: ') + 7)) as {
          response: { output: unknown };
        };
        const whole = JSON.parse(codec.encodeAnswer(fold.answer()!, context())) as { output: unknown };
        expect(withoutIds(last.response.output)).toEqual(withoutIds(whole.output));
      }),
      { numRuns },
    );
  });

  test('a block that nobody closed does not swallow the others', () => {
    fc.assert(
      fc.property(drawn, fc.nat(9), ends, ([blocks, picks], dropped, end) => {
        const open = blocks.map((one, id) => eventsOf(one, id));
        if (open.length > 0) open[dropped % open.length]!.pop();
        expect(findStreamFaults(stream([begin, ...interleave(open, picks), end]))).toEqual([]);
      }),
      { numRuns },
    );
  });
});

function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, one: unknown) => (key === 'id' ? undefined : one)));
}
