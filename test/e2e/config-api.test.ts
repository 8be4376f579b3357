// The configuration through the management API of a booted gateway: real files, real git, real reloads.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { configSaying, makeFolder, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;
afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

interface Reply {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One call with the token of the data folder. */
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { gateway } = booted!;
  const token = readFileSync(join(gateway.dataFolder, 'management.token'), 'utf8').trim();
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: (await response.json()) as Reply['body'],
  };
}

const disk = (): string => readFileSync(booted!.file, 'utf8');
const patch = (edits: unknown, headers?: Record<string, string>, query = ''): Promise<Reply> =>
  call('PATCH', `/api/config${query}`, { edits }, headers);
const say = (reply: string): unknown => [
  { op: 'set', pointer: '/providers/sandbox/sandbox/behaviours/it/reply', value: reply },
];

describe('PATCH /api/config', () => {
  it('is live when it answers, and changes only what it says', async () => {
    booted = await startBooted(configSaying('one', '# the end\n'));
    const reply = await patch(say('two'));
    expect(reply).toMatchObject({ status: 200, body: { outcome: 'live', files: ['omniroute.config.yaml'] } });
    expect((await booted.ask()).text).toBe('two');
    expect((await booted.ask()).revision).toBe(reply.body['revision']);
    expect(disk()).toBe(configSaying('two', '# the end\n'));
    expect(reply.body['patch']).toContain(
      '+  sandbox: { sandbox: { behaviours: { it: { reply: "two" } } } }',
    );
    expect(reply.body['summary']).toContain(' → ');
  });

  it('rings nobody: the watcher knows the write', async () => {
    booted = await startBooted(configSaying('one'), { fileEvents: true, pollInterval: 20 });
    await patch(say('two'));
    const { liveSince } = booted.gateway.status();
    await booted.until(({ lastAttempt }) => lastAttempt >= liveSince);
    expect(booted.lines.filter((line) => line.includes('"trigger":"watch"'))).toEqual([]);
  });

  it('answers 412 for a subtree that changed, and merges an edit by hand elsewhere', async () => {
    booted = await startBooted(configSaying('one', 'aliases:\n  a: sandbox/it # first\n  b: c\n'));
    const { etag } = await call('GET', '/api/config?path=/aliases/a');
    expect(etag).toMatch(/^"[0-9a-f]{24}\/aliases\/a"$/);
    // By hand, elsewhere: not even loaded yet.
    booted.write(disk().replace('  b: c', '  b: sandbox/it # by hand'));
    const merged = await patch([{ op: 'set', pointer: '/aliases/a', value: 'c' }], { 'if-match': etag! });
    expect(merged.status).toBe(200);
    expect(disk()).toContain('  a: c # first\n  b: sandbox/it # by hand\n');
    const stale = await patch([{ op: 'set', pointer: '/aliases/a', value: 'x' }], { 'if-match': etag! });
    expect(stale).toMatchObject({ status: 412, body: { error: { code: 'precondition_failed' } } });
    expect(stale.etag).toBe(merged.etag);
    expect((await patch(say('x'), { 'if-match': etag! })).body).toMatchObject({
      error: { message: expect.stringContaining('says nothing about') as string },
    });
  });

  it('answers 422 with places and leaves everything as it was', async () => {
    booted = await startBooted(configSaying('one'));
    const before = disk();
    const reply = await patch([{ op: 'set', pointer: '/aliases/a', value: 'nowhere/x' }]);
    expect(reply).toMatchObject({
      status: 422,
      body: { diagnostics: [{ code: 'reference/unknown-alias-target', at: { line: 9 } }] },
    });
    expect(disk()).toBe(before);
    expect((await booted.ask()).text).toBe('one');
  });

  it('answers 409 with every use, and deletes them too with ?cascade=1', async () => {
    booted = await startBooted(configSaying('one', 'aliases: { a: c, b: sandbox/it }\n'));
    const edits = [{ op: 'delete', pointer: '/combos/c' }];
    expect(await patch(edits)).toMatchObject({
      status: 409,
      body: { uses: [{ file: 'omniroute.config.yaml', line: 8, column: 15, pointer: '/aliases/a' }] },
    });
    expect(await patch(edits, {}, '?cascade=1')).toMatchObject({ status: 200 });
    expect(disk()).toContain('aliases: { b: sandbox/it }');
  });

  it('renames with all references', async () => {
    booted = await startBooted(configSaying('one', 'aliases: { a: c }\n'));
    expect(await patch([{ op: 'rename', pointer: '/combos/c', to: 'chat' }])).toMatchObject({ status: 200 });
    expect((await booted.ask('chat')).text).toBe('one');
    expect((await booted.ask('a')).text).toBe('one');
    expect(disk()).toContain('moved:');
  });

  it('rehearses with ?dryRun=1', async () => {
    booted = await startBooted(configSaying('one'));
    const before = disk();
    const reply = await patch(say('two'), {}, '?dryRun=1');
    expect(reply).toMatchObject({ status: 200, body: { outcome: 'rehearsed' } });
    expect(reply.body['patch']).toContain('--- a/omniroute.config.yaml');
    expect(disk()).toBe(before);
  });

  it('takes no forbidden reference, no secret to another address, no include, and no wider rules', async () => {
    booted = await startBooted(
      configSaying('one', 'aliases: {}\n').replace(
        'providers:\n',
        'providers:\n  x: { protocols: [{ name: openai-chat, baseUrl: https://x.example/v1 }], connections: [{ id: a, apiKey: "${env:X_KEY}" }] }\n',
      ),
    );
    const before = disk();
    const codes = async (edits: unknown): Promise<unknown> => {
      const reply = await patch(edits);
      expect(reply.status).toBe(422);
      return (reply.body['diagnostics'] as { code: string }[])
        .map(({ code }) => code)
        .filter((code) => code.startsWith('gitops/forbidden'));
    };
    const evil = { name: 'openai-chat', baseUrl: 'https://evil.example/v1' };
    const provider = (apiKey: string): unknown => [
      {
        op: 'set',
        pointer: '/providers/y',
        value: { protocols: [evil], connections: [{ id: 'a', apiKey }] },
      },
    ];
    expect(await codes(provider('${env:AWS_SECRET_ACCESS_KEY}'))).toEqual(['gitops/forbidden-reference']);
    expect(await codes(provider('${env:X_KEY}'))).toEqual(['gitops/forbidden-reference']);
    expect(await codes(provider('${file:/etc/shadow}'))).toEqual(['gitops/forbidden-reference']);
    expect(
      await codes([{ op: 'set', pointer: '/providers/x/protocols/0/baseUrl', value: evil.baseUrl }]),
    ).toEqual(['gitops/forbidden-address']);
    expect(await codes([{ op: 'set', pointer: '/providers/openai', value: { protocols: [evil] } }])).toEqual([
      'gitops/forbidden-address',
    ]);
    expect(await codes([{ op: 'set', pointer: '/include', value: ['data/*.yaml'] }])).toContain(
      'gitops/forbidden-include',
    );
    expect(await codes([{ op: 'set', pointer: '/gitops/allowReferences', value: ['env'] }])).toEqual([
      'gitops/forbidden-widening',
    ]);
    expect(disk()).toBe(before);
    expect(await patch(provider('${secret:y}'))).toMatchObject({ status: 200 });
  });
});

describe('PUT /api/config', () => {
  it('wants the ETag of the text, 428 without and 412 with an old one', async () => {
    booted = await startBooted(configSaying('one'));
    const { etag, body } = await call('GET', '/api/config');
    expect(body).toMatchObject({ valid: true, file: 'omniroute.config.yaml', text: disk() });
    const text = configSaying('two', '# whole\n');
    expect((await call('PUT', '/api/config', text)).status).toBe(428);
    expect((await call('PUT', '/api/config', text, { 'if-match': etag! })).status).toBe(200);
    expect((await booted.ask()).text).toBe('two');
    expect((await call('PUT', '/api/config', configSaying('three'), { 'if-match': etag! })).status).toBe(412);
    expect((await call('PUT', '/api/config', '', { 'if-match': '*' })).status).toBe(422);
    expect(disk()).toBe(text);
  });
});

describe('what can be asked', () => {
  it('hides a secret that somebody wrote out, in the text and in the patch that repairs it', async () => {
    booted = await startBooted(configSaying('one'));
    const leak = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz';
    const bad = configSaying('one').replace(
      'providers:\n',
      `providers:\n  openai: { connections: [{ id: a, apiKey: ${leak} }] }\n`,
    );
    booted.write(bad);
    await booted.until(({ healthy }) => !healthy);
    const seen = await call('GET', '/api/config');
    expect(seen).toMatchObject({ etag: null, body: { valid: false, hidden: true } });
    expect(JSON.stringify(seen.body)).not.toContain(leak);
    expect(JSON.stringify((await patch(say('two'))).body)).not.toContain(leak);
    const repaired = await call('PUT', '/api/config', configSaying('two'), { 'if-match': '*' });
    expect(repaired.status).toBe(200);
    expect(JSON.stringify(repaired.body)).not.toContain(leak);
    expect((await booted.ask()).text).toBe('two');
  });

  it('says who set a value, and keeps references', async () => {
    booted = await startBooted(
      configSaying('one', 'aliases:\n  a: ${env:TARGET}\n').replace(
        'providers:\n',
        'providers:\n  openai: { connections: [{ id: a, apiKey: "${env:OPENAI_API_KEY:-sk-fallback}" }] }\n',
      ),
      { environment: { TARGET: 'sandbox/it', OPENAI_API_KEY: 'sk-very-secret-value-123' } },
    );
    const effective = async (path: string): Promise<unknown> =>
      (await call('GET', `/api/config/effective?path=${path}`)).body;
    expect(await effective('/combos/c/demo')).toMatchObject({
      value: true,
      source: 'file',
      at: { line: 8, column: 14 },
    });
    expect(await effective('/server/maxDepth')).toMatchObject({ value: 128, source: 'default' });
    expect(await effective('/storage/dir')).toMatchObject({ source: 'flag', names: ['--data'] });
    expect(await effective('/aliases/a')).toMatchObject({ value: '${env:TARGET}', source: 'reference' });
    expect(await effective('/providers/openai/connections/id:a/apiKey')).toMatchObject({
      value: '${env:OPENAI_API_KEY}',
    });
    expect(JSON.stringify(await effective(''))).not.toMatch(/very-secret|sk-fallback/);
    expect((await call('GET', '/api/config/effective?path=/nowhere')).status).toBe(404);
  });

  it('validates and plans without writing', async () => {
    booted = await startBooted(configSaying('one'));
    const before = disk();
    expect((await call('POST', '/api/config/validate', {})).body).toMatchObject({ valid: true });
    expect((await call('POST', '/api/config/validate', { text: 'version: 2\n' })).body).toMatchObject({
      valid: false,
    });
    const plan = await call('POST', '/api/config/plan', {
      edits: [{ op: 'set', pointer: '/aliases/new', value: 'c' }],
    });
    expect(plan.body).toMatchObject({ valid: true, changes: { names: [{ name: 'new', kind: 'added' }] } });
    expect(disk()).toBe(before);
  });

  it('is for administrators', async () => {
    booted = await startBooted(configSaying('one'));
    for (const [method, path] of [
      ['GET', '/api/config'],
      ['PATCH', '/api/config'],
      ['POST', '/api/config/rollback'],
    ] as const) {
      expect(
        (await call(method, path, method === 'GET' ? undefined : {}, { authorization: 'Bearer wrong' }))
          .status,
      ).toBe(401);
    }
  });
});

describe('with git', () => {
  const sh = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: booted?.folder ?? folder,
      encoding: 'utf8',
    });
  let folder = '';
  const start = async (mode: string): Promise<void> => {
    folder = makeFolder();
    const text = configSaying('one', `gitops: { mode: ${mode} }\n`);
    writeFileSync(join(folder, 'omniroute.config.yaml'), text);
    writeFileSync(join(folder, '.gitignore'), 'data/\n');
    booted = undefined;
    sh('init', '--quiet', '--initial-branch=main');
    sh('add', '.');
    sh('commit', '--quiet', '-m', 'first');
    booted = await startBooted(text, {}, folder);
  };

  it('commits with the actor as author, tells the history, and rolls back', async () => {
    await start('commit');
    const reply = await patch(say('two'));
    expect(reply.body).toMatchObject({ git: { state: 'committed' } });
    expect(sh('log', '-1', '--format=%an|%s')).toContain(
      'token|config: set /providers/sandbox/sandbox/behaviours/it/reply',
    );
    expect(sh('status', '--porcelain')).toBe('');
    const { body } = await call('GET', '/api/config/history');
    const revisions = body['revisions'] as { commit: string; subject: string }[];
    expect(revisions.map(({ subject }) => subject)[1]).toBe('first');
    const effective = await call(
      'GET',
      '/api/config/effective?path=/providers/sandbox/sandbox/behaviours/it/reply',
    );
    expect(effective.body).toMatchObject({
      commit: { id: revisions[0]?.commit, author: expect.stringContaining('token') as string },
    });
    expect(await call('POST', '/api/config/rollback', { to: revisions[1]?.commit })).toMatchObject({
      status: 200,
    });
    expect((await booted!.ask()).text).toBe('one');
    expect((await call('POST', '/api/config/rollback', { to: 'HEAD~9' })).status).toBe(404);
  });

  it('keeps a change live that cannot be committed, says so, and makes up for it', async () => {
    await start('commit');
    writeFileSync(join(folder, '.git', 'HEAD.lock'), '');
    const reply = await patch(say('two'));
    expect(reply).toMatchObject({
      status: 200,
      body: { git: { state: 'uncommitted', error: expect.any(String) as string } },
    });
    expect((await booted!.ask()).text).toBe('two');
    expect((await call('GET', '/api/config/status')).body).toMatchObject({ git: { state: 'uncommitted' } });
    execFileSync('rm', [join(folder, '.git', 'HEAD.lock')]);
    expect((await patch(say('three'))).body).toMatchObject({ git: { state: 'committed' } });
    expect((await call('GET', '/api/config/status')).body).toMatchObject({ git: { state: 'clean' } });
  });

  it('proposes in mode branch and touches neither work tree, index nor HEAD', async () => {
    await start('branch');
    sh('switch', '--quiet', '-c', 'other');
    mkdirSync(join(folder, 'more'));
    writeFileSync(join(folder, 'more', 'dirty.txt'), 'x');
    sh('add', 'more/dirty.txt');
    writeFileSync(booted!.file, disk().replace('# nothing', '') + '# not committed\n');
    const before = [sh('status', '--porcelain'), sh('rev-parse', 'HEAD'), sh('symbolic-ref', 'HEAD'), disk()];
    const reply = await patch(say('two'));
    expect(reply).toMatchObject({
      status: 202,
      body: { outcome: 'proposed', branch: expect.stringMatching(/^omniroute\/token-set-/) as string },
    });
    expect([
      sh('status', '--porcelain'),
      sh('rev-parse', 'HEAD'),
      sh('symbolic-ref', 'HEAD'),
      disk(),
    ]).toEqual(before);
    expect((await booted!.ask()).text).toBe('one');
    const branch = String(reply.body['branch']);
    expect(sh('show', `${branch}:omniroute.config.yaml`)).toBe(
      configSaying('two', 'gitops: { mode: branch }\n'),
    );
    expect((await call('GET', '/api/config/proposals')).body).toMatchObject({
      proposals: [{ branch, merged: false }],
    });
  });

  it('answers 409 with the patch in mode readonly', async () => {
    await start('readonly');
    expect(await patch(say('two'))).toMatchObject({
      status: 409,
      body: { outcome: 'readonly', patch: expect.stringContaining('reply: "two"') as string },
    });
    expect((await booted!.ask()).text).toBe('one');
  });

  it('pushes in mode push, and says when the remote did not take it', async () => {
    const remote = makeFolder();
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
    await start('push');
    sh('remote', 'add', 'origin', remote);
    expect((await patch(say('two'))).body).toMatchObject({ git: { state: 'pushed' } });
    expect(
      execFileSync('git', ['show', 'main:omniroute.config.yaml'], { cwd: remote, encoding: 'utf8' }),
    ).toBe(disk());
    sh('remote', 'set-url', 'origin', join(remote, 'nowhere'));
    expect((await patch(say('three'))).body).toMatchObject({ git: { state: 'unpushed' } });
    expect((await call('GET', '/api/config/status')).body).toMatchObject({ git: { state: 'unpushed' } });
    sh('remote', 'set-url', 'origin', remote);
    expect((await patch(say('four'))).body).toMatchObject({ git: { state: 'pushed' } });
    expect(
      execFileSync('git', ['log', '--oneline', 'main'], { cwd: remote, encoding: 'utf8' }).trim().split('\n'),
    ).toHaveLength(4);
    execFileSync('rm', ['-rf', remote]);
  });

  it('pulls by itself, and is told nothing that does not compile', async () => {
    const remote = makeFolder();
    const theirs = makeFolder();
    const run = (cwd: string, ...args: string[]): void =>
      void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd,
        stdio: 'ignore',
      });
    run(remote, 'init', '--bare', '--initial-branch=main');
    const text = (reply: string): string => configSaying(reply, 'gitops: { pull: 1s }\n');
    folder = makeFolder();
    run(folder, 'init', '--initial-branch=main');
    writeFileSync(join(folder, 'omniroute.config.yaml'), text('one'));
    run(folder, 'add', 'omniroute.config.yaml');
    run(folder, 'commit', '-m', 'first');
    run(folder, 'remote', 'add', 'origin', remote);
    run(folder, 'push', 'origin', 'main');
    run(theirs, 'clone', remote, '.');
    booted = await startBooted(undefined, {}, folder);
    const { revision } = booted.gateway.status();
    const push = (content: string): void => {
      writeFileSync(join(theirs, 'omniroute.config.yaml'), content);
      run(theirs, 'commit', '-am', 'next');
      run(theirs, 'push', 'origin', 'main');
    };
    push(text('two'));
    await booted.until((status) => status.revision !== revision);
    expect((await booted.ask()).text).toBe('two');
    expect(booted.lines.some((line) => line.includes('"trigger":"pull"'))).toBe(true);
    push('combos: [\n');
    const told = booted.lines;
    await booted.until(() => told.some((line) => line.includes('"pull":"refused"')));
    expect(disk()).toBe(text('two'));
    expect(booted.gateway.status().healthy).toBe(true);
    execFileSync('rm', ['-rf', remote, theirs]);
  });
});
