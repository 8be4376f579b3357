// `omniroute test`: holds configurations to the promises of their `tests:`, without a network, a secret or a database.
import { statSync, watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hasErrors } from '../../diagnostics.ts';
import {
  listResults,
  renderCoverage,
  renderCoverageHtml,
  renderResults,
  renderResultsJunit,
  type TestSuite,
} from '../../routing/testing/render.ts';
import { defineCommand } from '../command.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';
import { reportSuite, runSuite, type ReadSuite } from '../read-tests.ts';
import type { Terminal } from '../terminal.ts';

const formats = ['pretty', 'junit'] as const;

interface Options {
  readonly files: readonly (string | undefined)[];
  readonly format: (typeof formats)[number] | 'json';
  readonly coverage: boolean;
  /** Lowest share in per cent that passes. */
  readonly minimum: number;
  readonly page: string | undefined;
}

export default defineCommand({
  description: 'Holds configurations to the promises of their tests: no network, no secret, no token spent',
  args: {
    files: {
      type: 'positional',
      required: false,
      valueHint: 'file…',
      description: 'The configurations; else the one that `start` would find',
    },
    format: {
      type: 'enum',
      options: [...formats],
      default: 'pretty',
      description: 'For people, or for a CI server',
    },
    coverage: { type: 'boolean', description: 'Also say which rules, targets and names no test touches' },
    'min-coverage': {
      type: 'string',
      valueHint: 'percent',
      description: 'Fail when less than this is touched; implies --coverage',
    },
    'coverage-page': { type: 'string', valueHint: 'file', description: 'Write the coverage as an HTML page' },
    watch: { type: 'boolean', description: 'Run again whenever a file changes, until interrupted' },
  },
  run: async (args, terminal) => {
    const minimum = args['min-coverage'];
    if (minimum !== undefined && !(Number(minimum) >= 0 && Number(minimum) <= 100))
      throw createUsageFailure(`--min-coverage: "${minimum}" is no share in per cent`);
    const options: Options = {
      files: args._.length > 0 ? args._ : [undefined],
      format: args.json ? 'json' : args.format,
      coverage: args.coverage === true || minimum !== undefined,
      minimum: Number(minimum ?? 0),
      page: args['coverage-page'],
    };
    if (!args.watch) return (await runAll(options, terminal)).code;
    return watchAll(options, terminal);
  },
});

async function runAll(
  options: Options,
  terminal: Terminal,
): Promise<{ readonly code: ExitCode; readonly reads: readonly ReadSuite[] }> {
  const reads: ReadSuite[] = [];
  for (const file of options.files) reads.push(await runSuite(file, terminal));
  const broken = reads.filter(({ suite, diagnostics }) => !suite || hasErrors(diagnostics));
  for (const read of broken) reportSuite(read, terminal, options.format === 'json');
  const suites = reads.flatMap(({ suite }) => (suite ? [suite] : []));
  print(suites, options, terminal);
  if (options.page !== undefined)
    await writeFile(resolve(terminal.folder, options.page), renderCoverageHtml(suites));
  const bad =
    broken.length > 0 ||
    suites.some(({ results }) => results.some(({ ok }) => !ok)) ||
    suites.some((suite) => shareOf(suite) < options.minimum);
  return { code: bad ? exitCodes.negative.code : exitCodes.ok.code, reads };
}

function shareOf({ coverage }: TestSuite): number {
  if (!coverage || coverage.total === 0) return 100;
  return (100 * coverage.touched) / coverage.total;
}

function print(suites: readonly TestSuite[], { format, coverage }: Options, terminal: Terminal): void {
  if (format === 'json') {
    const shown = coverage ? suites : suites.map(({ coverage: _, ...suite }) => suite);
    if (suites.length > 0) terminal.out(JSON.stringify(listResults(shown), null, 2));
    return;
  }
  if (format === 'junit') {
    terminal.out(renderResultsJunit(suites));
    return;
  }
  for (const suite of suites) {
    terminal.out(renderResults(suite));
    if (coverage && suite.coverage) terminal.out(`\n${renderCoverage(suite.file, suite.coverage)}`);
  }
}

/** Folders are watched, not files: editors replace what they write. */
async function watchAll(options: Options, terminal: Terminal): Promise<ExitCode> {
  for (;;) {
    const began = Date.now();
    const { reads } = await runAll(options, terminal);
    const files = [...new Set(reads.flatMap((read) => read.files))];
    const folders = new Set(files.map((file) => dirname(file)));
    await new Promise<void>((done) => {
      const watchers = [...folders].map((folder) => watch(folder, change));
      function change(): void {
        for (const watcher of watchers) watcher.close();
        // Editors write in several steps.
        setTimeout(done, 100);
      }
      terminal.err(`waiting for a change in ${[...folders].join(', ')}`);
      // What was written while the tests ran raises no event any more.
      if (files.some((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > began)) change();
    });
  }
}
