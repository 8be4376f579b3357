// What the gateway sealed into a client's history never leaves it again, also on a pass-through; everything else of the
// body stays byte for byte.
import { describe, expect, test } from 'vitest';
import { sealProof } from '../../../src/ir/proof.ts';
import { wires } from '../../support/translation.ts';

const seal = sealProof({ wire: 'openai-chat', issuer: 'x', form: 'signature', data: 'd' });

function splice(wire: keyof typeof wires, body: unknown): string {
  const bytes = Buffer.from(JSON.stringify(body));
  const { peek } = wires[wire];
  return Buffer.concat(
    peek.splice(bytes, peek.request(bytes, { maxDepth: 50 }), { model: 'other' }),
  ).toString();
}

describe('anthropic-messages', () => {
  test('sealed thinking and citations go, real ones stay', () => {
    const real = { type: 'thinking', thinking: 'b', signature: 'EqoB' };
    const cited = { type: 'web_search_result_location', url: 'u', encrypted_index: 'real' };
    const body = {
      model: 'm',
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: seal }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'a', signature: seal },
            real,
            { type: 'redacted_thinking', data: seal },
            { type: 'text', text: 'T', citations: [cited, { ...cited, encrypted_index: seal }] },
            { type: 'text', text: 'U', citations: [{ ...cited, encrypted_index: seal }] },
          ],
        },
      ],
    };
    expect(JSON.parse(splice('anthropic-messages', body))).toEqual({
      model: 'other',
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [real, { type: 'text', text: 'T', citations: [cited] }, { type: 'text', text: 'U' }],
        },
      ],
    });
  });

  test('a text that merely speaks of a seal is not touched', () => {
    const body = {
      model: 'm',
      n: 1.0,
      messages: [{ role: 'user', content: [{ type: 'text', text: seal }] }],
    };
    expect(splice('anthropic-messages', body)).toBe(JSON.stringify({ ...body, model: 'other' }));
  });
});

describe('openai-chat', () => {
  test('sealed details go, real ones stay', () => {
    const real = { type: 'reasoning.text', text: 'r', signature: 'or' };
    const message = (details: unknown[]) => ({ role: 'assistant', content: 'c', reasoning_details: details });
    const sealed = { type: 'reasoning.text', text: 's', signature: seal };
    const encrypted = { type: 'reasoning.encrypted', data: seal };
    const body = {
      model: 'm',
      messages: [message([sealed, real]), message([encrypted]), { role: 'user', content: seal }],
    };
    expect(JSON.parse(splice('openai-chat', body))).toEqual({
      model: 'other',
      messages: [message([real]), { role: 'assistant', content: 'c' }, { role: 'user', content: seal }],
    });
  });
});
