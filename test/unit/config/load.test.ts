import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { plantSecret } from '../../setup/canary.ts';
import { createMemoryFiles, loadText, places, summarize } from '../../support/config-files.ts';

const head = 'version: 1\n';

describe('defaults and shorthands', () => {
  test('the smallest file is a whole configuration', async () => {
    const { config, diagnostics } = await loadText(head);
    expect(diagnostics).toEqual([]);
    expect(config?.server).toMatchObject({
      listen: '127.0.0.1:20128',
      basePath: '/',
      maxBodySize: '32MiB',
      cors: { origins: [] },
    });
    expect(config?.auth).toMatchObject({ requireApiKey: false, requireLogin: true });
    expect(config?.tests).toEqual([]);
    expect(config?.cache.exact).toBeUndefined();
  });

  test('a bare scalar is the object that it stands for', async () => {
    const { config } = await loadText(`${head}providers:
  local: { protocols: [openai-chat, { name: ollama, baseUrl: "http://127.0.0.1:1" }], auth: none }
combos:
  c: { targets: [local/a, { model: local/b, weight: 3 }] }
`);
    expect(config?.providers['local']?.protocols).toEqual([
      { name: 'openai-chat', headers: {}, quirks: [] },
      { name: 'ollama', baseUrl: 'http://127.0.0.1:1', headers: {}, quirks: [] },
    ]);
    expect(config?.combos['c']?.targets).toEqual([
      { model: 'local/a', weight: 1 },
      { model: 'local/b', weight: 3 },
    ]);
  });

  test('profiles carry the promised numbers', async () => {
    const { config } = await loadText(head);
    const { profiles } = config?.resilience ?? { profiles: {} };
    expect(profiles).toMatchObject({
      default: {
        retries: 1,
        connectTimeout: '5s',
        firstTokenTimeout: '60s',
        idleTimeout: '120s',
        totalTimeout: '15m',
        commitAfter: '10s',
        cooldown: { transient: '3s', rateLimit: 'hint', maxLevel: 5 },
        breaker: { failures: 5, reset: '30s' },
      },
      oauth: {
        retries: 1,
        cooldown: { transient: '5s', rateLimit: '60s', maxLevel: 8 },
        breaker: { failures: 3, reset: '60s' },
      },
      apikey: {
        cooldown: { transient: '3s', rateLimit: 'hint', maxLevel: 5 },
        breaker: { failures: 5, reset: '30s' },
      },
      local: {
        cooldown: { transient: '2s', rateLimit: '5s', maxLevel: 3 },
        breaker: { failures: 2, reset: '15s' },
      },
    });
  });

  test('what a profile does not say it takes from default, and what is written wins over what is built in', async () => {
    const { config } = await loadText(`${head}resilience:
  profiles:
    default: { retries: 4, breaker: { failures: 9 } }
    oauth: { cooldown: { transient: 1s } }
    slow: { totalTimeout: 1h }
`);
    const profiles = config?.resilience.profiles;
    expect(profiles?.oauth).toMatchObject({
      retries: 4,
      cooldown: { transient: '1s', rateLimit: '60s', maxLevel: 8 },
      breaker: { failures: 9, reset: '60s' },
    });
    expect(profiles?.['slow']).toMatchObject({
      retries: 4,
      totalTimeout: '1h',
      idleTimeout: '120s',
      breaker: { failures: 9, reset: '30s' },
    });
  });

  test('a deprecated key is read under its new name, and the new one wins', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const old = await loadText(`${head}keys: [{ id: a, digest: "${digest}", allowedModels: [x] }]\n`);
    expect(old.config?.keys[0]?.models).toEqual(['x']);
    expect(old.config?.keys[0]).not.toHaveProperty('allowedModels');
    expect(old.diagnostics.find(({ code }) => code === 'language/deprecated')?.fix).toMatchObject({
      text: 'models',
      at: { line: 2 },
    });
    const both = await loadText(
      `${head}keys: [{ id: a, digest: "${digest}", allowedModels: [x], models: [y] }]\n`,
    );
    expect(both.config?.keys[0]?.models).toEqual(['y']);
  });

  test('an empty list is kept as such', async () => {
    const { config } = await loadText(`${head}providers: { openai: { models: [] } }\n`);
    expect(config?.providers['openai']?.models).toEqual([]);
  });
});

describe('secrets', () => {
  const secretField = (value: string): string =>
    `${head}providers:\n  openai:\n    connections: [{ id: a, apiKey: ${value} }]\n`;

  test('references are kept as references, with or without their values at hand', async () => {
    const secret = plantSecret();
    const result = await loadText(secretField('"${env:K:-none}"'), {}, { environment: { K: secret } });
    expect(result.config?.providers['openai']?.connections?.[0]?.apiKey).toEqual({
      source: 'env',
      name: 'K',
      fallback: 'none',
    });
    expect(result.references).toEqual([
      {
        pointer: '/providers/openai/connections/0/apiKey',
        reference: { source: 'env', name: 'K', fallback: 'none' },
        at: expect.objectContaining({ line: 4, column: 36 }) as unknown,
      },
    ]);
    expect(JSON.stringify(result)).not.toContain(secret);
    expect((await loadText(secretField('"${env:NOT_SET}"'))).diagnostics).toEqual([]);
  });

  test.each([
    'plain',
    '"quoted"',
    '12345678',
    'true',
    '"prefix-${env:X}"',
    '"$${env:X}"',
    '[a]',
    '{ a: b }',
    '"sk-${env:X}-tail"',
  ])('a literal is an error that never shows it: %s', async (value) => {
    const result = await loadText(secretField(value));
    expect(places(result)).toEqual(['4:36 reference/literal-secret']);
    expect(result.diagnostics[0]).toMatchObject({ sensitive: true });
    expect(result.diagnostics[0]?.suggestion).toContain('${env:NAME}');
    expect(result.config).toBeUndefined();
  });

  test('no planted literal gets into any message, fix or draft', async () => {
    const secret = plantSecret();
    for (const value of [
      secret,
      `"${secret}"`,
      `"\${evn:${secret}}"`,
      `"\${env:${secret}-}"`,
      `[${secret}]`,
      `{ ${secret}: 1 }`,
      `"\${file:${secret}"`,
    ]) {
      const result = await loadText(secretField(value));
      expect(result.config).toBeUndefined();
      expect(JSON.stringify({ told: result.diagnostics, draft: result.draft?.config })).not.toContain(secret);
    }
  });

  test.each([
    ['"${evn:X}"', 'reference/unknown-source'],
    ['"${env:}"', 'reference/malformed'],
    ['"${env:X"', 'reference/malformed'],
    ['""', 'reference/literal-secret'],
  ])('%s is told apart', async (value, code) => {
    expect(places(await loadText(secretField(value)))).toEqual([`4:36 ${code}`]);
  });

  test('no value at all is missing, not literal', async () => {
    expect(places(await loadText(secretField('~')))).toEqual(['4:28 schema/type']);
  });
});

describe('variables in ordinary texts', () => {
  test('are substituted, re-typed by the schema and remembered', async () => {
    const text = `${head}server: { listen: "\${env:HOST:-127.0.0.1}:\${env:P}", maxDepth: "\${env:DEPTH}" }
auth: { requireApiKey: "\${env:REQ}" }
defaults: { comboDepth: "\${env:EMPTY:-2}" }
aliases: { literal: "a/$\${env:P}" }
`;
    const result = await loadText(
      text,
      {},
      { environment: { P: '4000', DEPTH: ' 64 ', REQ: 'yes', EMPTY: '' } },
    );
    expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(result.config).toMatchObject({
      server: { listen: '127.0.0.1:4000', maxDepth: 64 },
      auth: { requireApiKey: true },
      defaults: { comboDepth: 2 },
      aliases: { literal: 'a/${env:P}' },
    });
    expect(result.provenance('/server/listen')).toMatchObject({
      kind: 'reference',
      names: ['env:HOST', 'env:P'],
      at: { line: 2 },
    });
    expect(result.provenance('/server/basePath')).toEqual({ kind: 'default' });
    expect(result.provenance('/aliases/literal')).toMatchObject({ kind: 'file', at: { line: 5 } });
  });

  test('a text stays a text, whatever it looks like', async () => {
    const result = await loadText(`${head}aliases: { a: "\${env:X}" }\n`, {}, { environment: { X: '123' } });
    expect(result.config?.aliases['a']).toBe('123');
  });

  test.each([
    ['server: { listen: "${env:UNSET}" }', 'reference/unset-variable'],
    ['server: { maxDepth: "${env:TEXT}" }', 'reference/wrong-type'],
    ['auth: { requireApiKey: "${env:TEXT}" }', 'reference/wrong-type'],
    ['server: { basePath: "${file:/etc/passwd}" }', 'reference/misplaced'],
    ['server: { basePath: "${secret:x}" }', 'reference/misplaced'],
    ['server: { basePath: "${TEXT}" }', 'reference/unknown-source'],
    ['server: { basePath: "${env:a-b}" }', 'reference/malformed'],
    ['server: { basePath: "${env:TEXT}" }', 'schema/spelling'],
    ['server: { maxDepth: "${env:BIG}" }', 'schema/range'],
  ])('%s', async (line, code) => {
    const secret = plantSecret();
    const result = await loadText(`${head}${line}\n`, {}, { environment: { TEXT: secret, BIG: '99999' } });
    expect(summarize(result)).toEqual([`omniroute.config.yaml:2:${line.indexOf('"') + 1} ${code}`]);
    expect(JSON.stringify(result.diagnostics)).not.toContain(secret);
  });
});

describe('flags and variables over the file', () => {
  const file = `${head}server: { listen: "127.0.0.2:1" }\nauth: { requireApiKey: true }\n`;
  const listen = async (
    environment: Record<string, string>,
    flags: Record<string, string> = {},
  ): Promise<unknown> => (await loadText(file, {}, { environment, flags })).config?.server.listen;

  test('flags beat variables, variables beat the file, the file beats defaults', async () => {
    expect(await listen({})).toBe('127.0.0.2:1');
    expect(await listen({ PORT: '2' })).toBe('127.0.0.2:2');
    expect(await listen({ PORT: '2', OMNIROUTE_PORT: '3' })).toBe('127.0.0.2:3');
    expect(await listen({ PORT: '2', OMNIROUTE_LISTEN: '[::1]:4' })).toBe('[::1]:4');
    expect(await listen({ OMNIROUTE_LISTEN: '[::1]:4' }, { port: '5' })).toBe('[::1]:5');
    expect(await listen({ PORT: '2' }, { listen: '127.0.0.1:6' })).toBe('127.0.0.1:6');
    expect(await listen({ PORT: '' })).toBe('127.0.0.2:1');
  });

  test('provenance says who won', async () => {
    const result = await loadText(
      file,
      {},
      { environment: { PORT: '2', REQUIRE_API_KEY: 'off', DATA_DIR: '/data' }, flags: { data: '/other' } },
    );
    expect(result.provenance('/server/listen')).toEqual({ kind: 'variable', name: 'PORT' });
    expect(result.provenance('/auth/requireApiKey')).toEqual({ kind: 'variable', name: 'REQUIRE_API_KEY' });
    expect(result.provenance('/storage/dir')).toEqual({ kind: 'flag', name: '--data' });
    expect(result.config).toMatchObject({ auth: { requireApiKey: false }, storage: { dir: '/other' } });
  });

  test.each([
    [{ PORT: 'abc' }, 'server.listen is not host:port, such as 127.0.0.1:20128 (set by PORT)'],
    [{ PORT: '99999' }, 'server.listen is not host:port, such as 127.0.0.1:20128 (set by PORT)'],
    [
      { REQUIRE_API_KEY: 'maybe' },
      'auth.requireApiKey must be true or false, not a text (set by REQUIRE_API_KEY)',
    ],
    [
      { OMNIROUTE_LOG_LEVEL: 'debugg' },
      '"debugg" is not a value of observability.logs.level (set by OMNIROUTE_LOG_LEVEL)',
    ],
  ])('a bad value names the variable: %j', async (environment, message) => {
    const result = await loadText(head, {}, { environment });
    expect(result.diagnostics.map((each) => [each.code, each.message, each.at])).toEqual([
      ['environment/invalid', message, undefined],
    ]);
  });

  test('the file itself may come from a flag, from OMNIROUTE_CONFIG or from nowhere', async () => {
    const files = createMemoryFiles({ '/a/x.yaml': head, '/b/y.yaml': head });
    expect(
      (await loadConfig({ config: '/a/x.yaml', environment: { OMNIROUTE_CONFIG: '/b/y.yaml' }, files })).path,
    ).toBe('/a/x.yaml');
    expect(
      (await loadConfig({ directory: '/b', environment: { OMNIROUTE_CONFIG: 'y.yaml' }, files })).path,
    ).toBe('/b/y.yaml');
    const missing = await loadConfig({ directory: '/b', environment: { OMNIROUTE_CONFIG: 'z.yaml' }, files });
    expect(summarize(missing)).toEqual(['source/not-found']);
    expect(missing.watch.files).toEqual(['/b/z.yaml']);
    const none = await loadConfig({ directory: '/', environment: {} });
    expect(summarize(none)).toEqual(['source/none']);
  });
});

describe('variables that nothing reads', () => {
  const told = async (environment: Record<string, string>, text = head): Promise<string[]> =>
    (await loadText(text, {}, { environment, tellEnvironment: true })).diagnostics.map(
      ({ severity, message, suggestion }) =>
        `${severity}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
    );

  test('are answered with the key of the file', async () => {
    expect(
      await told({
        STREAM_IDLE_TIMEOUT_MS: '1',
        JWT_SECRET: 'x',
        LOG_LEVEL: 'info',
        HOSTNAME: 'box',
        MY_OAUTH_CLIENT_ID: 'x',
        CLI_CLAUDE_BIN: 'x',
      }),
    ).toEqual([
      'warning: CLI_CLAUDE_BIN is not read (Agents are launched with `omniroute run`.)',
      'warning: JWT_SECRET is not read (Made at first start and kept in the data folder.)',
      'info: LOG_LEVEL is not read: set `observability.logs.level` in the file (Least severity that is logged.)',
      'info: MY_OAUTH_CLIENT_ID is not read: set `providers.*.connections.*.oauth.client` in the file (Your own OAuth application; name the variable in a reference.)',
      'warning: STREAM_IDLE_TIMEOUT_MS is not read: set `resilience.profiles.default.idleTimeout` in the file (Between two pieces of an answer.)',
    ]);
  });

  test('of our own prefix get a suggestion', async () => {
    expect(await told({ OMNIROUTE_PROT: '1', OMNIROUTE_WHATEVER_ELSE: '1' })).toEqual([
      'warning: nothing reads OMNIROUTE_PROT (did you mean "OMNIROUTE_PORT"?)',
      'warning: nothing reads OMNIROUTE_WHATEVER_ELSE',
    ]);
  });

  test('are left alone when the file names them, or when nobody starts a gateway', async () => {
    const text = `${head}aliases: { a: "\${env:OMNIROUTE_MODEL}" }\nproviders: { openai: { connections: [{ id: a, apiKey: "\${env:JWT_SECRET}" }] } }\n`;
    expect(await told({ OMNIROUTE_MODEL: 'openai/x', JWT_SECRET: 'x' }, text)).toEqual([]);
    expect((await loadText(head, {}, { environment: { JWT_SECRET: 'x' } })).diagnostics).toEqual([]);
  });
});

describe('parts that nothing acts on yet', () => {
  test('are named at their key, and empty ones are harmless', async () => {
    const result = await loadText(
      `${head}budgets: []\ninvariants: [{ id: a }]\nproviders: { openai: { stickyCalls: 3, secretHeaders: {} } }\nmoved: []\n`,
    );
    expect(places(result)).toEqual(['3:1 language/not-yet']);
    expect(result.diagnostics[0]?.severity).toBe('error');
  });

  test('tests are accepted with a note', async () => {
    const result = await loadText(
      `${head}tests: [{ name: x, request: { model: a }, expect: { status: 404 } }]\n`,
    );
    expect(result.diagnostics.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(result.config?.tests[0]).toMatchObject({
      request: { protocol: 'openai-chat' },
      given: { seed: 1 },
    });
  });
});

describe('a faulty file', () => {
  test('tells its faults of meaning in the same run, with pointers into the file', async () => {
    const digest = (sign: string): string => `sha256:${sign.repeat(64)}`;
    const result = await loadText(`${head}keys:
  - { id: a }
  - { id: b, digest: "${digest('b')}" }
  - { id: b, digest: "${digest('c')}" }
sever: {}
`);
    const codes = summarize(result).map((line) => line.split(' ')[1]);
    expect(codes).toEqual(['schema/missing-key', 'name/duplicate-id', 'schema/unknown-key']);
    expect(result.diagnostics[1]).toMatchObject({
      at: { line: 5 },
      pointer: expect.stringMatching(/^\/keys\/2/) as unknown,
    });
    expect(result.config).toBeUndefined();
    expect(result.draft?.config.keys.map(({ id }) => id)).toEqual(['b', 'b']);
  });

  test('is sorted by file and place, without repeats', async () => {
    const result = await loadText(`zz: 1\nversion: 2\naa: 1\n`);
    expect(places(result)).toEqual([
      '1:1 schema/unknown-key',
      '2:10 schema/version',
      '3:1 schema/unknown-key',
    ]);
  });
});
