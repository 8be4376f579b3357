// Every example is valid without a warning, keeps the promises of its own `tests:`, and leaves nothing untouched by them.
import { expect, test } from 'vitest';
import { listFiles } from '../arch/source.ts';
import { runCli } from '../support/cli.ts';

interface Suite {
  readonly file: string;
  readonly tests: readonly { readonly name: string; readonly ok: boolean }[];
  readonly coverage: {
    readonly items: readonly { readonly name: string; readonly tests: readonly string[] }[];
  };
}

const files = [
  'omniroute.config.yaml',
  ...listFiles('examples', /\.yaml$/).filter((path) => !path.includes('.d/') && !path.includes('.test.')),
];

test('there are examples', () => {
  expect(files.length).toBeGreaterThan(9);
});

test.each(files)('%s is valid, strictly', async (file) => {
  const { code, out, err } = await runCli(['validate', '--strict', file]);
  expect(code, out + err).toBe(0);
});

test('all of them keep their promises, and every rule, target and name is in one', async () => {
  const { code, out, err } = await runCli(['test', '--json', '--min-coverage', '100', ...files]);
  const suites = JSON.parse(out) as readonly Suite[];
  const broken = suites.flatMap(({ file, tests }) =>
    tests.flatMap(({ name, ok }) => (ok ? [] : [`${file}: ${name}`])),
  );
  const untouched = suites.flatMap(({ file, coverage }) =>
    coverage.items.flatMap(({ name, tests }) => (tests.length > 0 ? [] : [`${file}: ${name}`])),
  );
  expect({ broken, untouched, code }, err).toEqual({ broken: [], untouched: [], code: 0 });
  expect(suites.flatMap(({ tests }) => tests).length).toBeGreaterThan(35);
  expect(suites).toHaveLength(files.length);
});
