// Routing must run where Node does not: the dashboard shows decisions with the same code.
import { build, stop } from 'esbuild';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, it } from 'vitest';

afterAll(stop);

const routing = join(import.meta.dirname, '../../../src/routing');
const entry = `
  export { compile } from '${routing}/compile.ts';
  export { decide } from '${routing}/decide.ts';
  export { next } from '${routing}/next.ts';
  export { explain } from '${routing}/explain.ts';
  export { runTests } from '${routing}/test-runner.ts';
  export { diffSnapshots } from '${routing}/diff.ts';
  export { checkRouting } from '${routing}/checks/index.ts';
  export { createWorld } from '${routing}/world/memory.ts';
  export { assembleSnapshot } from '${routing}/assemble.ts';
`;

function bundle() {
  return build({
    stdin: { contents: entry, resolveDir: routing, loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'routing',
    write: false,
    metafile: true,
    minify: true,
    logLevel: 'silent',
  });
}

it('bundles for a browser, without any Node module', async () => {
  const { metafile, outputFiles } = await bundle();
  const foreign = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
  expect(foreign).toEqual([]);
  expect(
    Object.keys(metafile.inputs).filter((path) =>
      /(^|\/)(state|gateway|server|config\/(?!generated))\//.test(path),
    ),
  ).toEqual([]);
  // The catalog's data is most of it.
  expect(outputFiles[0]!.text.length).toBeLessThan(700_000);
});

it('decides there: nothing of Node is at hand', async () => {
  const { outputFiles } = await bundle();
  const script = `${outputFiles[0]!.text}
    const provider = {
      id: 'a', prefixes: [], sandbox: false, profile: { name: 'default', retries: 0 },
      endpoints: [{ protocol: 'openai-chat', baseUrl: 'http://a.test', auth: 'none', headers: {}, quirks: [] }],
      connections: [{ id: 'x', key: 'a@x', provider: 'a', priority: 1, enabled: true }],
    };
    const facts = { model: 'a/m', protocol: 'openai-chat', operation: 'chat', stream: false, address: '', bodyBytes: 0,
      principal: { role: 'anonymous', tags: {}, noLog: false } };
    const decision = routing.decide({ snapshot: routing.assembleSnapshot({ providers: [provider] }), facts,
      world: routing.createWorld(), now: 0, random: () => 0 });
    JSON.stringify([decision.kind, decision.attempts.map((attempt) => attempt.target), typeof process, typeof Buffer, typeof require]);`;
  const result = JSON.parse(runInNewContext(script, { TextEncoder, TextDecoder }) as string) as unknown;
  expect(result).toEqual(['route', ['a/m'], 'undefined', 'undefined', 'undefined']);
});
