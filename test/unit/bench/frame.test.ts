// The frame of the benchmarks works: processes start, targets take turns, figures come out. Their size is not a test.
import { describe, expect, test } from 'vitest';
import { makeReport, renderReport } from '../../../bench/report.ts';
import { runScenario } from '../../../bench/run.ts';
import type { Load, Scenario } from '../../../bench/scenario.ts';

const quick = { repetitions: 2, milliseconds: 60, warmUpMilliseconds: 20 };

test.each<Load>([
  { kind: 'unary', connections: 2, bodyBytes: 1500 },
  { kind: 'stream', streams: 2, chunks: 5, gap: 1 },
])('measures $kind answers of the upstream and of a proxy', async (load) => {
  const order: string[] = [];
  const scenario: Scenario = { name: 'x', title: 'x', targets: ['direct', 'bare'], load, goals: [] };
  const samples = await runScenario(scenario, { ...quick, onSample: (target) => order.push(target) });
  expect(order).toEqual(['direct', 'bare', 'bare', 'direct']);
  expect(samples.direct).toHaveLength(2);
  expect(samples.direct?.every((sample) => sample.cpu === undefined)).toBe(true);
  for (const sample of samples.bare ?? []) {
    for (const metric of ['cpu', 'rate', 'p50', 'p99', 'firstByte', 'rss'] as const)
      expect(sample[metric]).toBeGreaterThan(0);
  }
});

describe('the report', () => {
  const scenario: Scenario = {
    name: 'x',
    title: 'a title',
    targets: ['direct', 'bare', 'gateway'],
    load: { kind: 'unary', connections: 1, bodyBytes: 1 },
    goals: [
      { metric: 'cpu', against: 'bare', compare: 'times', atMost: 1.2 },
      { metric: 'firstByte', against: 'direct', compare: 'plus', atMost: 1 },
    ],
  };
  // The second repetition met a machine that was twice as slow: ratios inside a repetition do not see it.
  const report = makeReport(
    scenario,
    {
      direct: [{ firstByte: 1 }, { firstByte: 2 }, { firstByte: 1 }],
      bare: [{ cpu: 100 }, { cpu: 200 }, { cpu: 100 }],
      gateway: [
        { cpu: 110, firstByte: 3 },
        { cpu: 220, firstByte: 4 },
        { cpu: 115, firstByte: 3.5 },
      ],
    },
    new Date('2026-01-01T00:00:00Z'),
  );

  test('compares inside each repetition', () => {
    expect(
      report.verdicts.map(({ measured, met }) => ({ median: measured.median, max: measured.max, met })),
    ).toEqual([
      { median: 1.1, max: 1.15, met: true },
      { median: 2, max: 2.5, met: false },
    ]);
    expect(report.figures.bare?.cpu).toEqual({ median: 100, min: 100, max: 200 });
  });

  test('renders figures and verdicts', () => {
    const text = renderReport(report);
    expect(text).toContain('| bare | 100.0 (100.0–200.0) | – |');
    expect(text).toContain('- met: gateway cpu / bare = 1.10 (1.10–1.15), goal at most 1.2');
    expect(text).toContain('- missed: gateway firstByte − direct = 2.00 (2.00–2.50), goal at most 1 ms');
  });
});
