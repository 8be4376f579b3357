// Runs one configuration of test/golden through everything that looks at it: the loader, the checks of the document and
// the checks of routing. Parts that this version does not act on yet are checked all the same.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { catalog } from '../../src/catalog/catalog.ts';
import { checkDocument, documentChecks } from '../../src/config/checks/index.ts';
import { uniteFiles } from '../../src/config/document.ts';
import { interpret } from '../../src/config/interpret.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseFile } from '../../src/config/parse.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { loadRules } from '../../src/config/rules.ts';
import type { ConfigFile } from '../../src/config/source.ts';
import { hasErrors, type Diagnostic } from '../../src/diagnostics.ts';
import { createReport, type Report } from '../../src/diagnostics/report.ts';
import type { DiagnosticRule } from '../../src/diagnostics/rule.ts';
import { checkRouting, routingChecks } from '../../src/routing/checks/index.ts';

/** The moment at which the cases are judged: retirement and expiry depend on it. */
export const caseTime = Date.UTC(2026, 5, 21);

/** Every documented code apart from those of compilation. */
export const caseRules: readonly DiagnosticRule[] = [...loadRules, ...documentChecks, ...routingChecks];

/** Variables that cases may refer to. */
const environment = { HOME: '/home/case', PORT_NUMBER: '20128' };

/** What is reported about the file at `path`, without "not yet". */
export async function runCase(path: string): Promise<Report> {
  const loaded = await loadConfig({ config: path, environment });
  const sources = new Map(loaded.sources.map(({ name, text }) => [name, text]));
  const told = loaded.diagnostics.filter(({ code }) => code !== 'language/not-yet');
  const diagnostics =
    hasErrors(told) && !isChecked(told) ? told : [...told, ...checkAll(loaded.sources, sources)];
  return createReport({ diagnostics, sources, rules: caseRules, version: '0.0.0' });
}

/** The texts of a case, to look for the marks in it. */
export async function readCase(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

/** `name-duplicate-id--variant.yaml` → `name/duplicate-id`. */
export function codeOf(path: string): string {
  const [name = ''] = basename(path, '.yaml').split('--');
  return name.replace('-', '/');
}

// Errors of checks leave a document that can be understood; errors of the loader do not.
function isChecked(diagnostics: readonly Diagnostic[]): boolean {
  const codes = new Set(documentChecks.map(({ code }) => code));
  return diagnostics.every(({ code, severity }) => severity !== 'error' || codes.has(code));
}

function checkAll(files: readonly ConfigFile[], sources: ReadonlyMap<string, string>): Diagnostic[] {
  const { root, locate } = uniteFiles(files.map((file) => parseFile(file)));
  if (!root) return [];
  const config = resolveConfig(interpret(root, environment).value);
  return [
    ...checkDocument({ config, locate, sources }),
    ...checkRouting({ config, catalog, locate, now: caseTime }),
  ];
}
