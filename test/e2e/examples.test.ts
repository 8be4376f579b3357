// Every example is valid without a warning, and keeps the promises of its own `tests:` block.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { listFiles } from '../arch/source.ts';
import { runCli } from '../support/cli.ts';

interface Claim {
  readonly name: string;
  readonly request: Readonly<Record<string, string | number>>;
  readonly expect: { readonly attempts?: readonly string[]; readonly refusal?: string };
}

interface Explained {
  readonly outcome: { readonly kind: 'route' | 'refuse'; readonly code?: string };
  readonly attempts: readonly { readonly target: string }[];
}

/** Facts of a request that the command calls otherwise. */
const flagNames: Readonly<Record<string, string>> = { inputTokens: 'tokens', maxOutputTokens: 'output' };

const files = [
  'omniroute.config.yaml',
  ...listFiles('examples', /\.yaml$/).filter((path) => !path.includes('.d/')),
];
const claims = (await Promise.all(files.map(readClaims))).flat();

test('there are examples, and they make claims', () => {
  expect(files.length).toBeGreaterThan(3);
  expect(claims.length).toBeGreaterThan(6);
});

test.each(files)('%s is valid, strictly', async (file) => {
  const { code, out, err } = await runCli(['validate', '--strict', file]);
  expect(code, out + err).toBe(0);
});

describe('the claims of the examples', () => {
  test.each(claims)('$file: $claim.name', async ({ file, claim: { request, expect: wanted } }) => {
    const flags = Object.entries(request).flatMap(([name, value]) => [
      `--${flagNames[name] ?? name}`,
      String(value),
    ]);
    const { out } = await runCli(['explain', '--config', file, '--ready', '--json', ...flags]);
    const { outcome, attempts } = JSON.parse(out) as Explained;
    expect({
      ...(wanted.attempts && { attempts: attempts.map(({ target }) => target) }),
      ...(wanted.refusal !== undefined && { refusal: outcome.code }),
    }).toEqual(wanted);
  });
});

async function readClaims(file: string) {
  const { tests = [] } = parse(await readFile(file, 'utf8')) as { readonly tests?: readonly Claim[] };
  return tests.map((claim) => ({ file, claim }));
}
