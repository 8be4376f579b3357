// src/config/environment.ts → docs/reference/environment.md
import { environmentTable, flagTable } from '../../src/config/environment.ts';
import type { EnvironmentRow } from '../../src/config/environment.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries<EnvironmentRow>(environmentTable);
  const table = (head: string, reads: boolean) =>
    renderTable(
      ['Variable', head, 'Meaning'],
      rows
        .filter(([, row]) => row.reads === reads)
        .map(([name, { pointer, meaning }]) => [
          code(name),
          pointer === undefined ? '' : code(renderKey(pointer)),
          meaning,
        ]),
    );
  const flags = Object.values(flagTable).map(({ flag, pointer }) => [code(flag), code(renderKey(pointer))]);
  const page = renderPage('Environment variables', 'src/config/environment.ts', [
    'What counts, from strongest to weakest: flags of the command line, the variables of this page, the file, defaults. ' +
      '`explain` and the effective configuration say which of them won. An empty variable counts as not set. The list is ' +
      'closed; variables that the file itself names in references (`${env:NAME}`) are yours to choose.',
    '## Read',
    'Of several variables for the same key the upper one wins.',
    table('Sets', true),
    '## Flags',
    renderTable(['Flag of `start` and `dev`', 'Sets'], flags),
    '## Not read',
    'Other gateways and older versions read these. Where one is set, the start says what to write in the file instead. ' +
      '`*` stands for any name.',
    table('Write instead', false),
  ]);
  return new Map([['docs/reference/environment.md', page]]);
}

// A pointer as people write the key: dots, no leading slash.
function renderKey(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.');
}
