// src/cli/exit-codes.ts → docs/reference/exit-codes.md
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const page = renderPage('Exit codes', 'src/cli/exit-codes.ts', [
    'Every command ends with one of these. The table is closed: scripts may rely on it.',
    renderTable(
      ['Code', 'Meaning'],
      Object.values(exitCodes).map((exit) => [code(String(exit.code)), exit.meaning]),
    ),
  ]);
  return new Map([['docs/reference/exit-codes.md', page]]);
}
