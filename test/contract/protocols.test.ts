// The laws of every codec, written once (architecture §6, protocols §12). A new wire joins through
// test/support/translation.ts and gets all of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerEvent } from '../../src/ir/events.ts';
import { fold, unfold } from '../../src/ir/fold.ts';
import { createLossReport } from '../../src/ir/loss.ts';
import { sealPrefix } from '../../src/ir/proof.ts';
import type { DecodeContext, EncodeContext, Target } from '../../src/protocols/protocol.ts';
import { answers, permissive, requests, words } from '../support/ir-arbitraries.ts';
import { answerPipe, createIds, feed, send, wireNames, wires } from '../support/translation.ts';
import type { WireName } from '../support/translation.ts';
import { findRequestFaults } from '../support/wire-rules.ts';
import { anyEnd, traits } from '../support/wire-traits.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);
const target: Target = { model: 'm', issuer: 'example', rules: permissive };

describe.each(wireNames)('%s', (wire) => {
  const { codec, peek } = wires[wire];

  test('a request that it can express comes back as it was', () => {
    fc.assert(
      fc.property(requests(wire), (request) => {
        const loss = createLossReport();
        const { body } = codec.encodeRequest(request, target, loss);
        expect(loss.entries).toEqual([]);
        const again = codec.decodeRequest(asJson(body), loss, request);
        expect(again.request).toEqual(request);
        expect(loss.entries).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('its own body survives the hub, field by field', () => {
    fc.assert(
      fc.property(requests(wire), (request) => {
        const loss = createLossReport();
        const first = asJson(codec.encodeRequest(request, target, loss).body);
        const second = asJson(
          codec.encodeRequest(codec.decodeRequest(first, loss).request, target, loss).body,
        );
        expect(second).toEqual(first);
      }),
      { numRuns },
    );
  });

  test.each(wireNames)('what it asks of %s is a request that the vendor takes', (upstream) => {
    fc.assert(
      fc.property(requests(wire, upstream), (request) => {
        const { body } = wires[upstream].codec.encodeRequest(request, target, createLossReport());
        expect(findRequestFaults(upstream, asJson(body))).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('the fold of a stream is the whole answer', () => {
    fc.assert(
      fc.property(answers(wire), (answer) => {
        const whole = decodeWhole(wire, codec.encodeAnswer(answer, encodeContext()));
        const streamed = decodeStream(wire, encodeStream(wire, unfold(answer)));
        expect(fold(whole)).toEqual(answer);
        expect(fold(streamed)).toEqual(answer);
      }),
      { numRuns },
    );
  });

  test('any byte split gives the same events', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    const endings = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(answers(wire), sizes, endings, (answer, cuts, ending) => {
        const text = encodeStream(wire, unfold(answer)).replaceAll('\n', ending);
        expect(decodeStream(wire, text, cuts)).toEqual(decodeStream(wire, text));
      }),
      { numRuns },
    );
  });

  test.each(wireNames)('a stream cut anywhere never looks complete to a client of %s', (client) => {
    fc.assert(
      fc.property(answers(wire), fc.nat(10_000), (answer, at) => {
        const bytes = Buffer.from(encodeStream(wire, unfold(answer)));
        const cut = bytes.subarray(0, at % bytes.length);
        const { text, failure } = feed(answerPipe(client, wire, { stream: true }), cut, [50]);
        if (traits[wire].finished.test(cut.toString())) return;
        expect(failure).toMatchObject({ class: 'upstream' });
        expect(text).not.toMatch(anyEnd);
      }),
      { numRuns },
    );
  });

  test('peek agrees with a full parse', () => {
    const body = fc.record({
      model: words,
      stream: fc.boolean(),
      limit: fc.integer({ min: 1, max: 9999 }),
      noise: fc.jsonValue(),
    });
    fc.assert(
      fc.property(body, fc.integer({ min: 0, max: 3 }), ({ model, stream, limit, noise }, indent) => {
        const asked = { noise, ...traits[wire].minimal, model, stream, ...traits[wire].limit(limit) };
        const { sent, at } = send(wire, asked);
        const bytes = Buffer.from(JSON.stringify(sent, null, indent));
        const seen = peek.request(bytes, { maxDepth: 200 }, at);
        expect(seen).toMatchObject({ model, stream, maxOutputTokens: limit });
        const spliced = JSON.parse(
          Buffer.concat(
            peek.splice(bytes, seen, { model: 'other/"m"', insert: '"extra":{"a":1}' }),
          ).toString(),
        ) as object;
        expect(spliced).toEqual({
          ...(JSON.parse(bytes.toString()) as object),
          ...(at.model === undefined && { model: 'other/"m"' }),
          extra: { a: 1 },
        });
      }),
      { numRuns },
    );
  });

  test('watching a passed-through answer sees what decoding it sees', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(answers(wire), sizes, (answer, cuts) => {
        const text = encodeStream(wire, unfold(answer));
        const pipe = peek.streamPipe({ withholdUsage: false });
        const passed = feed(pipe, Buffer.from(text), cuts);
        expect(passed).toEqual({ text, failure: undefined, meaningful: true });
        expect(pipe.usage()).toMatchObject(answer.usage!);
        const unary = peek.unaryPipe();
        feed(unary, Buffer.from(codec.encodeAnswer(answer, encodeContext())), cuts);
        expect(unary.usage()).toMatchObject(answer.usage!);
      }),
      { numRuns },
    );
  });

  test.each(wireNames)('no proof of another issuer reaches %s', (upstream) => {
    fc.assert(
      fc.property(requests(wire, upstream), answers('anthropic-messages'), (request, { parts }) => {
        const foreign = parts.map((part) =>
          part.kind === 'reasoning' && part.proof
            ? { ...part, proof: { ...part.proof, issuer: 'elsewhere', data: 'SECRET-PROOF' } }
            : part,
        );
        const messages = [
          ...request.messages.slice(0, -1),
          { role: 'assistant' as const, parts: foreign.filter(({ kind }) => kind !== 'tool-call') },
          request.messages.at(-1)!,
        ];
        const { body } = wires[upstream].codec.encodeRequest(
          { ...request, messages },
          target,
          createLossReport(),
        );
        expect(JSON.stringify(body)).not.toMatch(new RegExp(`SECRET-PROOF|${sealPrefix}`));
      }),
      { numRuns },
    );
  });
});

/** As it travels: undefined members vanish. */
function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

function decodeContext(): DecodeContext {
  return { issuer: 'example', newId: createIds() };
}

function encodeContext(): EncodeContext {
  return {
    ...decodeContext(),
    client: { model: 'any', stream: true, includeUsage: true, legacyFunctions: false },
    model: 'm-1',
    created: 1,
    began: 1000,
    now: () => 1000,
    inputTokens: 5,
    loss: createLossReport(),
  };
}

function encodeStream(wire: WireName, events: readonly AnswerEvent[]): string {
  const encoder = wires[wire].codec.createAnswerEncoder(encodeContext());
  for (const event of events) encoder.write(event);
  return encoder.take();
}

function decodeStream(wire: WireName, text: string, sizes?: readonly number[]): readonly AnswerEvent[] {
  const events: AnswerEvent[] = [];
  const decoder = wires[wire].codec.createAnswerDecoder(decodeContext(), (event) => events.push(event));
  const bytes = Buffer.from(text);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes?.[i % sizes.length] ?? bytes.length;
    decoder.push(bytes.subarray(at, at + size));
    at += size;
  }
  decoder.end();
  return events;
}

function decodeWhole(wire: WireName, text: string): readonly AnswerEvent[] {
  const events: AnswerEvent[] = [];
  wires[wire].codec.decodeAnswer(JSON.parse(text), decodeContext(), (event) => events.push(event));
  return events;
}
