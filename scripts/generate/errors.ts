// src/error-table.ts → docs/reference/errors.md
import { errorTable } from '../../src/error-table.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(errorTable)
    .toSorted(([a, left], [b, right]) => left.status - right.status || (a < b ? -1 : 1))
    .map(([name, entry]) => [
      code(name),
      String(entry.status),
      code(entry.class),
      entry.meaning,
      entry.action,
    ]);
  const page = renderPage('Error codes', 'src/error-table.ts', [
    'Every error that the gateway itself raises has one of these codes. The table is closed: a code is never renamed ' +
      'and never changes its meaning. Each protocol renders the error in its own envelope; in the OpenAI envelope ' +
      'the code stands in `error.code`.',
    "An error of an upstream keeps the upstream's status and text where the client can use them; the codes " +
      '`upstream_error`, `upstream_unreachable` and `upstream_timeout` mean that no candidate could answer.',
    renderTable(['Code', 'Status', 'Class', 'What it means', 'What to do'], rows),
  ]);
  return new Map([['docs/reference/errors.md', page]]);
}
