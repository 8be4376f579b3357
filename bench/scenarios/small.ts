import type { Scenario } from '../scenario.ts';

export const scenario = {
  name: 'small',
  title: 'whole answers, 1.5 KB request, 16 connections',
  targets: ['direct', 'bare', 'gateway'],
  load: { kind: 'unary', connections: 16, bodyBytes: 1500 },
  goals: [{ metric: 'cpu', against: 'bare', compare: 'times', atMost: 1.2 }],
} as const satisfies Scenario;
