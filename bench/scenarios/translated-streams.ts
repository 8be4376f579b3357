import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'translated-streams',
  title: '200 translated streams at a time, 50 chunks each, one per 10 ms',
  targets: ['bare', 'gateway', 'translated'],
  load: { kind: 'stream', streams: 200, chunks: 50, gap: 10 },
  goals: [{ metric: 'cpu', of: 'translated', against: 'gateway', compare: 'times', atMost: 1.4 }],
} as const satisfies Scenario;
