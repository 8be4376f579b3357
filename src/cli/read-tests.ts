// A configuration together with its tests: those of its own `tests:`, and those of the `*.test.yaml` files beside it.
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { catalog } from '../catalog/catalog.ts';
import { readTestFile } from '../config/test-file.ts';
import type { ResolvedTest } from '../config/generated/types.ts';
import { hasErrors, type Diagnostic } from '../diagnostics.ts';
import { renderDiagnostics } from '../diagnostics/render.ts';
import { checkRouting } from '../routing/checks/index.ts';
import { measureCoverage } from '../routing/testing/coverage.ts';
import type { TestSuite } from '../routing/testing/render.ts';
import { runTests, type TestResult } from '../routing/test-runner.ts';
import { readConfig } from './read-config.ts';
import type { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';

export interface ReadSuite {
  /** Absent when something is wrong with the files. */
  readonly suite?: TestSuite;
  readonly diagnostics: readonly Diagnostic[];
  /** Text by file name, for code frames. */
  readonly sources: ReadonlyMap<string, string>;
  /** Everything whose change could change the outcome; absolute. */
  readonly files: readonly string[];
}

/** Runs all tests of one configuration; `path` undefined searches as `start` does. */
export async function runSuite(path: string | undefined, terminal: Terminal): Promise<ReadSuite> {
  const read = await readConfig(path, terminal);
  const { loaded, snapshot } = read;
  const sources = new Map(loaded.sources.map(({ name, text }) => [name, text]));
  const files = [...loaded.watch.files, ...loaded.watch.directories];
  const diagnostics = [...read.diagnostics];
  const results: TestResult[] = [];
  if (snapshot && loaded.config) {
    const { locate, config } = loaded;
    results.push(...runTests({ snapshot, tests: config.tests, locate }));
    for (const beside of await findTestFiles(loaded.path!)) {
      const name = relative(loaded.folder, beside);
      const text = await readFile(beside, 'utf8');
      const file = readTestFile(name, text, terminal.environment);
      sources.set(name, text);
      files.push(beside);
      diagnostics.push(...file.diagnostics, ...checkTests(file.tests, file.locate));
      if (!hasErrors(diagnostics))
        results.push(...runTests({ snapshot, tests: file.tests, locate: file.locate }));
    }
    function checkTests(tests: readonly ResolvedTest[], at: typeof locate): readonly Diagnostic[] {
      const found = checkRouting({ config: { ...config, tests }, catalog, locate: at, now: Date.now() });
      return found.filter(({ pointer }) => pointer?.startsWith('/tests/') === true);
    }
  }
  if (!snapshot || hasErrors(diagnostics)) return { diagnostics, sources, files };
  const file = loaded.path === undefined ? '' : relative(terminal.folder, loaded.path);
  return {
    suite: { file, results, coverage: measureCoverage(snapshot, results) },
    diagnostics,
    sources,
    files,
  };
}

/**
 * `coding.yaml` has `coding.test.yaml` and `coding.*.test.yaml`; an `omniroute.config.yaml` has every one of its folder
 * that no other configuration there has.
 */
export async function findTestFiles(main: string): Promise<readonly string[]> {
  const folder = dirname(resolve(main));
  const names = await readdir(folder).catch(() => []);
  const stem = stemOf(basename(main));
  const stems = names.filter((name) => /\.ya?ml$/.test(name) && !isTestFile(name)).map(stemOf);
  const isOwn = (name: string, of: string): boolean => name.startsWith(`${of}.`);
  const own = names.filter((name) => {
    if (!isTestFile(name)) return false;
    if (isOwn(name, stem)) return true;
    return stem === 'omniroute.config' && !stems.some((other) => other !== stem && isOwn(name, other));
  });
  return own.sort().map((name) => join(folder, name));
}

export function reportSuite({ diagnostics, sources }: ReadSuite, terminal: Terminal, json: boolean): void {
  const input = { diagnostics, sources, rules: [], version: readVersion() };
  const text = renderDiagnostics(json ? 'json' : 'pretty', input).trimEnd();
  if (json) terminal.out(text);
  else terminal.err(text);
}

function stemOf(name: string): string {
  return name.replace(/\.ya?ml$/, '');
}

function isTestFile(name: string): boolean {
  return /\.test\.ya?ml$/.test(name);
}
