// Every check has a bad example with a rendered golden (UPDATE_GOLDEN=1 rewrites it) and a good neighbour that is silent.
// What must be reported stands in the header of each example (`# expect: LINE:COLUMN code`), so that a golden cannot
// bless a wrong place.
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentChecks } from '../../src/config/checks/index.ts';
import { renderPretty } from '../../src/diagnostics/pretty.ts';
import { routingChecks } from '../../src/routing/checks/index.ts';
import { codeOf, readCase, runCase } from '../support/config-cases.ts';

const bad = join(import.meta.dirname, 'config-errors');
const good = join(import.meta.dirname, 'config-good');
const checks = [...documentChecks, ...routingChecks];
const codes = new Set(checks.map(({ code }) => code));
const files = (await readdir(bad)).filter((name) => name.endsWith('.yaml') && codes.has(codeOf(name)));

it('there are at least forty checks, each with a code of its own', () => {
  expect(checks.length).toBeGreaterThanOrEqual(40);
  expect(codes.size).toBe(checks.length);
});

describe.each(checks)('$code', ({ code, meaning, action }) => {
  const name = code.replace('/', '-');

  it('says what it means and what to do', () => {
    expect(code).toMatch(/^[a-z]+\/[a-z-]+$/);
    for (const text of [meaning, action]) expect(text).toMatch(/^[A-Z`].{10,}\.$/);
  });

  it('has a good neighbour that stays silent', async () => {
    const { diagnostics } = await runCase(join(good, `${name}.yaml`));
    expect(diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`)).toEqual([]);
  });

  it('has a bad example', () => {
    expect(files).toContain(`${name}.yaml`);
  });
});

describe.each(files)('%s', (file) => {
  it('reports its code, at the marked lines, as rendered', async () => {
    const path = join(bad, file);
    const report = await runCase(path);
    const text = await readCase(path);
    const expected = [...text.matchAll(/^# expect: (\d+:\d+ \S+)$/gm)].map(([, line]) => line);
    expect(report.diagnostics.map(({ at, code }) => `${at?.line}:${at?.column} ${code}`)).toEqual(expected);
    expect([...new Set(report.diagnostics.map(({ code }) => code))]).toEqual([codeOf(file)]);

    const rendered = renderPretty(report);
    const golden = path.replace(/\.yaml$/, '.txt');
    if (process.env['UPDATE_GOLDEN'] || !existsSync(golden)) await writeFile(golden, rendered);
    expect(rendered).toBe(await readFile(golden, 'utf8'));
  });
});
