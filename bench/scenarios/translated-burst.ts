import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'translated-burst',
  title: '64 translated streams at a time, 50 chunks each, back to back',
  targets: ['bare', 'gateway', 'translated'],
  load: { kind: 'stream', streams: 64, chunks: 50, gap: 0 },
  goals: [{ metric: 'cpu', of: 'translated', against: 'gateway', compare: 'times', atMost: 2.5 }],
} as const satisfies Scenario;
