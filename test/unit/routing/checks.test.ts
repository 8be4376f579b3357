// Checks of routing as a whole: they agree with compilation about names, and no mutilated file makes them throw.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../../src/catalog/catalog.ts';
import { checkDocument } from '../../../src/config/checks/index.ts';
import type { LoadResult } from '../../../src/config/load.ts';
import { createReport } from '../../../src/diagnostics/report.ts';
import { diagnosticFormats, renderDiagnostics } from '../../../src/diagnostics/render.ts';
import { checkRouting } from '../../../src/routing/checks/index.ts';
import { compile } from '../../../src/routing/compile.ts';
import { loadText } from '../../support/config-files.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);
const now = Date.UTC(2026, 10, 21);
const folder = join(import.meta.dirname, '../../golden');
const files = ['config-errors', 'config-good'].flatMap((name) =>
  readdirSync(join(folder, name))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(folder, name, file), 'utf8') })),
);

it('what the checks let pass compiles, and what they refuse is refused once', async () => {
  let compiled = 0;
  for (const { file, text } of files) {
    const loaded = await loadText(text);
    const { draft, config } = loaded;
    if (!draft || !config) continue;
    const known = check(loaded);
    const result = compile({ config, catalog, locate: loaded.locate, digest, known });
    const added = result.diagnostics.filter((diagnostic) => !known.includes(diagnostic));
    expect({ file, added: added.map(({ code, pointer }) => `${code} ${pointer}`) }).toEqual({
      file,
      added: [],
    });
    compiled += result.snapshot ? 1 : 0;
  }
  expect(compiled).toBeGreaterThan(50);
});

describe('mutilated files', () => {
  const token = fc.constantFrom(
    '*',
    '?',
    'openai',
    'openai/',
    '/',
    '[]',
    '{}',
    '""',
    '"${env:X}"',
    '0',
    '-1',
    '1e9',
    'true',
    'null',
    '__proto__',
    'constructor',
    'fast',
    '@',
    '"request.x"',
    '"22:00-06:00 UTC"',
    'tag:team',
    '[openai/gpt-5]',
    '{ model: x }',
  );
  const change = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('drop', 'repeat', 'swap', 'replace'),
    token,
  });
  const mutilated = fc
    .tuple(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([{ text }, changes]) => changes.reduce(apply, text));

  it('never make a check throw, and every finding can be rendered', async () => {
    let understood = 0;
    await fc.assert(
      fc.asyncProperty(mutilated, async (text) => {
        const loaded = await loadText(text);
        if (!loaded.draft) return;
        understood += 1;
        const diagnostics = check(loaded);
        checkDocument({ config: loaded.draft.config, locate: loaded.draft.locate, sources: new Map() });
        const sources = new Map(loaded.sources.map((source) => [source.name, source.text]));
        const report = { diagnostics, sources, rules: [], version: '0' };
        expect(
          createReport(report).diagnostics.every(({ at }) => !at || (at.line > 0 && at.column > 0)),
        ).toBe(true);
        for (const format of diagnosticFormats) renderDiagnostics(format, report);
      }),
      { numRuns: runs },
    );
    expect(understood).toBeGreaterThan(runs / 3);
  });
});

function check({ draft }: LoadResult) {
  return draft
    ? draft.accept(checkRouting({ config: draft.config, locate: draft.locate, catalog, now }))
    : [];
}

function apply(text: string, { at, kind, token }: { at: number; kind: string; token: string }): string {
  const lines = text.split('\n');
  const index = at % lines.length;
  if (kind === 'drop') lines.splice(index, 1);
  else if (kind === 'repeat') lines.splice(index, 0, lines[index] ?? '');
  else if (kind === 'swap') lines.push(...lines.splice(index, 1));
  else {
    const words = (lines[index] ?? '').split(/(?<=[ :,[{])/);
    words[at % words.length] = token;
    lines[index] = words.join('');
  }
  return lines.join('\n');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
