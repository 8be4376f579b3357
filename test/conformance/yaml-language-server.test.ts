// What editors make of the schema: no example has a false error, and completion is offered where people type.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listFiles } from '../arch/source.ts';
import { startLanguageServer, type LanguageServer } from '../support/language-server.ts';

const root = join(import.meta.dirname, '../..');
const files = ['omniroute.config.yaml', ...listFiles('examples', /\.yaml$/)];
const modeline = '# yaml-language-server: $schema=../schema/omniroute.schema.json\n';

let server: LanguageServer;
beforeAll(async () => {
  server = await startLanguageServer();
}, 60_000);
afterAll(() => server.stop());

async function check(text: string, name = 'unsaved.yaml'): Promise<string[]> {
  const diagnostics = await server.check(join(root, 'examples', name), modeline + text);
  return diagnostics.map(
    ({ message, range }) => `${range.start.line + 1}:${range.start.character + 1} ${message}`,
  );
}

/** Completion at the `|` of a text. */
async function complete(text: string, name: string): Promise<readonly string[]> {
  const at = (modeline + text).indexOf('|');
  const before = (modeline + text).slice(0, at);
  await check(text.replace('|', ''), name);
  const line = before.split('\n').length - 1;
  return server.complete(join(root, 'examples', name), line, at - before.lastIndexOf('\n') - 1);
}

describe('no false error', () => {
  test.each(files)('%s', async (file) => {
    const path = join(root, file);
    const text = await readFile(path, 'utf8');
    expect(text.split('\n')[0]).toMatch(
      /^# yaml-language-server: \$schema=(\.\.?\/)+schema\/omniroute\.schema\.json$/,
    );
    expect(await server.check(path, text)).toEqual([]);
  });

  test('variables may stand for numbers, switches, words and addresses', async () => {
    const text = `version: 1
server: { listen: "127.0.0.1:\${env:PORT}", maxDepth: "\${env:DEPTH:-64}" }
auth: { requireApiKey: "\${env:REQUIRE}" }
combos: { c: { strategy: "\${env:STRATEGY:-priority}", targets: [a/b] } }
`;
    expect(await check(text)).toEqual([]);
  });
});

test('an included file needs no version', async () => {
  expect(await check('aliases: { fast: openai/gpt-5-mini }\n')).toEqual([]);
});

describe('real errors are seen while typing', () => {
  test('unknown keys, wrong words, literal secrets', async () => {
    const text = `version: 1
servr: {}
providers:
  openai:
    connections: [{ id: a, apiKey: hunter2 }]
combos:
  c: { strategy: prioritty, targets: [a/b] }
`;
    const told = await check(text);
    expect(told.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['3', '6', '8']));
  });
});

describe('completion', () => {
  test('offers the sections', async () => {
    const labels = await complete('version: 1\n|\n', 'sections.yaml');
    expect(labels).toEqual(expect.arrayContaining(['providers', 'combos', 'keys', 'server', 'tests']));
  });

  test('offers the keys of a section and leaves out what stands already', async () => {
    const labels = await complete('version: 1\nserver:\n  listen: 127.0.0.1:1\n  |\n', 'server.yaml');
    expect(labels).toEqual(expect.arrayContaining(['basePath', 'cors', 'maxBodySize']));
    expect(labels).not.toContain('listen');
  });

  test('offers the strategies', async () => {
    const labels = await complete(
      'version: 1\ncombos:\n  c:\n    strategy: |\n    targets: []\n',
      'strategy.yaml',
    );
    expect(labels).toEqual(expect.arrayContaining(['priority', 'weighted', 'round-robin']));
  });

  test('offers the keys of a target that is written out', async () => {
    const labels = await complete(
      'version: 1\ncombos:\n  c:\n    targets:\n      - model: a/b\n        |\n',
      'target.yaml',
    );
    expect(labels).toEqual(expect.arrayContaining(['weight', 'when', 'schedule']));
  });

  test('offers the wires of a provider', async () => {
    const labels = await complete(
      'version: 1\nproviders:\n  own:\n    protocols:\n      - name: |\n',
      'protocol.yaml',
    );
    expect(labels).toEqual(expect.arrayContaining(['openai-chat', 'anthropic-messages', 'gemini', 'ollama']));
  });

  test('explains a key under the pointer', async () => {
    await check('version: 1\nserver:\n  maxDepth: 64\n', 'hover.yaml');
    expect(await server.hover(join(root, 'examples/hover.yaml'), 3, 5)).toContain(
      'Deepest nesting of a JSON body',
    );
  });
});
