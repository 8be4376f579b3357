// Closed tables are documented and obeyed: each entry stands in its reference page, each documented entry still exists,
// and nobody spells a header, a variable or a metric beside the table.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderPath } from '../../scripts/generate/endpoints.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { diagnosticRules } from '../../src/cli/rules.ts';
import { environmentTable, flagTable } from '../../src/config/environment.ts';
import { errorTable } from '../../src/errors.ts';
import { passedHeaders, requestHeaders, responseHeaders } from '../../src/gateway/headers.ts';
import { metricTable } from '../../src/observability/metric-table.ts';
import { reasonTable } from '../../src/routing/reasons.ts';
import { routes } from '../../src/server/routes.ts';
import { scripts } from '../../src/upstream/sandbox/script.ts';
import { parseSource, readSources, root } from './source.ts';
import type { Source } from './source.ts';

const tables: Readonly<Record<string, readonly string[]>> = {
  errors: Object.keys(errorTable),
  diagnostics: diagnosticRules.map(({ code }) => code),
  reasons: Object.keys(reasonTable),
  metrics: Object.keys(metricTable),
  // Some names have a meaning in both directions.
  headers: [...new Set([...Object.keys(requestHeaders), ...Object.keys(responseHeaders), ...passedHeaders])],
  environment: [...Object.keys(environmentTable), ...Object.values(flagTable).map(({ flag }) => flag)],
  endpoints: routes.map(({ method, path, verb }) => `${method} ${renderPath(path, verb)}`),
  'exit-codes': Object.values(exitCodes).map(({ code }) => String(code)),
  simulator: Object.keys(scripts).map((name) => `sandbox/${name}`),
};

describe.each(Object.entries(tables))('%s', (name, entries) => {
  test('the reference page lists exactly the table', () => {
    expect(readEntries(name)).toEqual(entries.toSorted());
  });

  test('no entry stands twice', () => {
    expect(entries).toHaveLength(new Set(entries).size);
  });
});

test('sentences of the tables are sentences', () => {
  const sentences = [
    errorTable,
    reasonTable,
    metricTable,
    environmentTable,
    responseHeaders,
    requestHeaders,
    exitCodes,
  ].flatMap((table) =>
    Object.entries<{ readonly meaning: string }>(table).map(([key, { meaning }]) => ({ key, meaning })),
  );
  const odd = sentences
    .filter(({ meaning }) => !/^[\p{Lu}\d].*[.”"]$/u.test(meaning))
    .map(({ key, meaning }) => `${key}: ${meaning}`);
  expect(odd).toEqual([]);
});

test('every status of the error table is an error, and its code is snake_case', () => {
  for (const [code, { status }] of Object.entries(errorTable)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  }
});

describe('nobody goes past a table', () => {
  const sources = readSources('src');

  test('in src', () => {
    expect(sources.flatMap(findStrays)).toEqual([]);
  });

  test.each([
    [`response.setHeader('x-omniroute-mood', 'good');`, 'x-omniroute-mood'],
    [`const a = 'omniroute_moods_total';`, 'omniroute_moods_total'],
    [`const a = env['OMNIROUTE_MOOD'];`, 'OMNIROUTE_MOOD'],
    [`const a = environment.OMNIROUTE_MOOD;`, 'OMNIROUTE_MOOD'],
  ])('the checker finds %s', (text, found) => {
    expect(findStrays(parseSource('src/gateway/x.ts', text))).toEqual([`src/gateway/x.ts:1: ${found}`]);
  });

  test('the checker knows what is in the tables', () => {
    const text = `const a = ['X-OmniRoute-Revision', 'x-omniroute-loss', 'omniroute_requests_total', 'OMNIROUTE_PORT'];`;
    expect(findStrays(parseSource('src/gateway/x.ts', text))).toEqual([]);
  });
});

/** Names that look like ours and stand in no table. */
function findStrays(source: Source): readonly string[] {
  const headers = Object.keys({ ...requestHeaders, ...responseHeaders }).map((name) => name.toLowerCase());
  return source.nodes.flatMap(({ node }) => {
    const text =
      node.type === 'Identifier' ? node['name'] : node.type === 'Literal' ? node['value'] : undefined;
    if (typeof text !== 'string') return [];
    const isHeader = /^x-omniroute-[a-z-]+$/i.test(text);
    const isMetric = /^omniroute_[a-z_]+$/.test(text) && node.type === 'Literal';
    const isVariable = /^OMNIROUTE_[A-Z_]+$/.test(text);
    const known =
      // A prefix in the code is a row with a star in the table.
      (isHeader && headers.includes(text.toLowerCase().replace(/-$/, '-*'))) ||
      (isMetric && text in metricTable) ||
      (isVariable && text in environmentTable);
    return (isHeader || isMetric || isVariable) && !known
      ? [`${source.path}:${source.lineOf(node)}: ${text}`]
      : [];
  });
}

/** First cells and list items of a page that are inline code, sorted. */
function readEntries(page: string): readonly string[] {
  const text = readFileSync(join(root, `docs/reference/${page}.md`), 'utf8');
  const entries = [...text.matchAll(/^(?:\| |- )`([^`]+)`/gm)].map(([, entry = '']) => entry);
  return [...new Set(entries)].toSorted();
}
