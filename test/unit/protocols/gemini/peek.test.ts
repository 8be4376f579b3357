// A Gemini request as bytes: the path names model and kind of answer, one scan finds the rest.
import { describe, expect, it } from 'vitest';
import { gemini } from '../../../../src/protocols/gemini/index.ts';
import { sealProof } from '../../../../src/ir/proof.ts';
import { passThroughEdits } from '../../../../src/protocols/suffixes.ts';

const { peek } = gemini;
const limits = { maxDepth: 20 };
const at = (verb = 'generateContent', model = 'm') => ({ path: '', query: '', model, verb });
const bytes = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];

function splice(body: object, insert?: string): unknown {
  const raw = bytes(body);
  const pieces = peek.splice(raw, peek.request(raw, limits, at()), insert === undefined ? {} : { insert });
  return JSON.parse(Buffer.concat(pieces).toString());
}

describe('the peek', () => {
  it('takes the model and the kind of answer from the path', () => {
    const body = bytes({ contents });
    expect(peek.request(body, limits, at('streamGenerateContent', 'a/b'))).toMatchObject({
      model: 'a/b',
      stream: true,
      reportsUsage: true,
    });
    expect(peek.request(body, limits, at())).toMatchObject({ model: 'm', stream: false });
    expect(() => peek.request(body, limits)).toThrow('The path names no model.');
  });

  it('finds the limit in both spellings', () => {
    for (const generationConfig of [{ maxOutputTokens: 7 }, { max_output_tokens: 7 }])
      expect(peek.request(bytes({ contents, generationConfig }), limits, at()).maxOutputTokens).toBe(7);
    const snake = bytes({ contents, generation_config: { max_output_tokens: 7 } });
    expect(peek.request(snake, limits, at()).maxOutputTokens).toBe(7);
  });

  it.each([
    ['{"contents":"Hi"}', '"contents" must be an array'],
    ['{}', '"contents" is missing'],
    ['{"contents":[],"contents":[]}', 'has the key "contents" twice'],
    ['{"contents":[],"generationConfig":1}', '"generationConfig" must be an object'],
    [
      '{"contents":[],"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":2}}',
      'has the key "generationConfig.maxOutputTokens" twice',
    ],
  ])('refuses %s', (body, message) => {
    expect(() => peek.request(bytes(body), limits, at())).toThrow(message);
  });

  it('writes a client’s model into the path as a name and nothing else', () => {
    expect(peek.path('gemini-2.5-pro', false)).toBe('/models/gemini-2.5-pro:generateContent');
    expect(peek.path('a/b:free', true)).toBe('/models/a/b:free:streamGenerateContent?alt=sse');
    expect(peek.path('tunedModels/x', false)).toBe('/tunedModels/x:generateContent');
    expect(peek.path('m?key=1#x%2F', false)).toBe(
      '/models/m%3Fkey=1%23x%252F:generateContent'.replace('=', '%3D'),
    );
  });
});

describe('the splice', () => {
  const foreign = sealProof({ wire: 'anthropic-messages', issuer: 'a', form: 'signature', data: 'x' }, 'Hm.');

  it('leaves a body without seals alone', () => {
    const raw = bytes({ contents });
    expect(peek.splice(raw, peek.request(raw, limits, at()), {})).toEqual([raw]);
  });

  it('takes out what was sealed for a client, and says of calls that they are another model’s', () => {
    const parts = [
      { text: 'Hm.', thought: true, thoughtSignature: foreign },
      { text: 'Hello', thought_signature: foreign },
      { functionCall: { name: 'f', args: {} }, thoughtSignature: foreign },
      { text: '', thoughtSignature: foreign },
      { text: 'own', thoughtSignature: 'b3du' },
    ];
    expect(splice({ contents: [...contents, { role: 'model', parts }] })).toEqual({
      contents: [
        ...contents,
        {
          role: 'model',
          parts: [
            { text: 'Hello' },
            {
              functionCall: { name: 'f', args: {} },
              thoughtSignature: 'skip_thought_signature_validator',
            },
            { text: 'own', thoughtSignature: 'b3du' },
          ],
        },
      ],
    });
    const empty = { role: 'model', parts: [{ text: '', thoughtSignature: foreign }] };
    expect(splice({ contents: [...contents, empty] })).toEqual({ contents });
  });

  it('puts thinking where the client says nothing of it', () => {
    const edits = (model: string, body: object): string | undefined =>
      passThroughEdits('gemini', model, ['thinking'], peek.request(bytes(body), limits, at())).insert;
    const added = edits('gemini-2.5-flash', { contents })!;
    const thinkingConfig = { thinkingBudget: 24_576, includeThoughts: true };
    expect(splice({ contents }, added)).toEqual({ contents, generationConfig: { thinkingConfig } });
    expect(splice({ contents, generation_config: { topK: 3 } }, added)).toEqual({
      contents,
      generation_config: { thinkingConfig, topK: 3 },
    });
    expect(edits('gemini-3-pro', { contents })).toContain('"thinkingLevel":"HIGH"');
    expect(edits('gemini-2.0-flash', { contents })).toBeUndefined();
    expect(edits('gemini-3-pro', { contents, generationConfig: { thinkingConfig: {} } })).toBeUndefined();
  });
});
