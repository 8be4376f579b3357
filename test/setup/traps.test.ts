// Proves each trap: vitest runs files that break one rule each, in a child process, and must fail exactly there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
  }[];
}

let folder: string;
let report: Report;
let output = '';
let exitCode: number | null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-traps-'));
  const child = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config=test/fixtures/setup/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(folder, 'report.json')}`,
    ],
    // The child is a run of its own, not a worker of this one.
    {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  [exitCode] = (await once(child, 'close')) as [number | null];
  report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const cases: readonly (readonly [file: string, message: RegExp])[] = [
  ['server', /left open .*: server opened at .*server\.fixture\.ts:\d+/],
  ['socket', /left open .*: socket opened at .*socket\.fixture\.ts:\d+/],
  ['timer', /left open .*: timer opened at .*timer\.fixture\.ts:\d+/],
  ['worker', /left open .*: worker opened at .*worker\.fixture\.ts:\d+/],
  ['child', /left open .*: child process opened at .*child\.fixture\.ts:\d+/],
  ['watcher', /left open .*: file watcher opened at .*watcher\.fixture\.ts:\d+/],
  ['secret-console', /a secret was written: the secret "upstream key" stands in the console \(plain\)/],
  ['secret-pino', /a secret was written: the secret "logged" stands in standard output \(plain\)/],
  ['secret-env', /a secret was written: the secret "env" stands in the output of a child \(plain\)/],
  ['secret-encoded', /a secret was written: the secret "basic" stands in a rendered view \(base64\)/],
];

describe('the global setup', () => {
  test('lets a clean file pass', () => {
    expect(find('clean')).toMatchObject({ status: 'passed' });
  });

  test.each(cases)('fails the file that breaks the rule: %s', (file, message) => {
    expect(find(file)).toMatchObject({ status: 'failed', message: expect.stringMatching(message) });
  });

  test('fails the run on an unhandled rejection', () => {
    expect(exitCode).toBe(1);
    expect(output).toMatch(/Unhandled Rejection[\s\S]*nobody waits for this/);
  });

  test('fails files whose tests all pass', () => {
    expect(report.testResults).toHaveLength(cases.length + 2);
    expect(report.numPassedTests).toBe(cases.length + 3);
  });

  test('never prints the secret that it found', () => {
    const messages = report.testResults.map(({ message }) => message).join('\n');
    expect(messages).not.toMatch(/canary-[a-z-]+-[0-9a-f]{24}/);
  });
});

function find(file: string) {
  return report.testResults.find(({ name }) => basename(name) === `${file}.fixture.ts`);
}
