// The rules of the loader, the checks, the compiler and the command line → docs/reference/diagnostics.md
import { diagnosticRules } from '../../src/cli/rules.ts';
import { renderAnchor } from '../../src/diagnostics/report.ts';
import type { DiagnosticRule } from '../../src/diagnostics/rule.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

/** What the first half of a code stands for, in the order of the page. */
const families: Readonly<Record<string, string>> = {
  source: 'Finding and reading files',
  yaml: 'YAML',
  document: 'Several files as one',
  schema: 'The schema',
  language: 'Parts of the language',
  environment: 'Flags and variables',
  reference: 'References and names that lead nowhere',
  name: 'Names that clash',
  secret: 'Secrets',
  provider: 'Providers',
  connection: 'Accounts',
  model: 'Models',
  combo: 'Combos',
  key: 'Client keys',
  policy: 'Policies',
  expression: 'Expressions',
  schedule: 'Schedules',
  limit: 'Limits',
  budget: 'Budgets',
  cache: 'The cache',
  resilience: 'Resilience',
  server: 'The server',
  network: 'Addresses',
  gitops: 'Git',
  list: 'Lists',
  unused: 'What nobody uses',
  compile: 'Compilation',
  cli: 'The command line',
};

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const sections = Map.groupBy(diagnosticRules, (rule) => rule.code.split('/')[0] ?? '');
  for (const family of sections.keys()) {
    if (!Object.hasOwn(families, family))
      throw new Error(`the family "${family}" of diagnostic codes has no title`);
  }
  const blocks = Object.entries(families).flatMap(([family, title]) => {
    const rules = sections.get(family);
    return rules ? [`## ${title}`, renderRules(rules)] : [];
  });
  const page = renderPage('Diagnostics', 'the rules in src/config, src/routing and src/cli', [
    'Everything that can be said about a configuration, by its code. Codes are stable: `omniroute explain-code CODE` prints ' +
      'a row of this page, and every format of `omniroute validate` carries the code.',
    'An **error** stops a load: a gateway does not start with it, and a running one keeps its last good configuration. A ' +
      '**warning** is reported and lets the file through, except under `validate --strict`. An **info** only informs.',
    ...blocks,
  ]);
  return new Map([['docs/reference/diagnostics.md', page]]);
}

function renderRules(rules: readonly DiagnosticRule[]): string {
  const rows = rules
    .toSorted((a, b) => (a.code < b.code ? -1 : 1))
    .map((rule) => [
      code(rule.code),
      `<a id="${renderAnchor(rule.code)}"></a>${rule.severity}`,
      rule.meaning,
      rule.action,
    ]);
  return renderTable(['Code', 'Severity', 'What it means', 'What to do'], rows);
}
