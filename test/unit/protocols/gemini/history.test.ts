// Histories of Gemini clients: calls and results without ids, signatures, sealed proofs; and how much a model thinks.
import { describe, expect, it } from 'vitest';
import { changeRequest, type RequestChanges } from '../../../../src/ir/changes.ts';
import { createLossReport } from '../../../../src/ir/loss.ts';
import { sealProof } from '../../../../src/ir/proof.ts';
import type { Reasoning } from '../../../../src/ir/options.ts';
import { gemini } from '../../../../src/protocols/gemini/index.ts';
import { encodeThinking } from '../../../../src/protocols/gemini/thinking.ts';
import { findRules } from '../../../../src/protocols/model-rules.ts';

const { codec } = gemini;
const read = (contents: readonly object[]) =>
  codec.decodeRequest({ contents }, createLossReport()).request.messages;
const call = (name: string, id?: string) => ({ functionCall: { ...(id && { id }), name, args: {} } });
const result = (name: string, output: string, id?: string) => ({
  functionResponse: { ...(id && { id }), name, response: { output } },
});

describe('results without ids', () => {
  const answersOf = (parts: readonly object[], answers: readonly object[]) => {
    const [, turn, results] = read([
      { role: 'user', parts: [{ text: 'x' }] },
      { role: 'model', parts },
      { role: 'user', parts: answers },
    ]);
    const ids = turn!.parts.flatMap((part) => (part.kind === 'tool-call' ? [part.id] : []));
    return results!.parts.map((part) => (part.kind === 'tool-result' ? ids.indexOf(part.id) : undefined));
  };

  it('find their calls by name, and by order among equals', () => {
    const calls = [call('a'), call('b'), call('a')];
    expect(answersOf(calls, [result('b', '1'), result('a', '2'), result('a', '3')])).toEqual([1, 0, 2]);
  });

  it('find them when the client made up ids, or gave them to some', () => {
    expect(
      answersOf([call('a'), call('a')], [result('a', '1', 'mine-1'), result('a', '2', 'mine-2')]),
    ).toEqual([0, 1]);
    expect(answersOf([call('a', 'i1'), call('a')], [result('a', '1'), result('a', '2', 'i1')])).toEqual([
      1, 0,
    ]);
  });

  it('give the same ids in every turn', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'x' }] },
      { role: 'model', parts: [call('a')] },
    ];
    expect(read(contents)).toEqual(read(contents));
    expect(read(contents)[1]!.parts[0]).toMatchObject({ id: 'call_g1_0' });
  });
});

describe('signatures in a history', () => {
  it('belong to the thought before them', () => {
    const [, turn] = read([
      { parts: [{ text: 'x' }] },
      {
        role: 'model',
        parts: [
          { text: 'Hm.', thought: true },
          { ...call('a'), thoughtSignature: 'c2ln' },
        ],
      },
    ]);
    expect(turn!.parts[0]).toEqual({
      kind: 'reasoning',
      text: 'Hm.',
      proof: { wire: 'gemini', form: 'signature', data: 'c2ln' },
    });
  });

  it('that are sealed bring the text that they prove, also when the client has dropped it', () => {
    const proof = { wire: 'anthropic-messages', issuer: 'a', form: 'signature', data: 'S' } as const;
    const signed = { ...call('a'), thoughtSignature: sealProof(proof, 'Hm.') };
    for (const before of [[], [{ text: 'Hm', thought: true }]]) {
      const [, turn] = read([{ parts: [{ text: 'x' }] }, { role: 'model', parts: [...before, signed] }]);
      expect(turn!.parts).toMatchObject([{ kind: 'reasoning', text: 'Hm.', proof }, { kind: 'tool-call' }]);
    }
  });

  it('return to their issuer, and Google’s word for none stands for those of others', () => {
    const signed = { ...call('a'), thoughtSignature: 'c2ln' };
    const body = { contents: [{ parts: [{ text: 'x' }] }, { role: 'model', parts: [signed] }] };
    const { request } = codec.decodeRequest(body, createLossReport());
    const send = (model: string, parts = request.messages[1]!.parts): string => {
      const messages = [request.messages[0]!, { role: 'assistant' as const, parts }];
      const target = { model, issuer: 'google', rules: findRules(model) };
      return JSON.stringify(codec.encodeRequest({ ...request, messages }, target, createLossReport()).body);
    };
    expect(send('gemini-3-pro')).toContain('"thoughtSignature":"c2ln"');
    const bare = request.messages[1]!.parts.filter(({ kind }) => kind === 'tool-call');
    expect(send('gemini-3-pro', bare)).toContain('skip_thought_signature_validator');
    expect(send('gemini-2.5-pro', bare)).not.toContain('thoughtSignature');
  });
});

describe('thinking', () => {
  const think = (model: string, reasoning: Reasoning) => {
    const loss = createLossReport();
    return [encodeThinking(reasoning, findRules(model), loss), loss.entries.length];
  };

  it.each<[string, Reasoning, object | undefined, number]>([
    ['gemini-2.5-flash', { effort: 'medium' }, { thinkingBudget: 8192, includeThoughts: true }, 0],
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }, 0],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }, 1],
    ['gemini-2.5-pro', { effort: 'max' }, { thinkingBudget: 32_768, includeThoughts: true }, 0],
    ['gemini-2.5-flash', { budget: 99_999 }, { thinkingBudget: 24_576, includeThoughts: true }, 1],
    ['gemini-2.5-flash', { mode: 'adaptive' }, { thinkingBudget: -1, includeThoughts: true }, 0],
    ['gemini-3-pro', { effort: 'medium' }, { thinkingLevel: 'LOW', includeThoughts: true }, 1],
    ['gemini-3.1-pro', { effort: 'medium' }, { thinkingLevel: 'MEDIUM', includeThoughts: true }, 0],
    ['gemini-3-flash', { budget: 1024 }, { thinkingLevel: 'MINIMAL', includeThoughts: true }, 0],
    [
      'gemini-3-flash',
      { effort: 'xhigh', display: 'omitted' },
      { thinkingLevel: 'HIGH', includeThoughts: false },
      1,
    ],
    ['gemini-2.0-flash', { effort: 'high' }, undefined, 1],
    ['gemini-2.0-flash', { effort: 'none' }, undefined, 0],
  ])('%s, asked for %o', (model, reasoning, expected, losses) => {
    expect(think(model, reasoning)).toEqual([expected, losses]);
  });

  it('is read in any spelling', () => {
    const asked = (thinkingConfig: object) =>
      codec.decodeRequest({ contents: [], generationConfig: { thinkingConfig } }, createLossReport()).request
        .reasoning;
    expect(asked({ thinkingLevel: 'high' })).toEqual({ mode: 'enabled', effort: 'high' });
    expect(asked({ thinking_level: 'THINKING_LEVEL_UNSPECIFIED' })).toEqual({});
    expect(asked({ thinkingBudget: -1 })).toEqual({ mode: 'adaptive' });
    expect(asked({ thinkingBudget: 0 })).toEqual({ mode: 'disabled' });
  });

  it('is changed by the operator as on the hub', () => {
    const changes: RequestChanges = {
      systemPrompts: [],
      thinking: { mode: 'custom', budget: 4000, effort: 'low' },
    };
    const body = { contents: [], generation_config: { thinking_config: { includeThoughts: true } } };
    for (const model of ['gemini-2.5-flash', 'gemini-3-flash', 'gemini-2.0-flash']) {
      const rules = findRules(model);
      const changed = gemini.changeBody(body, changes, { model, rules });
      const wire = codec.decodeRequest(changed, createLossReport()).request.reasoning;
      const hub = changeRequest(codec.decodeRequest(body, createLossReport()).request, changes, {
        sampling: 'free',
        reasons: true,
      }).reasoning!;
      expect(encodeThinking(wire, rules, createLossReport())).toEqual(
        encodeThinking(hub, rules, createLossReport()),
      );
    }
    const off: RequestChanges = { systemPrompts: [], thinking: { mode: 'auto', budget: 0, effort: 'none' } };
    expect(gemini.changeBody(body, off, { model: 'm', rules: findRules('gemini-2.5-pro') })).toEqual({
      contents: [],
    });
  });
});
