import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'large',
  title: 'whole answers, 60 KB request, 16 connections',
  targets: ['direct', 'bare', 'gateway'],
  load: { kind: 'unary', connections: 16, bodyBytes: 60_000 },
  goals: [{ metric: 'cpu', against: 'bare', compare: 'times', atMost: 2 }],
} as const satisfies Scenario;
