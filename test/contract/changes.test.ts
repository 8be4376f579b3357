// One law for every wire: changing a body and reading it into the hub says the same as reading it first and changing it
// there. So a request is changed alike whether it passes through or is translated.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeRequest, type RequestChanges } from '../../src/ir/changes.ts';
import { createLossReport } from '../../src/ir/loss.ts';
import { isSystem } from '../../src/ir/message.ts';
import type { ModelRequest } from '../../src/ir/request.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { findRules } from '../../src/protocols/model-rules.ts';
import { findProtocol } from '../../src/protocols/registry.ts';

const runs = Number(process.env.FC_RUNS ?? 300);

const text = fc.constantFrom('One.', 'Two.', 'three\nlines', 'ünïcode');
const blocks = fc
  .array(text, { minLength: 1, maxLength: 3 })
  .map((list) => list.map((each) => ({ type: 'text', text: each })));
const content = fc.oneof(text, blocks);
const turns = fc.array(fc.tuple(content, text), { maxLength: 7 }).chain((pairs) =>
  content.map((last) => [
    ...pairs.flatMap(([user, assistant]) => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]),
    { role: 'user', content: last },
  ]),
);
const common = {
  model: fc.constant('m'),
  temperature: fc.constantFrom(0, 0.3, 0.9, 1),
  top_p: fc.constant(0.9),
};

const bodies: Record<string, fc.Arbitrary<JsonObject>> = {
  'openai-chat': fc
    .record(
      {
        ...common,
        max_tokens: fc.integer({ min: 1, max: 9000 }),
        max_completion_tokens: fc.integer({ min: 1, max: 9000 }),
        system: fc.array(fc.record({ role: fc.constantFrom('system', 'developer'), content }), {
          maxLength: 2,
        }),
        turns,
      },
      { requiredKeys: ['model', 'system', 'turns'] },
    )
    .map(({ system, turns: said, ...rest }) => ({ ...rest, messages: [...system, ...said] })),
  'anthropic-messages': fc
    .record(
      { ...common, max_tokens: fc.integer({ min: 1, max: 9000 }), system: content, turns },
      { requiredKeys: ['model', 'max_tokens', 'turns'] },
    )
    .map(({ turns: said, ...rest }) => ({ ...rest, messages: said })),
  ollama: fc
    .record(
      {
        options: fc.record(
          {
            num_predict: fc.integer({ min: -1, max: 9000 }),
            temperature: common.temperature,
            top_p: common.top_p,
          },
          { requiredKeys: [] },
        ),
        system: fc.array(fc.record({ role: fc.constantFrom('system', 'developer'), content: text }), {
          maxLength: 2,
        }),
        said: fc.array(fc.tuple(text, text), { maxLength: 7 }),
        last: text,
      },
      { requiredKeys: ['system', 'said', 'last'] },
    )
    .map(({ system, said, last, ...rest }) => ({
      model: 'm',
      ...rest,
      messages: [
        ...system,
        ...said.flatMap(([user, assistant]) => [
          { role: 'user', content: user },
          { role: 'assistant', content: assistant },
        ]),
        { role: 'user', content: last },
      ],
    })),
};

const items = turns.map((said) =>
  said.map(({ role, content: told }) => {
    const type = role === 'assistant' ? 'output_text' : 'input_text';
    return {
      role,
      content: typeof told === 'string' ? told : told.map(({ text: one }) => ({ type, text: one })),
    };
  }),
);
bodies['openai-responses'] = fc
  .record(
    {
      ...common,
      max_output_tokens: fc.integer({ min: 1, max: 9000 }),
      instructions: text,
      system: fc.array(fc.record({ role: fc.constantFrom('system', 'developer'), content: text }), {
        maxLength: 2,
      }),
      input: fc.oneof(items, items, text),
    },
    { requiredKeys: ['model', 'system', 'input'] },
  )
  .map(({ system, input, ...rest }) => ({
    ...rest,
    // Tools among the items are no system text.
    input: typeof input === 'string' ? input : [{ type: 'additional_tools', tools: [] }, ...system, ...input],
  }));

const parts = fc
  .array(text, { minLength: 1, maxLength: 3 })
  .map((list) => list.map((one) => ({ text: one })));
bodies['gemini'] = fc
  .record(
    {
      generationConfig: fc.record(
        {
          temperature: common.temperature,
          topP: common.top_p,
          maxOutputTokens: fc.integer({ min: 1, max: 9000 }),
        },
        { requiredKeys: [] },
      ),
      systemInstruction: fc.oneof(
        text,
        parts.map((list) => ({ parts: list })),
      ),
      said: fc.array(fc.tuple(parts, parts), { maxLength: 7 }),
      last: parts,
    },
    { requiredKeys: ['said', 'last'] },
  )
  .map(({ said, last, ...rest }) => ({
    ...rest,
    contents: [
      ...said.flatMap(([user, model]) => [
        { role: 'user', parts: user },
        { role: 'model', parts: model },
      ]),
      { role: 'user', parts: last },
    ],
  }));

const changes: fc.Arbitrary<RequestChanges> = fc.record(
  {
    maxOutputTokens: fc.integer({ min: 1, max: 9000 }),
    temperature: fc.constantFrom({ min: 0, max: 0.5 }, { min: 0.4, max: 0.8 }, { min: 0, max: 1 }),
    systemPrompts: fc.array(
      fc.record({
        text: fc.constantFrom('House.', 'Rules.'),
        position: fc.constantFrom('prepend', 'append', 'replace'),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['systemPrompts'] },
);

/** What both ways must agree about. Blocks of a text may be cut differently: what a model reads is the same. */
function essence({ messages, sampling, output }: ModelRequest) {
  const system = messages
    .filter(isSystem)
    .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'text' ? part.text.split('\n\n') : [])));
  return {
    system,
    others: messages.filter((message) => !isSystem(message)),
    sampling,
    limit: output.maxTokens,
  };
}

describe.each(Object.keys(bodies))('%s', (name) => {
  const protocol = findProtocol(name as 'openai-chat')!;
  const read = (body: JsonObject): ModelRequest =>
    protocol.codec!.decodeRequest(body, createLossReport()).request;
  const rules = findRules('gpt-4.1');

  it('changes on the wire are changes on the hub', () => {
    fc.assert(
      fc.property(bodies[name]!, changes, (body, change) => {
        const before = structuredClone(body);
        const onWire = read(protocol.changeBody(body, change, { model: 'm', rules }));
        const onHub = changeRequest(read(body), change, { reasons: false, sampling: 'free' });
        expect(essence(onWire)).toEqual(essence(onHub));
        expect(body).toEqual(before);
      }),
      { numRuns: runs },
    );
  });

  it('no change changes nothing', () => {
    fc.assert(
      fc.property(bodies[name]!, (body) => {
        expect(protocol.changeBody(body, { systemPrompts: [] }, { model: 'm', rules })).toEqual(body);
      }),
      { numRuns: Math.min(runs, 100) },
    );
  });
});
