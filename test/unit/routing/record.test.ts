import { expect, it } from 'vitest';
import { dateTest, recordTests, renderRecorded } from '../../../src/routing/record.ts';
import { makeRow } from '../../support/usage.ts';

const row = (facts: object, changes: Parameters<typeof makeRow>[0] = {}) =>
  makeRow({
    at: Date.UTC(2026, 0, 1, 3),
    key: null,
    requestedModel: 'm',
    protocol: 'openai-chat',
    operation: 'chat',
    stream: false,
    facts: JSON.stringify(facts),
    reasons: '[]',
    attempts: '[{"target":"a/m","status":200,"milliseconds":1}]',
    status: 200,
    errorCode: null,
    ...changes,
  });

it('says of a request what rules may read, in numbers that make nearly equal ones equal', () => {
  const facts = {
    inputTokens: 12_345,
    maxOutputTokens: 1_234,
    messageCount: 17,
    metadata: { team: 'x' },
    hasTools: true,
  };
  const [first, ...more] = recordTests([row(facts), row({ ...facts, inputTokens: 12_399 })]);
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    name: 'm ends at a/m (2×)',
    request: {
      model: 'm',
      inputTokens: 12_000,
      maxOutputTokens: 1_200,
      messages: 17,
      metadata: { team: 'x' },
      features: ['tools'],
    },
    expect: { target: 'a/m' },
  });
  expect(recordTests([row({}, { operation: 'embeddings' })])).toMatchObject([
    { request: { operation: 'embeddings' } },
  ]);
});

it('writes a file that can be read, also when nothing has come in', () => {
  expect(renderRecorded([])).toMatch(/^# [^\n]+\nversion: 1\ntests: \[\]\n$/);
});

it('names the account that was left out, and the time where a rule goes by the clock', () => {
  const reasons = [
    { code: 'cooling', message: 'x', about: 'a/m', connection: 'a@odd.name', until: 5 },
    { code: 'no-credential', message: 'x', about: 'a/m', connection: 'a@b' },
  ];
  const refused = {
    reasons: JSON.stringify(reasons),
    attempts: '[]',
    status: 503,
    errorCode: 'no_target_available',
  };
  const [test] = recordTests([row({}, refused)]);
  expect(test).toMatchObject({
    given: { cooldowns: { 'a@odd.name': '1m' }, credentials: { 'a@b': false } },
    expect: { refusal: 'no_target_available' },
  });
  expect(dateTest(test!).given).toMatchObject({
    time: '2026-01-01T03:00:00.000Z',
    credentials: { 'a@b': false },
  });
});
