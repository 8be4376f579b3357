import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'first-token',
  title: '50 streams at a time, 50 chunks each, one per 10 ms: added time to the first token',
  targets: ['direct', 'bare', 'gateway'],
  load: { kind: 'stream', streams: 50, chunks: 50, gap: 10 },
  goals: [{ metric: 'firstByte', against: 'direct', compare: 'plus', atMost: 1 }],
} as const satisfies Scenario;
