// src/upstream/sandbox/script.ts → docs/reference/simulator.md
import { scripts } from '../../src/upstream/sandbox/script.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(scripts).map(([name, { meaning, script }]) => [
    code(`sandbox/${name}`),
    meaning,
    'fault' in script ? 'fault' : '',
  ]);
  const page = renderPage('Models of the simulator', 'src/upstream/sandbox/script.ts', [
    'The names are promised to test suites: a row is added, never renamed. Rows marked “fault” answer only where the ' +
      'provider says `faults: true`.',
    'A name may end in modifiers: `sandbox/script/text+latency=50ms+rate=200`. Keys are `latency` (a duration), `rate` ' +
      '(tokens per second), `text` and `reasoning` (percent-encoded), `stop` (`end`, `length`, `filter`), `calls` ' +
      '(0, 1 or 2), `input`, `output` and `cached` (token counts), `retryAfter` (seconds, for errors).',
    renderTable(['Model', 'What it does', ''], rows),
  ]);
  return new Map([['docs/reference/simulator.md', page]]);
}
