// The built package, installed below node_modules as npm would: no TypeScript is left, the command serves, programs may
// import it.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCli } from '../support/cli.ts';

const home = await mkdtemp(join(tmpdir(), 'omniroute-package-'));
const installed = join(home, 'node_modules/omniroute');

beforeAll(async () => {
  const build = spawnSync('npm', ['run', '--silent', 'build'], { encoding: 'utf8' });
  expect(build.status, build.stdout + build.stderr).toBe(0);
  await mkdir(join(home, 'node_modules'), { recursive: true });
  await cp('dist', installed, { recursive: true });
  for (const name of await readdir('node_modules')) {
    if (!name.startsWith('.'))
      await symlink(join(process.cwd(), 'node_modules', name), join(home, 'node_modules', name));
  }
}, 120_000);

afterAll(() => rm(home, { recursive: true, force: true }));

test('nothing in it asks for TypeScript', async () => {
  const names = (await readdir(installed, { recursive: true })).filter((name) => /\.(ts|js)$/.test(name));
  expect(names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
  const scripts = names.filter((name) => name.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(100);
  for (const name of scripts) {
    const text = await readFile(join(installed, name), 'utf8');
    expect(text, name).not.toMatch(/(from|import\()\s*['"]\.[^'"]*\.ts['"]|new URL\(['"]\.[^'"]*\.ts['"]/);
  }
});

test('its command serves the quick-start file', async () => {
  const gateway = startCli(
    [
      'start',
      '--config',
      join(installed, 'omniroute.config.yaml'),
      '--port',
      '0',
      '--data',
      join(home, 'data'),
    ],
    {
      bin: join(installed, 'src/cli/bin.js'),
      folder: home,
    },
  );
  const [, url] = await gateway.until(/(http:\/\/127\.0\.0\.1:\d+)/);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-omniroute-provider')).toBe('sandbox');
  await answer.text();
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
});

test('a program can import it, with types', async () => {
  const program = `import { loadConfig } from 'omniroute'; console.log(typeof loadConfig);`;
  await writeFile(join(home, 'program.mjs'), program);
  const run = spawnSync(process.execPath, ['program.mjs'], { cwd: home, encoding: 'utf8' });
  expect(run.stdout, run.stderr).toBe('function\n');
  const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    exports: { '.': { types: string } };
  };
  expect(await readFile(join(installed, exports['.'].types), 'utf8')).toContain('loadConfig');
});
