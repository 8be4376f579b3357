// The tests of every example give the same attempts, reasons and statuses in a real browser as they do here.
import { build, stop } from 'esbuild';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { ResolvedConfig } from '../../src/config/generated/types.ts';
import { catalog } from '../../src/catalog/catalog.ts';
import { compile } from '../../src/routing/compile.ts';
import { runTests, type TestResult } from '../../src/routing/test-runner.ts';
import { listFiles } from '../arch/source.ts';

afterAll(stop);

const run = promisify(execFile);
const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const routing = join(import.meta.dirname, '../../src/routing');
const files = [
  'omniroute.config.yaml',
  ...listFiles('examples', /\.yaml$/).filter((path) => !path.includes('.d/')),
];

/** The part of a result that can travel; the same code runs in the page. */
const tell = (results: readonly TestResult[]): unknown =>
  results.map(({ name, ok, run: done }) => [
    name,
    ok,
    done.status,
    done.attempts.map(({ connection, target }) => `${connection.key} ${target}`),
    done.reasons.map(({ code, message }) => `${code} ${message}`),
  ]);

// Not a real digest: both sides only have to agree.
const digest = (text: string): string => {
  let sum = 0;
  for (const sign of text) sum = (Math.imul(sum, 31) + sign.charCodeAt(0)) | 0;
  return (sum >>> 0).toString(16).padStart(64, '0');
};

async function readConfigs(): Promise<readonly ResolvedConfig[]> {
  const loaded = await Promise.all(files.map((config) => loadConfig({ config, environment: {} })));
  return loaded.map(({ config }) => config!);
}

function runHere(config: ResolvedConfig): unknown {
  const { snapshot } = compile({ config, catalog, locate: () => undefined, digest });
  return tell(runTests({ snapshot: snapshot!, tests: config.tests }));
}

if (!browser) {
  console.warn(
    'No Chromium on this machine: decisions are not compared with a browser. `.ci/run` installs one.',
  );
  it('is absent: there is no browser here', () => expect(browser).toBeUndefined());
} else {
  it('decides the same in a browser', { timeout: 120_000 }, async () => {
    const configs = await readConfigs();
    const { outputFiles } = await build({
      stdin: {
        contents: `export { catalog } from '${routing}/../catalog/catalog.ts';
          export { compile } from '${routing}/compile.ts'; export { runTests } from '${routing}/test-runner.ts';`,
        resolveDir: routing,
        loader: 'ts',
      },
      bundle: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'routing',
      write: false,
    });
    const page = `<!doctype html><meta charset="utf-8"><pre id="out"></pre><script>${outputFiles[0]!.text.replaceAll('</script', '<\\/script')}</script>
<script>
const configs = ${JSON.stringify(configs).replaceAll('<', '\\u003c')};
const tell = ${tell.toString()};
const digest = ${digest.toString()};
const results = configs.map((config) => {
  const { snapshot } = routing.compile({ config, catalog: routing.catalog, locate: () => undefined, digest });
  return tell(routing.runTests({ snapshot, tests: config.tests }));
});
document.getElementById('out').textContent = encodeURIComponent(JSON.stringify(results));
</script>`;
    const folder = mkdtempSync(join(tmpdir(), 'omniroute-browser-'));
    try {
      const file = join(folder, 'page.html');
      writeFileSync(file, page);
      const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}/profile`];
      const { stdout } = await run(browser, [...flags, '--dump-dom', `file://${file}`], {
        maxBuffer: 64 * 1024 * 1024,
        timeout: 100_000,
      });
      const found = /<pre id="out">([^<]+)<\/pre>/.exec(stdout)?.[1];
      expect(found, stdout.slice(-300)).toBeDefined();
      const there = JSON.parse(decodeURIComponent(found!)) as unknown;
      const here = configs.map(runHere);
      expect(here.flat().length).toBeGreaterThan(35);
      expect(there).toEqual(JSON.parse(JSON.stringify(here)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
