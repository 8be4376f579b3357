import { describe, expect, test } from 'vitest';
import { createLossReport } from '../../../src/ir/loss.ts';
import type { Message } from '../../../src/ir/message.ts';
import type { Part } from '../../../src/ir/parts.ts';
import { repairRequest } from '../../../src/ir/repair.ts';
import type { ModelRequest } from '../../../src/ir/request.ts';
import type { Tool } from '../../../src/ir/tools.ts';

const user = (text: string): Message => ({ role: 'user', parts: [{ kind: 'text', text }] });
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  parts: ids.map((id): Part => ({ kind: 'tool-call', id, name: 'f', arguments: '{}' })),
});
const result = (id: string, text = id): Part => ({
  kind: 'tool-result',
  id,
  parts: [{ kind: 'text', text }],
});
const results = (...ids: string[]): Message => ({ role: 'tool', parts: ids.map((id) => result(id)) });
const missing = (id: string): Part => ({
  kind: 'tool-result',
  id,
  failed: true,
  parts: [{ kind: 'text', text: 'No result was recorded.' }],
});

function repair(messages: readonly Message[], tools: readonly Tool[] = []) {
  const loss = createLossReport();
  const request: ModelRequest = {
    model: 'm',
    stream: false,
    messages,
    tools,
    sampling: {},
    output: {},
    cache: { automatic: false },
  };
  const repaired = repairRequest(request, loss);
  return {
    messages: repaired.messages,
    tools: repaired.tools,
    same: repaired === request,
    loss: loss.entries.map(({ path }) => path),
  };
}

describe('a sound history', () => {
  test.each<[string, Message[]]>([
    ['without tools', [user('a')]],
    ['with answered calls', [user('a'), calls('1', '2'), results('1', '2'), user('b')]],
    ['with the same ids in every turn', [user('a'), calls('1'), results('1'), calls('1'), results('1')]],
    ['that ends with calls', [user('a'), calls('1', '2')]],
  ])('%s is the very same object', (_, messages) => {
    expect(repair(messages)).toMatchObject({ same: true, loss: [] });
  });
});

describe('a damaged history', () => {
  test('gets a placeholder for each call without a result', () => {
    const { messages, loss } = repair([user('a'), calls('1', '2'), results('2'), user('b')]);
    expect(messages).toEqual([
      user('a'),
      calls('1', '2'),
      { role: 'tool', parts: [missing('1'), result('2')] },
      user('b'),
    ]);
    expect(loss).toEqual(['messages[1].1']);
  });

  test('loses results that answer nothing, and repeated ones', () => {
    const { messages, loss } = repair([
      results('0'),
      user('a'),
      calls('1'),
      { role: 'tool', parts: [result('1'), result('1', 'again')] },
      user('b'),
    ]);
    expect(messages).toEqual([user('a'), calls('1'), results('1'), user('b')]);
    expect(loss).toEqual(['messages[0].0', 'messages[3].1']);
  });

  test('has results moved right behind their calls, in the order of the calls', () => {
    const { messages, loss } = repair([
      user('a'),
      calls('1', '2'),
      user('wait'),
      results('2', '1'),
      user('b'),
    ]);
    expect(messages).toEqual([user('a'), calls('1', '2'), results('1', '2'), user('wait'), user('b')]);
    expect(loss).toEqual([]);
  });

  test('does not take a result from before the call', () => {
    const { messages } = repair([user('a'), results('1'), calls('1'), user('b')]);
    expect(messages).toEqual([user('a'), calls('1'), { role: 'tool', parts: [missing('1')] }, user('b')]);
  });
});

describe('tools of one name', () => {
  const tool = (description: string): Tool => ({ kind: 'function', name: 'f', description });

  test('that are equal become one', () => {
    const { tools, loss } = repair([user('a')], [tool('x'), tool('x')]);
    expect(tools).toEqual([tool('x')]);
    expect(loss).toEqual(['tools[1]']);
  });

  test('that differ are refused by name', () => {
    expect(() => repair([user('a')], [tool('x'), tool('y')])).toThrow(/"f"/);
  });
});
