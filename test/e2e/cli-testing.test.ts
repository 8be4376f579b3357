// The commands that try a configuration out: test with its watch, its reports and its coverage, simulate in
// its three forms, explain with every limit.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/main.ts';
import type { Explanation } from '../../src/routing/explain.ts';
import type { Timeline } from '../../src/routing/testing/scenario.ts';
import { runCli, startCli } from '../support/cli.ts';

const config = `version: 1
providers:
  openai: { connections: [{ id: a, apiKey: "\${env:OPENAI_API_KEY}", maxConcurrent: 1 }] }
  anthropic: {}
models:
  openai/gpt-5.4: { price: { input: 1, output: 2 } }
combos:
  coding: { targets: [openai/gpt-5.4, anthropic/claude-sonnet-4-6], queueTimeout: 2s }
  spare: { targets: [anthropic/claude-opus-5] }
keys:
  - { id: ci, digest: "sha256:${'9f'.repeat(32)}", limits: { requests: 3/min } }
cache: { exact: { ttl: 10m } }
tests:
  - name: an outage of OpenAI is none of ours
    request: { model: coding, key: ci }
    outcomes: [503, ok]
    expect: { target: anthropic/claude-sonnet-4-6, charges: ["key:ci/requests", openai@a/running] }
  - name: "{used} of 3 requests"
    request: { model: coding, key: ci }
    given: { usage: { "key:ci/requests": "{used}" } }
    expect: { status: "{status}" }
    cases: [{ used: 2, status: 200 }, { used: 3, status: 429 }]
`;
const scenario = `config: omniroute.config.yaml
arrivals:
  - { request: { model: coding, key: ci, inputTokens: 1000 }, every: 500ms, count: 4 }
upstreams:
  openai: [{ takes: 3s, outputTokens: 100 }]
  anthropic: [{ answer: 503, takes: 100ms, until: 3s }]
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'omniroute-testing-'));
  write(config);
  write(scenario, 'burst.scenario.yml');
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string, name = 'omniroute.config.yaml'): void {
  writeFileSync(join(folder, name), text);
}

/** The same command line without a process of its own, which takes a second to begin. */
async function runHere(args: readonly string[], { folder: place }: { readonly folder: string }) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    paint: (_, plain) => plain,
    interactive: false,
    environment: {},
    folder: place,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('omniroute test', () => {
  it('tells what passed, for people, programs and CI servers', async () => {
    const pretty = await runHere(['test'], { folder });
    expect(pretty.code, pretty.err).toBe(0);
    expect(pretty.out).toContain('3 passed');
    expect(pretty.out).toContain('✓ 3 of 3 requests');
    const json = await runHere(['test', '--json'], { folder });
    expect(JSON.parse(json.out)).toMatchObject([{ file: 'omniroute.config.yaml', passed: 3, failed: 0 }]);
    const junit = await runHere(['test', '--format', 'junit'], { folder });
    expect(junit.out).toContain('<testsuites name="omniroute test" tests="3" failures="0">');
  });

  it('says what no test touches, as text and as a page, and fails below the least share', async () => {
    const page = join(folder, 'coverage.html');
    const { code, out } = await runHere(['test', '--coverage', '--coverage-page', 'coverage.html'], {
      folder,
    });
    expect(code).toBe(0);
    expect(out).toMatch(/5 of 7 touched \(71 %\)/);
    expect(out).toMatch(/no test touches combo spare {2}omniroute\.config\.yaml:9:3/);
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('<progress max="7" value="5">');
    expect(html).toContain(
      '<tr class="none"><td>combos<td><code>spare</code><td><code>omniroute.config.yaml:9:3</code>',
    );
    expect(html).toContain('an outage of OpenAI is none of ours');
    expect(html).not.toMatch(/<script|https?:/);
    expect((await runHere(['test', '--min-coverage', '71'], { folder })).code).toBe(0);
    expect((await runHere(['test', '--min-coverage', '72'], { folder })).code).toBe(1);
    expect((await runHere(['test', '--min-coverage', 'much'], { folder })).code).toBe(2);
  });

  it('runs again whenever a file changes, and goes on after a broken one', async () => {
    const cli = startCli(['test', '--watch', '--coverage-page', 'watched.html'], { folder });
    try {
      await cli.until(/waiting for a change/);
      expect(cli.out).toContain('3 passed');
      const rounds = (): number => cli.err.split('waiting for a change').length - 1;
      const next = async (pattern: RegExp, before = rounds()): Promise<void> => {
        await cli.until(new RegExp(`(waiting for a change[^]*){${before + 1}}`));
        expect(cli.out + cli.err).toMatch(pattern);
      };
      let done = next(/1 of 3 failed/);
      write(config.replace('status: 429', 'status: 200'));
      await done;
      done = next(/there is no "opnai\/gpt-5\.4"/);
      write(config.replace('targets: [openai', 'targets: [opnai'));
      await done;
      done = next(/4 passed/);
      write(
        'version: 1\ntests: [{ name: more, request: { model: spare }, expect: { status: 200 } }]\n',
        'x.test.yaml',
      );
      write(config);
      await done;
    } finally {
      cli.child.kill('SIGTERM');
      await cli.ended;
      rmSync(join(folder, 'x.test.yaml'), { force: true });
      write(config);
    }
  });
});

describe('omniroute simulate', () => {
  it('shows calls, queues, limits, breakers and spend as text', async () => {
    const { code, out, err } = await runCli(['simulate', 'burst.scenario.yml'], { folder });
    expect(code, err).toBe(0);
    expect(out).toContain('coding with ci → openai/gpt-5.4 (3s)');
    expect(out).toContain('openai/gpt-5.4 as openai@a: held: place, 2s in the queue');
    expect(out).toContain('anthropic/claude-sonnet-4-6 as anthropic@default: overloaded');
    expect(out).toMatch(/coding with ci → rate_limit_exceeded \(0s, again in \d+ s\)/);
    expect(out).toMatch(/openai@a: at most 1 of 1 at the same time, \d in the queue/);
    expect(out).toMatch(/openai\/gpt-5\.4 {2}0\.00\d+ USD for \d answer/);
  });

  it('gives the same as data, and the same twice', async () => {
    const { out } = await runHere(['simulate', 'burst.scenario.yml', '--json'], { folder });
    const timeline = JSON.parse(out) as Timeline;
    expect(timeline.requests).toHaveLength(4);
    expect(timeline.requests[0]).toMatchObject({ at: 0, key: 'ci', outcome: 'openai/gpt-5.4', ended: 3000 });
    expect(timeline.spend[0]).toMatchObject({ at: 3000, cost: 1_200_000, total: 1_200_000 });
    expect(timeline.lanes.find(({ id }) => id === 'openai@a')).toMatchObject({ places: 1 });
    expect(timeline.states.some(({ kind, id }) => kind === 'cooldown' && id.startsWith('anthropic@'))).toBe(
      true,
    );
    expect((await runHere(['simulate', 'burst.scenario.yml', '--json'], { folder })).out).toBe(out);
  });

  it('draws a picture that stands alone', async () => {
    const { code, out } = await runHere(['simulate', 'burst.scenario.yml', '--format', 'svg'], { folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    for (const part of [
      'class="ok"',
      'class="bad"',
      'class="queued"',
      'class="cooldown"',
      'class="running"',
      'class="spend"',
    ])
      expect(out).toContain(part);
    // Well-formed: every element that begins ends.
    const open = out.match(/<(?!\/)(?:svg|style|rect|text|title|polyline)\b[^>]*(?<!\/)>/g)!.length;
    expect(out.match(/<\/(?:svg|style|rect|text|title|polyline)>/g)).toHaveLength(open);
  });

  it('tells every fault of a scenario with its line', async () => {
    write(
      scenario.replace('every', 'evry').replace('key: ci', 'key: [ci]').replace('until: 3s', 'until: 3'),
      'bad.scenario.yml',
    );
    const bad = await runHere(['simulate', 'bad.scenario.yml'], { folder });
    expect(bad.code).toBe(1);
    expect(bad.err).toContain(
      'bad.scenario.yml:3:65  error  schema/unknown-key  unknown key "evry" in arrivals[0]',
    );
    expect(bad.err).toContain('did you mean "every"?');
    expect(bad.err).toMatch(/bad\.scenario\.yml:3:38 {2}error {2}schema\/type/);
    expect(bad.err).toMatch(
      /bad\.scenario\.yml:6:51 {2}error {2}schema\/type {2}upstreams\.anthropic\[0\]\.until/,
    );
    write(
      scenario.replace('model: coding', 'model: codng').replace('  anthropic:', '  antropic:'),
      'names.scenario.yml',
    );
    const names = await runHere(['simulate', 'names.scenario.yml', '--json'], { folder });
    expect(names.code).toBe(1);
    expect(names.out).toContain('there is no \\"codng\\"');
    expect(names.out).toContain('there is no provider \\"antropic\\"');
    expect((await runHere(['simulate', 'none.yml'], { folder })).code).toBe(1);
  });
});

describe('omniroute explain', () => {
  const flags = [
    'explain',
    '--model',
    'coding',
    '--key',
    'ci',
    '--ready',
    '--tokens',
    '1000',
    '--output',
    '100',
  ];

  it('shows the limits with what is left, the cost, and the recipe of the cache', async () => {
    const given = '{ usage: { "key:ci/requests": 1, "openai@a/running": 1 } }';
    const { code, out, err } = await runHere([...flags, '--given', given], { folder });
    expect(code, err).toBe(0);
    expect(out).toMatch(/openai\/gpt-5\.4 .*as openai@a, openai-chat, at most 0\.0012 USD/);
    expect(out).toContain(
      'openai@a/running  0 of 1 at the same time left; full: the call waits  omniroute.config.yaml:3:',
    );
    expect(out).toContain('key:ci/requests  2 of 3 requests left  omniroute.config.yaml:11:5');
    expect(out).toContain('the answer may be kept for 10m  omniroute.config.yaml:12:');
    expect(out).toContain('not built in this version');
    expect(out).toContain('scope: key ci');
  });

  it('is refused as the gateway would: by a limit, by the IP filter, at another time', async () => {
    const full = await runHere([...flags, '--given', '{ usage: { "key:ci/requests": 3 } }', '--json'], {
      folder,
    });
    expect(full.code).toBe(1);
    const explanation = JSON.parse(full.out) as Explanation;
    expect(explanation).toMatchObject({
      outcome: { kind: 'refuse', code: 'rate_limit_exceeded', retryAfter: 60 },
      reasons: [{ code: 'key-limit', at: 'omniroute.config.yaml:11:5' }],
      charges: [{ id: 'key:ci/requests', used: 3, left: 0, full: true, whenFull: 'refuse' }],
      cache: { eligible: false, store: 'not built' },
    });
    write(`${config}network: { ipFilter: { mode: whitelist, whitelist: [10.0.0.0/8] } }\n`, 'filtered.yaml');
    const from = (address: string) =>
      runHere([...flags, '--config', 'filtered.yaml', '--address', address], { folder });
    expect((await from('10.1.1.1')).code).toBe(0);
    expect((await from('192.0.2.1')).out).toContain('refused: 403 address_not_allowed');
    const unknown = await runHere([...flags, '--given', '{ usage: { "key:ci/tokens": 3 } }'], { folder });
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('key:ci/tokens') as string });
  });
});
