import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/exit-codes.ts';
import { CliFailure, cliRules, explainFailure, reportFailure } from '../../../src/cli/failure.ts';
import { commands, run } from '../../../src/cli/main.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { GatewayError } from '../../../src/errors.ts';

function createRecorder(environment: Terminal['environment'] = {}) {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => (out += `${text}\n`),
    err: (text) => (err += `${text}\n`),
    paint: (_, text) => text,
    interactive: false,
    environment,
    folder: '/',
  };
  return {
    terminal,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
  };
}

async function call(...argv: string[]) {
  const recorder = createRecorder();
  const code = await run(argv, recorder.terminal);
  return { code, out: recorder.out, err: recorder.err };
}

test('the exit codes are the five that are promised', () => {
  expect(Object.values(exitCodes).map(({ code }) => code)).toEqual([0, 1, 2, 3, 70]);
});

test('help lists every command and loads none', async () => {
  const { code, out } = await call('--help');
  expect(code).toBe(0);
  for (const name of Object.keys(commands)) expect(out).toContain(`\n  ${name} `);
  expect(await call()).toMatchObject({ code: 2, out: '' });
});

test('every command explains its flags, without colours, and takes --json', async () => {
  for (const name of Object.keys(commands)) {
    const { code, out } = await call(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`omniroute ${name}`);
    expect(out).toContain('--json');
    expect(out).not.toContain('\u001B');
    expect(await call('help', name)).toEqual({ code, out, err: '' });
  }
});

test.each([
  [['nope'], 'cli/unknown-command', 'unknown command "nope"'],
  [['statsu'], 'cli/unknown-command', 'did you mean `omniroute status`?'],
  [['__proto__'], 'cli/unknown-command', 'unknown command'],
  [['--nope'], 'cli/usage', 'unknown option --nope'],
  [['schema', '--sectoin', 'x'], 'cli/usage', 'did you mean "--section"?'],
  [['schema', '--section'], 'cli/usage', '--section needs a value'],
  [['schema', '--section', '--list'], 'cli/usage', '--section needs a value'],
  [['schema', 'providers'], 'cli/usage', 'unexpected "providers"'],
  [['start', 'my.yaml'], 'cli/usage', '--config my.yaml'],
  [['schema', '--section', 'provider'], 'cli/usage', 'did you mean "providers"?'],
  [['sandbox', '--listen', 'here'], 'cli/usage', '"here" is not host:port'],
  [['sandbox', '--seed', 'x'], 'cli/usage', '--seed'],
  [['sandbox', '--model', 'gpt-9'], 'cli/usage', 'no "gpt-9"'],
  [['status', '--url', '::'], 'cli/usage', 'is no URL'],
])('%j is a usage error', async (argv, code, words) => {
  const plain = await call(...argv);
  expect(plain).toMatchObject({ code: 2, out: '' });
  expect(plain.err).toContain(`error  ${code}  `);
  expect(plain.err).toContain(words);
  const json = await call(...argv, '--json');
  expect(json).toMatchObject({ code: 2, err: '' });
  expect(JSON.parse(json.out)).toMatchObject({ error: { code, severity: 'error' } });
});

test('sandbox --list and schema print what they know', async () => {
  expect((await call('sandbox', '--list')).out).toMatch(/^echo {2,}Repeats the last user text\.$/m);
  const list = JSON.parse((await call('schema', '--list', '--json')).out) as { sections: string[] };
  expect(list.sections).toEqual(expect.arrayContaining(['providers', 'combos']));
  const whole = JSON.parse((await call('schema')).out) as Record<string, unknown>;
  expect(whole).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
});

test('a section of the schema stands on its own', async () => {
  for (const name of ['providers', 'auth', 'version', 'policies']) {
    const section = JSON.parse((await call('schema', '--section', name)).out) as { $defs?: object };
    const defined = new Set(Object.keys(section.$defs ?? {}));
    for (const [, reference = ''] of JSON.stringify(section).matchAll(/"#\/\$defs\/([^"/]+)/g)) {
      expect(defined, `${name} needs ${reference}`).toContain(reference);
    }
  }
});

describe('failures', () => {
  const systemError = (code: string, more: object = {}) =>
    Object.assign(new Error(`${code}: words`), { code, ...more });

  test.each<[string, unknown, string, number, string]>([
    ['ours', new CliFailure('cli/failed', 'no'), 'cli/failed', 1, 'no'],
    ['of the gateway', new GatewayError('draining', 'closing'), 'cli/failed', 1, 'closing'],
    [
      'taken address',
      systemError('EADDRINUSE', { address: '127.0.0.1', port: 80 }),
      'cli/address-in-use',
      1,
      '127.0.0.1:80 is taken',
    ],
    [
      'foreign address',
      systemError('EADDRNOTAVAIL', { address: '192.0.2.1', port: 80 }),
      'cli/address-refused',
      1,
      '192.0.2.1:80',
    ],
    ['low port', systemError('EACCES', { address: '::', port: 80 }), 'cli/address-refused', 1, 'permission'],
    ['forbidden file', systemError('EACCES', { path: '/x' }), 'cli/file', 1, '/x'],
    ['missing file', systemError('ENOENT', { path: '/x' }), 'cli/file', 1, 'ENOENT'],
    [
      'unknown',
      new TypeError('x is not a function\n    at secret place'),
      'cli/internal',
      70,
      'TypeError: x is not a function',
    ],
    ['no error at all', 'text', 'cli/internal', 70, 'text'],
  ])('%s', (_, thrown, code, exit, words) => {
    const explained = explainFailure(thrown);
    expect(explained).toMatchObject({ exit, diagnostic: { code, severity: 'error' } });
    expect(explained.diagnostic.message).toContain(words);
    const recorder = createRecorder();
    reportFailure(thrown, recorder.terminal, false);
    expect(recorder.err).not.toContain('    at ');
  });

  test('an internal fault says where to report it', () => {
    expect(explainFailure(new Error('x')).diagnostic.suggestion).toContain('report');
  });

  test('every code has a row', () => {
    for (const rule of cliRules)
      expect(rule).toMatchObject({ code: expect.stringMatching(/^cli\//), severity: 'error' });
  });
});
