// What is known about families of models, and what suffixes of a name turn into.
import { describe, expect, test } from 'vitest';
import { findRules } from '../../../src/protocols/model-rules.ts';
import { passThroughEdits } from '../../../src/protocols/suffixes.ts';
import { wires } from '../../support/translation.ts';

describe('rules', () => {
  test.each([
    ['claude-3-haiku-20240307', { thinking: 'none', prefill: true, nativeSchema: false, maxOutput: 4096 }],
    ['claude-3-5-sonnet-20241022', { thinking: 'none', sampling: 'free', maxOutput: 8192 }],
    ['claude-3-7-sonnet-latest', { thinking: 'budget', prefill: true }],
    [
      'us.anthropic.claude-sonnet-4-20250514-v1:0',
      { thinking: 'budget', sampling: 'free', nativeSchema: false },
    ],
    ['claude-opus-4-1', { sampling: 'one', nativeSchema: true, prefill: true }],
    ['claude-sonnet-4-5@20250929', { thinking: 'budget', sampling: 'one', prefill: true, midSystem: false }],
    ['anthropic/claude-sonnet-4.6', { thinking: 'adaptive', prefill: false, sampling: 'one' }],
    ['claude-opus-4-7', { sampling: 'none', prefill: false, midSystem: false, thinking: 'adaptive' }],
    ['claude-opus-4-8', { midSystem: true }],
    ['claude-sonnet-5', { midSystem: true, sampling: 'none', prefill: false }],
    ['claude-fable-5-2', { midSystem: true, sampling: 'none' }],
    ['claude-next', { midSystem: true, sampling: 'none', prefill: false }],
    [
      'gpt-4o',
      { maxTokensField: 'max_completion_tokens', systemRole: 'system', efforts: [], sampling: 'free' },
    ],
    [
      'gpt-5-mini-2025-08-07',
      {
        efforts: ['minimal', 'low', 'medium', 'high'],
        sampling: 'none',
        systemRole: 'developer',
        stop: false,
      },
    ],
    ['openai/gpt-5.1', { efforts: ['none', 'low', 'medium', 'high'] }],
    ['gpt-5.2', { efforts: ['none', 'low', 'medium', 'high', 'xhigh'], cacheMarks: false }],
    ['gpt-5.6', { cacheMarks: true }],
    ['gpt-4.1-2025-04-14', { hostedSearch: true }],
    ['gpt-4.1-nano', { hostedSearch: false }],
    ['gpt-oss-120b', { hostedSearch: false }],
    ['grok-4', { hostedSearch: true }],
    ['gpt-6', { efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'] }],
    ['o3-mini', { efforts: ['low', 'medium', 'high'], sampling: 'none' }],
    [
      'openai/gpt-oss-120b',
      {
        efforts: ['low', 'medium', 'high'],
        maxTokensField: 'max_tokens',
        sampling: 'free',
        systemRole: 'system',
      },
    ],
    ['deepseek-reasoner', { reasoningHistory: 'tool-turns', maxTokensField: 'max_tokens' }],
    ['llama-4-scout', { efforts: [], contentLists: false, maxTokensField: 'max_tokens', userField: 'user' }],
  ])('of %s', (model, expected) => {
    expect(findRules(model)).toMatchObject(expected);
  });

  test('give way to the named deviations of a host', () => {
    expect(findRules('gpt-5.2', ['max-tokens', 'no-developer-role', 'unknown'])).toMatchObject({
      maxTokensField: 'max_tokens',
      systemRole: 'system',
      sampling: 'none',
    });
    expect(findRules('gpt-5.2')).toMatchObject({ maxTokensField: 'max_completion_tokens' });
  });
});

describe('suffixes of a call that passes through', () => {
  const edits = (body: object, model: string, suffixes: readonly string[]) => {
    const bytes = Buffer.from(JSON.stringify({ model: 'm', messages: [], ...body }));
    const { peek } = wires['anthropic-messages'];
    return passThroughEdits('anthropic-messages', model, suffixes, peek.request(bytes, { maxDepth: 9 }));
  };

  test('become a header and a member, unless the client already says how to think', () => {
    expect(edits({ max_tokens: 9000 }, 'claude-opus-4-8', ['1m', 'thinking'])).toEqual({
      headers: { 'anthropic-beta': 'context-1m-2025-08-07' },
      insert: '"thinking":{"type":"adaptive"}',
    });
    expect(edits({ max_tokens: 9000 }, 'claude-sonnet-4-5', ['thinking']).insert).toBe(
      '"thinking":{"type":"enabled","budget_tokens":7976}',
    );
    expect(edits({ max_tokens: 500 }, 'claude-sonnet-4-5', ['thinking'])).toEqual({ headers: {} });
    expect(
      edits({ max_tokens: 9000, thinking: { type: 'disabled' } }, 'claude-opus-4-8', ['thinking']),
    ).toEqual({ headers: {} });
    expect(edits({}, 'claude-3-opus', [])).toEqual({ headers: {} });
  });

  test('on Chat are an effort', () => {
    const { peek } = wires['openai-chat'];
    const seen = (body: object) =>
      peek.request(Buffer.from(JSON.stringify({ model: 'm', messages: [], ...body })), { maxDepth: 9 });
    expect(passThroughEdits('openai-chat', 'm', ['1m', 'thinking'], seen({}))).toEqual({
      headers: {},
      insert: '"reasoning_effort":"high"',
    });
    expect(passThroughEdits('openai-chat', 'm', ['thinking'], seen({ reasoning_effort: 'low' }))).toEqual({
      headers: {},
    });
  });

  test('on Ollama are the switch, or the strongest level where the model has levels', () => {
    const seen = (body: object) =>
      wires.ollama.peek.request(Buffer.from(JSON.stringify({ model: 'm', ...body })), { maxDepth: 9 });
    const insert = (model: string, body = {}) =>
      passThroughEdits('ollama', model, ['thinking'], seen(body)).insert;
    expect(insert('qwen3:8b')).toBe('"think":true');
    expect(insert('gpt-oss:20b')).toBe('"think":"high"');
    expect(insert('gpt-oss:20b', { think: false })).toBeUndefined();
  });
});
