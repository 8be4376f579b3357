// Usage rows and data folders for tests of everything that stores state.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { UsageRow } from '../../src/routing/ports.ts';

/** A complete row; every member can be replaced. */
export function makeUsage(changes: Partial<UsageRow> = {}): UsageRow {
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

/** An empty folder that is gone when the test is over. */
export function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omniroute-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
