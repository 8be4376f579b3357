import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'translated-large',
  title: 'whole translated answers, 60 KB request, 16 connections',
  targets: ['bare', 'gateway', 'translated'],
  load: { kind: 'unary', connections: 16, bodyBytes: 60_000 },
  goals: [{ metric: 'cpu', of: 'translated', against: 'gateway', compare: 'times', atMost: 4 }],
} as const satisfies Scenario;
