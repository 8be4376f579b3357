// src/observability/metric-table.ts → docs/reference/metrics.md
import { metricTable } from '../../src/observability/metric-table.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(metricTable).map(([name, { kind, labels, meaning }]) => [
    code(name),
    kind,
    labels.map(code).join(', '),
    meaning,
  ]);
  const page = renderPage('Metrics', 'src/observability/metric-table.ts', [
    'Names, kinds and labels are promised to dashboards and alerts: a row is added, never renamed. Times are in seconds.',
    renderTable(['Metric', 'Kind', 'Labels', 'What it counts'], rows),
  ]);
  return new Map([['docs/reference/metrics.md', page]]);
}
