import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.ts';

const text = `version: 1
providers:
  openai: {}
  file: { catalog: openai, connections: [{ id: a, apiKey: "\${file:key.txt}" }] }
aliases: { fast: openai/gpt-5.4-mini, other: file/gpt-5.4 }
combos: { coding: { targets: [fast, other] } }
keys: [{ id: ci, digest: "sha256:${'a'.repeat(64)}", models: [fast] }]
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-explain-'));
  await writeFile(join(folder, 'omniroute.config.yaml'), text);
  await writeFile(join(folder, 'broken.yaml'), text.replace('fast: openai', 'fast: opnai'));
});
afterAll(() => rm(folder, { recursive: true }));

async function explain(...flags: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['explain', ...flags], {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    paint: (_, plain) => plain,
    interactive: false,
    environment: { OPENAI_API_KEY: 'value' },
    folder,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('omniroute explain', () => {
  it('answers with the order of calls and the lines of the rules', async () => {
    const { code, out } = await explain('--model', 'coding');
    expect(code).toBe(0);
    expect(out).toMatch(/1\. openai\/gpt-5.4-mini .* omniroute\.config\.yaml:6:31/);
    expect(out).toContain('file@a needs ${file:key.txt}');
  });

  it('takes every secret for granted with --ready, and reads none', async () => {
    const { code, out } = await explain('--model', 'coding', '--ready', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      attempts: [{ target: 'openai/gpt-5.4-mini' }, { target: 'file/gpt-5.4' }],
    });
    expect(out).not.toContain('value');
  });

  it('sees with the eyes of a key', async () => {
    expect((await explain('--model', 'fast', '--key', 'ci')).code).toBe(0);
    const refused = await explain('--model', 'coding', '--key', 'ci');
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('403 model_not_allowed') });
  });

  it('ends with 1 and the faults of the file when that is bad', async () => {
    const { code, err } = await explain('--model', 'fast', '--config', 'broken.yaml');
    expect(code).toBe(1);
    expect(err).toMatch(/broken\.yaml:5:\d+\s+error/);
  });

  it.each([
    ['--key', 'nobody', 'there is no key "nobody"'],
    ['--tokens', '-5', 'no whole number'],
    ['--protocol', 'smtp', 'smtp'],
  ])('ends with 2 for %s %s', async (flag, value, message) => {
    const { code, err } = await explain('--model', 'fast', `${flag}=${value}`);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
