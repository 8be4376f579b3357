// Samples → median with minimum and maximum, ratios inside each repetition, and a Markdown table.
import { cpus, totalmem } from 'node:os';
import type { Samples } from './run.ts';
import { metrics } from './scenario.ts';
import type { Goal, MetricName, Scenario, TargetName } from './scenario.ts';

/** Median and range of one figure over the repetitions. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Verdict extends Goal {
  readonly measured: Figure;
  readonly met: boolean;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly at: string;
  readonly machine: string;
  readonly repetitions: number;
  readonly figures: Readonly<Partial<Record<TargetName, Readonly<Partial<Record<MetricName, Figure>>>>>>;
  readonly verdicts: readonly Verdict[];
}

const metricNames = Object.keys(metrics) as MetricName[];

export function makeReport(scenario: Scenario, samples: Samples, at: Date): Report {
  const figures = Object.fromEntries(
    scenario.targets.map((target) => [
      target,
      Object.fromEntries(metricNames.flatMap((metric) => summarise(target, metric, samples))),
    ]),
  );
  return {
    name: scenario.name,
    title: scenario.title,
    at: at.toISOString(),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown'} × ${cpus().length}, ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.versions.node}`,
    repetitions: samples[scenario.targets[0] ?? 'direct']?.length ?? 0,
    figures,
    verdicts: scenario.goals.map((goal) => judge(goal, samples)),
  };
}

export function renderReport(report: Report): string {
  const used = metricNames.filter((metric) =>
    Object.values(report.figures).some((figures) => figures[metric]),
  );
  const head = ['target', ...used.map((metric) => `${metric} ${metrics[metric].unit}`)];
  const rows = Object.entries(report.figures).map(([target, figures]) => [
    target,
    ...used.map((metric) => renderFigure(figures[metric], metrics[metric].digits)),
  ]);
  const table = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map(
    (row) => `| ${row.join(' | ')} |`,
  );
  const verdicts = report.verdicts.map(
    ({ metric, of = 'gateway', against, compare, atMost, measured, met }) =>
      `- ${met ? 'met' : 'missed'}: ${of} ${metric} ${compare === 'times' ? '/' : '−'} ${against} = ` +
      `${renderFigure(measured, 2)}, goal at most ${atMost}${compare === 'plus' ? ` ${metrics[metric].unit}` : ''}`,
  );
  const about = `${report.at}; ${report.machine}; ${report.repetitions} repetitions, median (min–max)`;
  return (
    [`## ${report.name}: ${report.title}`, about, table.join('\n'), verdicts.join('\n')].join('\n\n') + '\n'
  );
}

function summarise(
  target: TargetName,
  metric: MetricName,
  samples: Samples,
): readonly (readonly [MetricName, Figure])[] {
  const values = (samples[target] ?? [])
    .map((sample) => sample[metric])
    .filter((value) => value !== undefined);
  return values.length === 0 ? [] : [[metric, makeFigure(values)]];
}

/** The comparison is made inside each repetition, then summarised: a slow minute hits both sides of it. */
function judge(goal: Goal, samples: Samples): Verdict {
  const { metric, of = 'gateway', against, compare, atMost } = goal;
  const values = (samples[of] ?? []).map((sample, repetition) => {
    const own = sample[metric] ?? Number.NaN;
    const other = samples[against]?.[repetition]?.[metric] ?? Number.NaN;
    return compare === 'times' ? own / other : own - other;
  });
  const measured = makeFigure(values);
  return { ...goal, measured, met: measured.median <= atMost };
}

function makeFigure(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

function renderFigure(figure: Figure | undefined, digits: number): string {
  if (!figure) return '–';
  const [median, min, max] = [figure.median, figure.min, figure.max].map((value) => value.toFixed(digits));
  return `${median} (${min}–${max})`;
}
