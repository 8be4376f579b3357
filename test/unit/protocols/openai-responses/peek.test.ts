// A Responses body as bytes: what is demanded, what is spliced, what of ours is taken back.
import { describe, expect, test } from 'vitest';
import { isGatewayError } from '../../../../src/errors.ts';
import { sealProof } from '../../../../src/ir/proof.ts';
import { writeCompaction } from '../../../../src/protocols/openai-responses/compaction.ts';
import { peek } from '../../../../src/protocols/openai-responses/peek.ts';
import { passThroughEdits } from '../../../../src/protocols/suffixes.ts';

const limits = { maxDepth: 50 };
const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const spliced = (body: Uint8Array, edits: Parameters<typeof peek.splice>[2]): unknown =>
  JSON.parse(Buffer.concat(peek.splice(body, peek.request(body, limits), edits)).toString());

function refusal(value: unknown): { code: string; param: unknown } {
  try {
    peek.request(bytes(value), limits);
  } catch (error) {
    if (isGatewayError(error)) return { code: error.code, param: error.details.param };
    throw error;
  }
  throw new Error('it was taken');
}

describe('what is demanded', () => {
  test.each([
    [{ input: 'x' }, 'model'],
    [{ model: '', input: 'x' }, 'model'],
    [{ model: 'm' }, 'input'],
    [{ model: 'm', input: 5 }, 'input'],
    [{ model: 'm', input: { role: 'user' } }, 'input'],
    [{ model: 'm', input: 'x', stream: 'yes' }, 'stream'],
    [{ model: 'm', input: 'x', max_output_tokens: '9' }, 'max_output_tokens'],
  ])('%j is refused for %s', (body, param) => {
    expect(refusal(body)).toEqual({ code: 'invalid_body', param });
  });

  test.each(['input', 'store', 'previous_response_id', 'conversation', 'background', 'prompt', 'reasoning'])(
    'two of %s are refused: two readers could see different ones',
    (key) => {
      const value = key === 'input' ? '"x"' : 'null';
      const text = `{"model":"m","input":"x","${key}":${value},"${key}":${value}}`;
      expect(refusal(text)).toEqual({ code: 'duplicate_key', param: key });
    },
  );

  test.each([
    { model: 'm', input: 'x' },
    { model: 'm', input: [] },
    { model: 'm', input: null, previous_response_id: 'resp_1' },
    { model: 'm', previous_response_id: 'resp_1' },
    { model: 'm', conversation: 'conv_1' },
    { model: 'm', prompt: { id: 'p' } },
  ])('%j is taken', (body) => {
    expect(peek.request(bytes(body), limits)).toMatchObject({
      model: 'm',
      stream: false,
      reportsUsage: true,
    });
  });
});

describe('what is spliced', () => {
  test('model, stream and members, and nothing else', () => {
    const body = bytes({ model: 'm', stream: false, input: 'x', future: { a: [1] } });
    expect(spliced(body, { model: 'n', stream: true, insert: '"b":1' })).toEqual({
      b: 1,
      model: 'n',
      stream: true,
      input: 'x',
      future: { a: [1] },
    });
    expect(spliced(bytes({ model: 'm', input: 'x' }), { stream: true })).toMatchObject({ stream: true });
  });

  test('a thinking suffix, unless the client says how to think', () => {
    const edits = (body: object) =>
      passThroughEdits('openai-responses', 'm', ['thinking'], peek.request(bytes(body), limits)).insert;
    expect(edits({ model: 'm', input: 'x' })).toBe('"reasoning":{"effort":"high"}');
    expect(edits({ model: 'm', input: 'x', reasoning: { effort: 'low' } })).toBeUndefined();
  });
});

test('what the gateway sealed goes before an upstream reads it, what is real stays', () => {
  const proof = { wire: 'anthropic-messages', issuer: 'a', form: 'signature', data: 'S' } as const;
  const own = { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAA-own' };
  const input = [
    { role: 'user', content: 'x' },
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: sealProof(proof) },
    own,
    { type: 'reasoning', id: 'rs_3', summary: [], encrypted_content: sealProof(undefined) },
    writeCompaction('cmp_1', 'They like tea.'),
    { type: 'compaction', id: 'cmp_2', encrypted_content: 'gAAAA-compaction' },
  ];
  expect(spliced(bytes({ model: 'm', input }), { model: 'n' })).toEqual({
    model: 'n',
    input: [
      { role: 'user', content: 'x' },
      own,
      {
        role: 'user',
        content: [
          { type: 'input_text', text: expect.stringMatching(/in short:\n\nThey like tea\.$/) as unknown },
        ],
      },
      input[5],
    ],
  });
});
