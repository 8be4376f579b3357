// src/routing/reasons.ts → docs/reference/reasons.md
import { reasonTable } from '../../src/routing/reasons.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const page = renderPage('Reason codes', 'src/routing/reasons.ts', [
    'Every step of a decision leaves a reason: a code of this table, a sentence, and the place in the file where there ' +
      'is one. `explain` prints them, each usage row keeps them. They stand here in the order of a decision.',
    renderTable(
      ['Code', 'What it means'],
      Object.entries(reasonTable).map(([name, { meaning }]) => [code(name), meaning]),
    ),
  ]);
  return new Map([['docs/reference/reasons.md', page]]);
}
