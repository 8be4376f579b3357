// Checks of the document where one file is not enough to show them: several files, flags, and repairs.
import { describe, expect, it } from 'vitest';
import { replaceRanges, sliceSource } from '../../../src/diagnostics/source-text.ts';
import { capture } from '../../setup/canary.ts';
import { loadText, summarize } from '../../support/config-files.ts';

const digest = (letter: string): string => `"sha256:${letter.repeat(64)}"`;

describe('several files', () => {
  it('an id that two files give away is reported in the second, with the first beside it', async () => {
    const result = await loadText(
      `version: 1\ninclude: [a.yaml]\nkeys:\n  - { id: ci, digest: ${digest('b')} }\n`,
      {
        'a.yaml': `keys:\n  - { id: ci, digest: ${digest('a')} }\n`,
      },
    );
    expect(summarize(result)).toEqual(['omniroute.config.yaml:4:11 name/duplicate-id']);
    expect(result.diagnostics[0]?.related).toMatchObject([{ at: { file: 'a.yaml', line: 2, column: 11 } }]);
  });

  it('a secret in the comment of an included file is found there, and shown nowhere', async () => {
    const secret = ['AK', 'IAIOSFODNN7EXAMPLE'].join('');
    const result = await loadText('version: 1\ninclude: [a.yaml]\n', {
      'a.yaml': `# ${secret}\naliases: {}\n`,
    });
    expect(summarize(result)).toEqual(['a.yaml:1:3 secret/plain-text']);
    expect(JSON.stringify(result.diagnostics)).not.toContain(secret);
    capture('diagnostics', JSON.stringify(result.diagnostics));
  });
});

describe('an open address', () => {
  it('is told at its line when the file opens it', async () => {
    const result = await loadText('version: 1\nserver: { listen: 0.0.0.0:80 }\n');
    expect(summarize(result)).toEqual(['omniroute.config.yaml:2:19 server/exposed-without-keys']);
  });

  it.each(['version: 1\nserver: { listen: 127.0.0.1:80 }\n', 'version: 1\n'])(
    'is no line of the file when a flag opens it: %j',
    async (text) => {
      const result = await loadText(text, {}, { flags: { listen: '0.0.0.0:80' } });
      expect(summarize(result)).toEqual(['server/exposed-without-keys']);
      expect(result.diagnostics[0]?.message).toBe('others can reach 0.0.0.0:80, but requireApiKey is off');
    },
  );

  it('is fine with keys, and behind a proxy it is not fine without', async () => {
    const keys = `auth: { requireApiKey: true }\nkeys: [{ id: ci, digest: ${digest('a')} }]\n`;
    expect(summarize(await loadText(`version: 1\nserver: { listen: "[::]:80" }\n${keys}`))).toEqual([]);
    expect(summarize(await loadText('version: 1\nserver: { trustedProxies: [10.0.0.0/8] }\n'))).toEqual([
      'omniroute.config.yaml:2:27 server/exposed-without-keys',
    ]);
  });
});

describe('text behind positions', () => {
  const text = 'a: 1\nb: "ü"\nc:\n  - x\n';

  it('is cut out and replaced by lines and columns', () => {
    const at = { file: 'f', line: 2, column: 4, endLine: 2, endColumn: 7 };
    expect(sliceSource(text, at)).toBe('"ü"');
    const other = { file: 'f', line: 3, column: 1, endLine: 4, endColumn: 6 };
    expect(
      replaceRanges(text, [
        { at, text: 'y' },
        { at: other, text: 'd: z' },
      ]),
    ).toBe('a: 1\nb: y\nd: z\n');
    expect(sliceSource(text, { ...at, line: 9, endLine: 9 })).toBeUndefined();
  });
});
