// Every relative link in a Markdown file leads to a file and a heading that exist, and every npm script that a page
// tells people to run is in package.json.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles, root } from './source.ts';

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'src', 'examples', 'test', 'bench'].flatMap((folder) => listFiles(folder, /\.md$/)),
];

test('the pages that people start from exist', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'AGENTS.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/README.md']),
  );
});

test('relative links resolve', () => {
  expect(pages.flatMap((page) => findBrokenLinks(page, read(page)))).toEqual([]);
});

test('npm scripts that pages name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run (?:-s |--silent )?([a-z][a-z:-]*)/g)]
      .filter(([, name = '']) => !(name in scripts))
      .map(([text]) => `${page}: ${text}`),
  );
  expect(missing).toEqual([]);
});

test('files that hand-written pages name exist', () => {
  const written = pages.filter((page) => !page.startsWith('docs/reference/') && page !== 'CHANGELOG.md');
  const missing = written.flatMap((page) =>
    [...read(page).matchAll(/(?<![\w/.-])(?:src|test|scripts|schema|bench|docs|examples)\/[\w./-]*[\w/]/g)]
      .map(([path]) => path)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test.each([
  ['docs/README.md', 'docs/guide'],
  ['docs/README.md', 'docs/reference'],
  ['docs/adr/README.md', 'docs/adr'],
])('%s leads to every page of %s', (index, folder) => {
  const linked = [...read(index).matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) =>
    posix.join(posix.dirname(index), target),
  );
  const missing = listFiles(folder, /\.md$/).filter((page) => page !== index && !linked.includes(page));
  expect(missing).toEqual([]);
});

describe('the checker', () => {
  test('finds a missing file, a missing heading and a page of the machine', () => {
    const text = '[a](docs/nowhere.md) [b](#no-such-heading) [c](file:///etc/passwd)\n\n# A heading';
    expect(findBrokenLinks('README.md', text)).toEqual([
      'README.md: docs/nowhere.md: no such file',
      'README.md: #no-such-heading: no such heading',
      'README.md: file:///etc/passwd: neither relative nor http',
    ]);
  });

  test('knows headings as the pages render them, and leaves code alone', () => {
    const text =
      '# What is *not* `there` yet\n\n[a](#what-is-not-there-yet)\n\n```\n[b](nowhere.md)\n```\n`[c](nowhere)`';
    expect(findBrokenLinks('README.md', text)).toEqual([]);
  });
});

function findBrokenLinks(page: string, text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    const fault = judge(page, text, target);
    return fault === undefined ? [] : [`${page}: ${target}: ${fault}`];
  });
}

function judge(page: string, text: string, target: string): string | undefined {
  if (/^https?:\/\//.test(target)) return undefined;
  if (/^[a-z]+:/.test(target)) return 'neither relative nor http';
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : posix.join(posix.dirname(page), path);
  if (!existsSync(join(root, file))) return 'no such file';
  if (anchor === undefined) return undefined;
  return listAnchors(path === '' ? text : read(file)).includes(anchor) ? undefined : 'no such heading';
}

/** Anchors of the headings, as GitHub makes them. */
function listAnchors(text: string): readonly string[] {
  return [...withoutCode(text, false).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string, inline = true): string {
  const blocks = text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '');
  return inline ? blocks.replaceAll(/`[^`\n]*`/g, '') : blocks;
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
