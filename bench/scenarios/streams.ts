import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'streams',
  title: '200 streams at a time, 50 chunks each, one per 10 ms',
  targets: ['direct', 'bare', 'gateway'],
  load: { kind: 'stream', streams: 200, chunks: 50, gap: 10 },
  goals: [{ metric: 'cpu', against: 'bare', compare: 'times', atMost: 1.2 }],
} as const satisfies Scenario;
