// The very first lines of the command line: which Node runs it, and what an unsuitable one is told.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';

const root = join(import.meta.dirname, '../..');
const oldNode = ['--require', join(root, 'test/fixtures/node-20.cjs')];

test('an old Node is named, with the command that works', async () => {
  const { code, out, err } = await runCli(['start', '--data', "it's mine"], { node: oldNode, folder: root });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(
    /^error {2}cli\/old-node {2}OmniRoute needs Node 24\.7 or newer; this is Node 20\.1\.0$/m,
  );
  const command = /run: (.*)$/m.exec(err)?.[1] ?? '';
  expect(command).toMatch(/^node_modules\/\.bin\/node \S+bin\.js start --data 'it'\\''s mine'$/);
  // The command does what it says: the same line with another subcommand runs on a new enough Node.
  const works = command.replace(/ start .*/, ' --version');
  expect(execFileSync('bash', ['-c', works], { cwd: root, encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('the first file keeps to syntax that old versions can parse', async () => {
  const text = await readFile(join(root, 'src/cli/bin.js'), 'utf8');
  const code = text.replaceAll(/\/\/.*$/gm, '').replaceAll(/'(?:[^'\\]|\\.)*'/g, "''");
  expect(code).not.toMatch(/=>|`|\b(?:const|let|class|async|await)\b|\?\.|\?\?|\.\.\./);
  expect(code).not.toMatch(/^\s*(?:import|export)\b(?!\()/m);
});

test('package.json wants the same Node as the check', async () => {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, major, minor] =
    /wanted = \[(\d+), (\d+)\]/.exec(await readFile(join(root, 'src/cli/bin.js'), 'utf8')) ?? [];
  expect(engines.node).toBe(`>=${major}.${minor}`);
});
