// Results of tests and their coverage as text, JUnit XML and a page; JSON is the data itself.
import type { Coverage, CoverageKind } from './coverage.ts';
import type { TestFault } from './judge.ts';
import type { TestResult } from '../test-runner.ts';

/** The results of one configuration. */
export interface TestSuite {
  readonly file: string;
  readonly results: readonly TestResult[];
  readonly coverage?: Coverage;
}

export function renderResults({ file, results }: TestSuite): string {
  const failed = results.filter(({ ok }) => !ok);
  const lines = results.map(({ ok, name }) => `  ${ok ? '✓' : '✗'} ${name}`);
  const verdict =
    failed.length === 0 ? `${results.length} passed` : `${failed.length} of ${results.length} failed`;
  const details = failed.flatMap(({ name, at, faults, run }) => [
    '',
    `${name}${at === undefined ? '' : `  ${at}`}`,
    ...faults.flatMap(renderFault),
    ...(run.reasons.length === 0 ? [] : ['  because']),
    ...run.reasons.map(({ message, code }) => `    ${message} (${code})`),
  ]);
  return [`${file}: ${verdict}`, ...lines, ...details].join('\n');
}

function renderFault({ what, expected, actual }: TestFault): readonly string[] {
  return [`  ${what}`, `    expected  ${show(expected)}`, `    actual    ${show(actual)}`];
}

function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(String).join(', ');
  return String(value);
}

/** The data of `--json`; runs themselves hold whole worlds and stay out. */
export function listResults(suites: readonly TestSuite[]): unknown {
  return suites.map(({ file, results, coverage }) => ({
    file,
    passed: results.filter(({ ok }) => ok).length,
    failed: results.filter(({ ok }) => !ok).length,
    tests: results.map(({ name, at, ok, faults, run }) => ({
      name,
      ok,
      ...(at !== undefined && { at }),
      faults,
      attempts: run.attempts.map(({ connection, target }) => `${connection.key} ${target}`),
      status: run.status,
      reasons: run.reasons.map(({ code, rule, message }) => ({
        code,
        ...(rule !== undefined && { rule }),
        message,
      })),
    })),
    ...(coverage && { coverage }),
  }));
}

export function renderResultsJunit(suites: readonly TestSuite[]): string {
  const all = suites.flatMap(({ results }) => results);
  const body = suites.flatMap(({ file, results }) => [
    `  <testsuite name="${escapeXml(file)}" tests="${results.length}" failures="${results.filter(({ ok }) => !ok).length}">`,
    ...results.map(({ name, ok, faults }) => {
      const head = `    <testcase classname="${escapeXml(file)}" name="${escapeXml(name)}"`;
      if (ok) return `${head}/>`;
      const message = escapeXml(faults.map(({ what }) => what).join(', '));
      const text = escapeXml(faults.flatMap(renderFault).join('\n'));
      return `${head}><failure type="expectation" message="${message}">${text}</failure></testcase>`;
    }),
    '  </testsuite>',
  ]);
  const failures = all.filter(({ ok }) => !ok).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="omniroute test" tests="${all.length}" failures="${failures}">`,
    ...body,
    '</testsuites>',
  ].join('\n');
}

const plurals: Readonly<Record<CoverageKind, string>> = {
  rule: 'rules',
  budget: 'budgets',
  key: 'keys',
  alias: 'aliases',
  combo: 'combos',
  target: 'targets',
  strategy: 'strategies',
};

export function renderCoverage(file: string, { items, touched, total }: Coverage): string {
  const share = total === 0 ? 100 : Math.floor((100 * touched) / total);
  const lines = [`${file}: ${touched} of ${total} touched (${share} %)`];
  for (const { kind, name, at, tests } of items) {
    if (tests.length === 0)
      lines.push(`  no test touches ${kind} ${name}${at === undefined ? '' : `  ${at}`}`);
  }
  return lines.join('\n');
}

/** One page without scripts or anything from elsewhere. */
export function renderCoverageHtml(suites: readonly TestSuite[]): string {
  const parts = suites.flatMap(({ file, coverage }) => (coverage ? [renderPart(file, coverage)] : []));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Coverage of the configuration</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
  table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #ddd; vertical-align: top }
  .none { background: #fde8e8 } code { font-size: 90% } progress { width: 12rem }
  @media (prefers-color-scheme: dark) { body { color: #eee; background: #161616 } td, th { border-color: #444 } .none { background: #4a1f1f } }
</style>
<h1>What the tests touch</h1>
${parts.join('\n')}
</html>`;
}

function renderPart(file: string, { items, touched, total }: Coverage): string {
  const rows = items.map(({ kind, name, at, tests }) => {
    const by = tests.length === 0 ? 'no test' : tests.map(escapeXml).join('<br>');
    return `<tr${tests.length === 0 ? ' class="none"' : ''}><td>${plurals[kind]}<td><code>${escapeXml(name)}</code><td><code>${escapeXml(at ?? '')}</code><td>${by}`;
  });
  return `<h2>${escapeXml(file)}</h2>
<p><progress max="${total}" value="${touched}"></progress> ${touched} of ${total}</p>
<table><tr><th>Kind<th>Name<th>Place<th>Tests
${rows.join('\n')}
</table>`;
}

// XML 1.0 has no way to write most control characters.
function escapeXml(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\uFFFD')
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
