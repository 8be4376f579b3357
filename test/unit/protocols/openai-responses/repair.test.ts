// What is left out of a request that a Responses upstream refused for it, and what is not.
import { expect, test } from 'vitest';
import { repairBody } from '../../../../src/protocols/openai-responses/repair.ts';

const call = { type: 'function_call', call_id: 'c', name: 'a', arguments: '{}' };
const body = {
  model: 'm',
  input: [
    { role: 'user', content: 'x' },
    { type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
    call,
  ],
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
  reasoning: { effort: 'low', summary: 'auto' },
};
const refused = (message: string, code?: string) => ({
  class: 'invalid_request' as const,
  status: 400,
  message,
  ...(code !== undefined && { code }),
});

test.each([
  ['The encrypted content gAAA... could not be verified.', 'invalid_encrypted_content'],
  ['The encrypted content for item rs_1 could not be decrypted', undefined],
])('encrypted reasoning of another account goes, the calls stay: %s', (message, code) => {
  expect(repairBody(body, refused(message, code))).toEqual({ ...body, input: [body.input[0], call] });
});

test('a model without encrypted reasoning is not asked for it', () => {
  const repaired = repairBody(body, refused('Encrypted content is not supported with this model.'));
  expect(repaired).toEqual({
    ...body,
    input: [body.input[0], call],
    include: ['message.output_text.logprobs'],
  });
  const only = { model: 'm', input: 'x', include: ['reasoning.encrypted_content'] };
  expect(repairBody(only, refused('Encrypted content is not supported with this model.'))).toEqual({
    model: 'm',
    input: 'x',
  });
});

test('an organisation that gets no summaries gets the answer', () => {
  const refusal = refused(
    'Your organization must be verified to generate reasoning summaries. Please go to …',
  );
  expect(repairBody(body, refusal)).toEqual({ ...body, reasoning: { effort: 'low' } });
  expect(repairBody({ input: 'x', reasoning: { summary: 'auto' } }, refusal)).toEqual({ input: 'x' });
});

test('nothing is repaired twice, and no other refusal', () => {
  expect(repairBody({ input: 'x' }, refused('encrypted content a could not be verified'))).toBeUndefined();
  expect(repairBody({ input: [call] }, refused('…', 'invalid_encrypted_content'))).toBeUndefined();
  expect(repairBody(body, refused('Unknown parameter: input[0].x'))).toBeUndefined();
  expect(
    repairBody(body, {
      class: 'rate_limit',
      status: 429,
      message: 'encrypted content x could not be verified',
    }),
  ).toBeUndefined();
});
