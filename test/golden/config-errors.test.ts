// Every fault that reading a file can have: one bad file each, with the place that must be told in its header
// (`# expect: LINE:COLUMN code`, or `FILE:LINE:COLUMN code` in a folder, or `- code` for a fault without a place) and
// what a person sees in a golden (UPDATE_GOLDEN=1 rewrites it). Checks of meaning are in checks.test.ts.
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Flags } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { loadRules } from '../../src/config/rules.ts';
import { renderPretty } from '../../src/diagnostics/pretty.ts';
import { createReport, type Report } from '../../src/diagnostics/report.ts';
import { caseRules, codeOf } from '../support/config-cases.ts';

const folder = join(import.meta.dirname, 'config-errors');
const many = join(import.meta.dirname, 'config-errors-many');
const codes = new Set<string>(loadRules.map(({ code }) => code));
/** What no file of a reasonable size can show; test/unit/config covers them. */
const exempt = ['source/none', 'source/too-large', 'source/include-limit', 'source/too-many-faults'];

const cases = (await readdir(folder, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() || entry.name.endsWith('.yaml'))
  .map((entry) => ({ name: entry.name, path: join(folder, entry.name, entry.isDirectory() ? 'main.yaml' : '') }))
  .filter(({ name }) => codes.has(codeOf(name)));
const manyCases = (await readdir(many)).filter((name) => name.endsWith('.yaml'));

interface Header {
  readonly expected: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly flags: Flags;
}

async function readHeader(path: string): Promise<Header> {
  // bytes that are not UTF-8 are part of some cases; the header is plain in all of them
  const text = (await readFile(path)).toString('latin1').replaceAll('\0', '');
  const pairs = (kind: string) => [...text.matchAll(new RegExp(`^# ${kind}: (\\w+)=(.*)$`, 'gm'))];
  return {
    expected: [...text.matchAll(/# expect: (.+)$/gm)].map(([, line]) => line ?? ''),
    environment: Object.fromEntries(pairs('env').map(([, name, value]) => [name ?? '', value ?? ''])),
    flags: Object.fromEntries(pairs('flag').map(([, name, value]) => [name, value])),
  };
}

async function report(path: string, { environment, flags, expected }: Header): Promise<Report> {
  const loaded = await loadConfig({ config: path, environment, flags, tellEnvironment: true });
  const notYet = expected.some((line) => line.endsWith('language/not-yet'));
  return createReport({
    diagnostics: loaded.diagnostics.filter(({ code }) => notYet || code !== 'language/not-yet'),
    sources: new Map(loaded.sources.map((file) => [file.name, file.text])),
    rules: caseRules,
    version: '0.0.0',
  });
}

async function compareGolden(path: string, rendered: string): Promise<void> {
  const golden = path.replace(/(\/main)?\.yaml$/, '.txt');
  if (process.env['UPDATE_GOLDEN'] || !existsSync(golden)) await writeFile(golden, rendered);
  expect(rendered).toBe(await readFile(golden, 'utf8'));
}

test('every code has a bad example', () => {
  const shown = new Set(cases.map(({ name }) => codeOf(name)));
  expect([...codes].filter((code) => !shown.has(code) && !exempt.includes(code))).toEqual([]);
});

describe('one fault', () => {
  test.each(cases)('$name', async ({ name, path }) => {
    const header = await readHeader(path);
    const result = await report(path, header);
    const inFolder = path.endsWith('/main.yaml');
    const told = result.diagnostics.map(({ at, code }) => {
      const place = at ? `${at.line}:${at.column}` : '-';
      return `${inFolder && at ? `${at.file}:` : ''}${place} ${code}`;
    });
    expect(told).toEqual(header.expected);
    expect(told).toHaveLength(1);
    expect(result.diagnostics[0]?.code).toBe(codeOf(name));
    await compareGolden(path, renderPretty(result));
  });
});

describe('five faults', () => {
  test('there are thirty such files', () => {
    expect(manyCases).toHaveLength(30);
  });

  test.each(manyCases)('%s', async (name) => {
    const path = join(many, name);
    const header = await readHeader(path);
    const result = await report(path, header);
    expect(header.expected).toHaveLength(5);
    expect(result.diagnostics.map(({ at, code }) => `${at?.line}:${at?.column} ${code}`)).toEqual(header.expected);
    await compareGolden(path, renderPretty(result));
  });
});
