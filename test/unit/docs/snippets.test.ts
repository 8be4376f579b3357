// Every YAML example of the guides and the README is a configuration that loads; a fragment gets only its first line.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const folder = await mkdtemp(join(tmpdir(), 'omniroute-snippets-'));
// What the example about several files includes.
await mkdir(join(folder, 'config.d'));
await writeFile(join(folder, 'config.d/team.yaml'), '{}\n');
afterAll(() => rm(folder, { recursive: true, force: true }));

const guides = (await readdir('docs/guide')).map((name) => `docs/guide/${name}`);
const snippets = (await Promise.all(['README.md', ...guides].map(readSnippets))).flat();

test('there are examples', () => {
  expect(snippets.length).toBeGreaterThan(8);
});

test.each(snippets)('$page:$line loads', async ({ text }) => {
  const path = join(folder, 'omniroute.config.yaml');
  await writeFile(path, text.includes('version: 1') ? text : `version: 1\n${text}`);
  const { diagnostics } = await loadConfig({ config: path, environment: {} });
  const objections = diagnostics.filter(({ severity }) => severity !== 'info');
  expect(objections.map(({ code, message, at }) => `${at?.line}: ${code}: ${message}`)).toEqual([]);
});

async function readSnippets(page: string) {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    text: match[1] ?? '',
  }));
}
