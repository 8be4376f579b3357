// Usage rows for tests and for their child processes, which have no test runner around them.
import type { UsageRow } from '../../src/routing/ports.ts';

/** A complete row; every member can be replaced. */
export function makeRow(changes: Partial<UsageRow> = {}): UsageRow {
  return {
    requestId: 'req-1',
    at: Date.UTC(2026, 0, 1, 12),
    revision: 'abcdef123456',
    secretEpoch: 1,
    key: 'ci',
    protocol: 'openai-chat',
    operation: 'chat',
    requestedModel: 'coding',
    provider: 'openai',
    connection: 'primary',
    model: 'gpt-5-mini',
    facts: '{"stream":false}',
    reasons: '[]',
    attempts: '[{"target":"openai/gpt-5-mini"}]',
    tokens: { input: 10, output: 5 },
    cost: 1500,
    estimated: false,
    marks: '{"end":12.5}',
    status: 200,
    errorCode: null,
    stream: false,
    ...changes,
  };
}
