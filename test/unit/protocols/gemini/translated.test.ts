// What a Gemini client sees of thoughts, and what older models get of requests that they cannot take as a whole.
import { describe, expect, it } from 'vitest';
import { createLossReport } from '../../../../src/ir/loss.ts';
import type { ModelRequest } from '../../../../src/ir/request.ts';
import { gemini } from '../../../../src/protocols/gemini/index.ts';
import { findRules } from '../../../../src/protocols/model-rules.ts';
import { answerPipe, feed } from '../../../support/translation.ts';

describe('thoughts', () => {
  const thinking = { type: 'thinking', thinking: 'Hm.', signature: 'SIGNED' };
  const answer = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [thinking, { type: 'text', text: 'Blue.' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
  };

  it.each([true, false])(
    'are shown to those who ask for them, proofs to all; streamed %s',
    (clientStream) => {
      const read = (includeThoughts: boolean): string => {
        const request = { generationConfig: { thinkingConfig: { includeThoughts } } };
        const pipe = answerPipe('gemini', 'anthropic-messages', { stream: false, clientStream, request });
        return feed(pipe, Buffer.from(JSON.stringify(answer))).text;
      };
      expect(read(true)).toContain('"text":"Hm.","thought":true');
      expect(read(false)).not.toContain('Hm.');
      for (const shown of [true, false])
        expect(read(shown)).toMatch(/"text":"Blue.","thoughtSignature":"b21uaXJvdXRl/);
    },
  );
});

describe('a request to a model before Gemini 3', () => {
  const base: ModelRequest = {
    model: 'm',
    stream: false,
    messages: [{ role: 'user', parts: [{ kind: 'text', text: 'x' }] }],
    tools: [
      { kind: 'function', name: '1st tool' },
      { kind: 'web-search', name: 'web_search' },
    ],
    sampling: {},
    output: {},
    cache: { automatic: true },
  };
  const encode = (model: string, request: ModelRequest) => {
    const loss = createLossReport();
    const { body, plan } = gemini.codec.encodeRequest(
      request,
      { model, issuer: 'google', rules: findRules(model) },
      loss,
    );
    return {
      body: JSON.parse(JSON.stringify(body)) as object,
      plan,
      loss: loss.entries.map(({ path }) => path),
    };
  };

  it('has functions or a search, newer ones both', () => {
    const older = encode('gemini-2.5-pro', base);
    expect(older.body).toMatchObject({ tools: [{ functionDeclarations: [{}] }] });
    expect(older.loss).toEqual(['tools[1]']);
    const newer = encode('gemini-3-pro', base);
    expect(newer.body).toMatchObject({
      tools: [{ functionDeclarations: [{}] }, { googleSearch: {} }],
      toolConfig: { includeServerSideToolInvocations: true },
    });
    expect(newer.loss).toEqual([]);
  });

  it('has names that begin with a letter, and back again', () => {
    const { body, plan } = encode('gemini-3-pro', base);
    const name = /"name":"([^"]+)"/.exec(JSON.stringify(body))![1]!;
    expect(name).toMatch(/^_1st_tool_[\da-f]{8}$/);
    expect(plan.names.decode(name)).toBe('1st tool');
  });

  it('has media of results beside them, newer ones inside', () => {
    const image = { kind: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AAAA' } } as const;
    const messages: ModelRequest['messages'] = [
      ...base.messages,
      { role: 'assistant', parts: [{ kind: 'tool-call', id: 'c', name: 'f', arguments: '' }] },
      {
        role: 'tool',
        parts: [{ kind: 'tool-result', id: 'c', parts: [{ kind: 'text', text: 'ok' }, image] }],
      },
    ];
    const parts = (model: string): unknown =>
      (encode(model, { ...base, messages }).body as { contents: { parts: unknown }[] }).contents.at(-1)!
        .parts;
    const inlineData = { mimeType: 'image/png', data: 'AAAA' };
    const functionResponse = { id: 'c', name: 'f', response: { output: 'ok' } };
    expect(parts('gemini-2.5-pro')).toEqual([{ functionResponse }, { inlineData }]);
    expect(parts('gemini-3-pro')).toEqual([
      { functionResponse: { ...functionResponse, parts: [{ inlineData }] } },
    ]);
  });

  it('tells what has no word here', () => {
    const file = {
      kind: 'file',
      name: 'a.pdf',
      context: 'c',
      citable: true,
      source: { kind: 'data', mediaType: 'application/pdf', data: 'AAAA' },
    } as const;
    const { loss } = encode('gemini-3-pro', {
      ...base,
      tools: [],
      user: 'u',
      serviceTier: 'scale',
      messages: [{ role: 'user', name: 'Ann', parts: [file] }],
      output: { verbosity: 'low' },
    });
    expect(loss.toSorted()).toEqual([
      'messages[0].name',
      'messages[0].parts[0].citable',
      'messages[0].parts[0].context',
      'messages[0].parts[0].name',
      'output.verbosity',
      'serviceTier',
      'user',
    ]);
  });
});
