import { describe, expect, test } from 'vitest';
import { fakeSignature } from '../../../src/upstream/sandbox/say.ts';
import { createSandbox } from '../../../src/upstream/sandbox/simulator.ts';

/** The refusal's text, or undefined when the request was taken. */
function refusal(path: string, body: object): string | undefined {
  const steps = createSandbox().answer({
    method: 'POST',
    path,
    headers: {},
    body: Buffer.from(JSON.stringify(body)),
  });
  const text = Buffer.concat(steps.flatMap((step) => (step.kind === 'data' ? [step.bytes] : []))).toString();
  const { error } = JSON.parse(text) as { error?: { message: string } };
  return error?.message;
}

const ours = fakeSignature('abc');
const user = { role: 'user', content: 'Hi' };

describe('chat', () => {
  const ask = (...messages: object[]) =>
    refusal('/v1/chat/completions', { model: 'echo', messages: [user, ...messages] });
  const calls = { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] };
  const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'x' });

  test.each<[string, object[], string | undefined]>([
    ['complete results', [calls, result('b'), result('a'), user], undefined],
    ['a missing result', [calls, result('a'), user], 'tool call "b" has no result'],
    ['calls at the end', [calls], 'has no result'],
    ['a result without a call', [result('a')], '"a" does not'],
    ['a result twice', [calls, result('a'), result('a'), result('b')], '"a" does not'],
  ])('%s', (_, messages, words) => {
    if (words === undefined) expect(ask(...messages)).toBeUndefined();
    else expect(ask(...messages)).toContain(words);
  });
});

describe('responses', () => {
  const ask = (...items: object[]) => refusal('/v1/responses', { model: 'echo', input: [user, ...items] });
  const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'a', output: 'x' };
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: ours };

  test.each<[string, object[], string | undefined]>([
    ['a whole turn', [reasoning, call, output], undefined],
    ['a missing output', [call], 'no tool output found'],
    ['an output without a call', [output], 'no tool call found'],
    ['reasoning of somebody else', [{ ...reasoning, encrypted_content: 'gAAAA' }], 'invalid signature'],
    ['reasoning without a summary', [{ ...reasoning, summary: undefined }], 'required'],
  ])('%s', (_, items, words) => {
    if (words === undefined) expect(ask(...items)).toBeUndefined();
    else expect(ask(...items)).toContain(words);
  });
});

describe('messages', () => {
  const ask = (...messages: object[]) => refusal('/v1/messages', { model: 'echo', max_tokens: 9, messages });
  const assistant = (...content: object[]) => ({ role: 'assistant', content });
  const use = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} };
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' };
  const text = { type: 'text', text: 'and' };
  const says = (...content: object[]) => ({ role: 'user', content });

  test.each<[string, object[], string | undefined]>([
    [
      'a whole turn',
      [user, assistant({ type: 'thinking', thinking: '', signature: ours }, use), says(result, text)],
      undefined,
    ],
    [
      'a system message between',
      [user, assistant(use), { role: 'system', content: 'x' }, says(result)],
      undefined,
    ],
    ['a missing result', [user, assistant(use), says(text)], 'has no result'],
    ['a result after text', [user, assistant(use), says(text, result)], 'must come first'],
    ['a result without a call', [user, says(result)], 'unexpected tool_use_id'],
    ['text that is only white space', [says({ type: 'text', text: ' ' })], 'white space'],
    [
      'thinking without proof',
      [user, assistant({ type: 'thinking', thinking: 'x' }), user],
      'Field required',
    ],
    [
      'a foreign proof',
      [user, assistant({ type: 'thinking', thinking: 'x', signature: 'EqQB' }), user],
      'invalid signature',
    ],
    ['an id with other characters', [user, assistant({ ...use, id: 'call.1' }), says(result)], 'not allowed'],
    ['the assistant first', [assistant(text), user], 'first message'],
  ])('%s', (_, messages, words) => {
    if (words === undefined) expect(ask(...messages)).toBeUndefined();
    else expect(ask(...messages)).toContain(words);
  });
});

describe('gemini', () => {
  const ask = (turns: object[][], declaration: object = { name: 'f' }) =>
    refusal('/v1beta/models/echo:generateContent', {
      contents: turns.map((parts, index) => ({ role: index % 2 === 0 ? 'user' : 'model', parts })),
      tools: [{ functionDeclarations: [declaration] }],
    });
  const say = [{ text: 'Hi' }];
  const call = { functionCall: { name: 'f', args: {} } };
  const response = { functionResponse: { name: 'f', response: {} } };

  test.each<[string, object[][], string | undefined]>([
    ['a whole turn', [say, [{ ...call, thoughtSignature: ours }, call], [response, response]], undefined],
    [
      'a documented bypass',
      [say, [{ ...call, thoughtSignature: 'skip_thought_signature_validator' }], [response]],
      undefined,
    ],
    ['one result for two calls', [say, [call, call], [response]], 'must equal'],
    ['a result without a call', [say, say, [response]], 'must equal'],
    ['a foreign proof', [say, [{ ...call, thoughtSignature: 'CsQB' }], [response]], 'invalid signature'],
  ])('%s', (_, turns, words) => {
    if (words === undefined) expect(ask(turns)).toBeUndefined();
    else expect(ask(turns)).toContain(words);
  });

  test.each<[string, object, string | undefined]>([
    [
      'a plain schema',
      { parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', enum: ['x'] } } } },
      undefined,
    ],
    [
      'full JSON schema in its own field',
      { parametersJsonSchema: { $schema: 'x', additionalProperties: false } },
      undefined,
    ],
    [
      'a refused keyword',
      { parameters: { type: 'object', additionalProperties: false } },
      '"additionalProperties"',
    ],
    [
      'a refused keyword inside',
      { parameters: { type: 'object', properties: { a: { items: { oneOf: [] } } } } },
      '"oneOf" in parameters of f.a[]',
    ],
    ['a type list', { parameters: { type: ['string', 'null'] } }, 'one type'],
    ['numbers in an enum', { parameters: { enum: [1] } }, 'strings'],
    ['a bad name', { name: '1 f' }, 'invalid function name'],
  ])('%s', (_, declaration, words) => {
    const message = ask([say], { name: 'f', ...declaration });
    if (words === undefined) expect(message).toBeUndefined();
    else expect(message).toContain(words);
  });
});
