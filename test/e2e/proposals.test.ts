// The life of a proposal with its secrets, and of what git owes: through a booted gateway, real git and a remote.
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/main.ts';
import { startBooted, type Booted } from '../support/booted.ts';
import { createGitPlaces, mainFile, type GitPlaces } from '../support/git-remote.ts';
import { say, startUpstream, type Upstream } from '../support/upstream.ts';

// Each case starts git some fifty times.
vi.setConfig({ testTimeout: 60_000 });

let booted: Booted | undefined;
let places: GitPlaces;
let upstream: Upstream;

const config = (mode: string, more = ''): string => `version: 1
server: { listen: 127.0.0.1:0 }
providers:
  own:
    protocols: [{ name: openai-chat, baseUrl: ${upstream.baseUrl} }]
    allowPrivateNetwork: true
    connections: [{ id: main, apiKey: "\${secret:own-main}" }]
combos:
  c: { demo: true, targets: [own/m] } # everybody's
aliases:
  first: own/m # ours
  second: own/m # theirs
gitops: { mode: ${mode} }
${more}`;

beforeEach(async () => {
  upstream = await startUpstream(say('Hello'));
});
afterEach(async () => {
  await booted?.gateway.close();
  booted = undefined;
  await upstream.close();
  places.remove();
});

async function start(mode: string): Promise<void> {
  places = createGitPlaces(config(mode));
  await boot();
}

async function boot(): Promise<void> {
  booted = await startBooted(undefined, {}, places.ours);
}

async function call(method: string, path: string, body?: unknown): Promise<Reply> {
  const { gateway } = booted!;
  const token = readFileSync(join(gateway.dataFolder, 'management.token'), 'utf8').trim();
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const set = (pointer: string, value: unknown): unknown => ({ op: 'set', pointer, value });
const propose = (value: string, secret?: string): Promise<Reply> =>
  call('PATCH', '/api/config', {
    edits: [set('/aliases/first', value)],
    ...(secret === undefined ? {} : { secrets: { 'own-main': secret } }),
  });
const listProposals = async (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await call('GET', '/api/config/proposals')).body['proposals'] as Readonly<Record<string, unknown>>[];
const readGit = async (): Promise<Readonly<Record<string, unknown>>> =>
  (await call('GET', '/api/config/status')).body['git'] as Readonly<Record<string, unknown>>;
const sent = async (): Promise<string | undefined> => {
  await booted!.ask();
  return upstream.calls.at(-1)?.headers.authorization;
};
const secrets = async (
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> => {
  const out: string[] = [];
  const code = await run(['secrets', ...args], {
    out: (text) => void out.push(text),
    err: (text) => void out.push(text),
    paint: (_, plain) => plain,
    folder: places.ours,
    environment: { OMNIROUTE_DATA_DIR: 'data' },
    interactive: false,
  });
  return { code, out: out.join('\n') };
};
const disk = (): string => readFileSync(join(places.ours, mainFile), 'utf8');

/** Asks until the answer fits; what git does beside a request is not awaited by it. */
async function eventually<Result>(
  ask: () => Promise<Result>,
  fits: (result: Result) => boolean,
): Promise<Result> {
  for (const started = Date.now(); ;) {
    const result = await ask();
    if (fits(result) || Date.now() - started > 10_000) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a proposal with a secret', () => {
  const live = async (value: string): Promise<void> => {
    const reply = await call('PATCH', '/api/config', {
      edits: [set('/aliases/first', 'own/m')],
      secrets: { 'own-main': value },
    });
    expect(reply).toMatchObject({ status: 200, body: { outcome: 'live' } });
  };
  const startWithSecret = async (): Promise<Readonly<Record<string, unknown>>> => {
    places = createGitPlaces(config('direct'));
    await boot();
    await live('old-canary');
    writeFileSync(join(places.ours, mainFile), config('branch'));
    places.git('ours', 'commit', '--quiet', '-am', 'branch mode');
    places.git('ours', 'push', '--quiet', 'origin', 'main');
    places.git('theirs', 'pull', '--quiet');
    await call('POST', '/api/config/reload');
    const { status, body } = await propose('own/other', 'new-canary');
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { outcome: 'proposed', secrets: ['own-main'], git: { state: 'pushed' } },
    });
    return body;
  };

  it('waits, is listed as pending, and is pushed to the remote', async () => {
    const { branch, commit } = await startWithSecret();
    expect(await sent()).toBe('Bearer old-canary');
    expect(await listProposals()).toMatchObject([
      { branch, commit, merged: false, pushed: true, secrets: ['own-main'] },
    ]);
    expect(places.git('remote', 'rev-parse', String(branch)).trim()).toBe(commit);
    const list = await secrets('list');
    expect(list.out).toMatch(new RegExp(`own-main {2}.*PENDING: waits for the merge of ${String(branch)}`));
    const { pending, secrets: used } = JSON.parse((await secrets('list', '--json')).out) as Record<
      string,
      unknown[]
    >;
    expect(pending).toEqual([{ name: 'own-main', branch, commit, createdAt: expect.any(Number) as number }]);
    expect(used).toMatchObject([{ name: 'own-main', used: true }]);
    // A restart and a new key of the store change nothing about it.
    expect((await secrets('rotate')).code).toBe(0);
    await booted!.gateway.close();
    await boot();
    expect(await sent()).toBe('Bearer old-canary');
    for (const place of ['ours', 'remote'] as const)
      expect(places.git(place, 'grep', '--all-match', '-c', 'own-main', String(branch))).toBe(
        `${String(branch)}:${mainFile}:1\n`,
      );
  });

  it('comes into use with a merge in the work tree', async () => {
    const { branch } = await startWithSecret();
    places.git('ours', 'merge', '--quiet', '--ff-only', String(branch));
    expect(await eventually(sent, (value) => value !== 'Bearer old-canary')).toBe('Bearer new-canary');
    expect(await listProposals()).toMatchObject([{ branch, merged: true, secrets: [] }]);
    expect((await secrets('list')).out).not.toContain('PENDING');
  });

  it('comes into use with a pull, also of a squashed merge whose branch is gone', async () => {
    const { branch } = await startWithSecret();
    places.git('theirs', 'fetch', '--quiet');
    places.git('theirs', 'commit', '--quiet', '--allow-empty', '-m', 'something else');
    places.git('theirs', 'merge', '--quiet', '--squash', `origin/${String(branch)}`);
    places.git('theirs', 'commit', '--quiet', '-m', 'squashed (#1)');
    places.git('theirs', 'push', '--quiet', 'origin', 'main', `:${String(branch)}`);
    expect(await sent()).toBe('Bearer old-canary');
    expect(await call('POST', '/api/config/pull')).toMatchObject({ status: 200, body: { outcome: 'live' } });
    expect(await sent()).toBe('Bearer new-canary');
    expect(disk()).toContain('first: own/other # ours');
  });

  it('comes into use at the next start, when it was merged while nothing ran', async () => {
    const { branch } = await startWithSecret();
    await booted!.gateway.close();
    places.git('ours', 'merge', '--quiet', String(branch));
    await boot();
    expect(await sent()).toBe('Bearer new-canary');
  });

  it('is gone when the proposal is rejected', async () => {
    const { branch } = await startWithSecret();
    const path = `/api/config/proposals?branch=${encodeURIComponent(String(branch))}`;
    expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { outcome: 'rejected', branch } });
    expect((await call('DELETE', path)).status).toBe(404);
    expect(await listProposals()).toEqual([]);
    expect((await secrets('list')).out).not.toContain('PENDING');
    expect(places.git('remote', 'branch', '--list', String(branch))).toBe('');
    expect(await sent()).toBe('Bearer old-canary');
  });

  it('is gone when the branch is removed at the remote', async () => {
    const { branch } = await startWithSecret();
    places.git('theirs', 'push', '--quiet', 'origin', `:${String(branch)}`);
    expect((await call('POST', '/api/config/pull')).body).toMatchObject({
      outcome: 'current',
      dropped: [branch],
    });
    expect(await listProposals()).toEqual([]);
    expect((await secrets('list')).out).not.toContain('PENDING');
  });

  it('is refused where the API may refer to no secret', async () => {
    places = createGitPlaces(
      config('direct').replace('mode: direct', 'mode: direct, allowReferences: [catalog]'),
    );
    await boot();
    const reply = await propose('own/m', 'a-canary');
    expect(reply).toMatchObject({ status: 409 });
    expect(JSON.stringify(reply.body)).toContain('gitops.allowReferences');
    expect((await secrets('list')).out).toContain('own-main  MISSING');
  });

  it('is refused when nothing would refer to it, and never told', async () => {
    await start('branch');
    const reply = await call('PATCH', '/api/config', {
      edits: [set('/aliases/first', 'own/x')],
      secrets: { unused: 'the-canary' },
    });
    expect(reply).toMatchObject({ status: 409 });
    expect(JSON.stringify(reply.body)).toContain('${secret:unused}');
    expect(JSON.stringify([reply.body, booted!.lines])).not.toContain('the-canary');
    expect(await listProposals()).toEqual([]);
  });
});

it('the same change is proposed once, and again when it was merged and undone', async () => {
  await start('branch');
  const { body } = await propose('own/other');
  const branch = String(body['branch']);
  expect(await propose('own/other')).toMatchObject({ status: 409 });
  expect(JSON.stringify((await propose('own/other')).body)).toContain(
    `the same change waits on ${branch} already`,
  );
  places.git('ours', 'merge', '--quiet', branch);
  places.git('ours', 'revert', '--no-edit', 'HEAD');
  expect(await propose('own/other')).toMatchObject({ status: 202, body: { branch: `${branch}-2` } });
});

it('a main file behind a link is committed and proposed where it lies, and the link stays', async () => {
  places = createGitPlaces(config('commit'));
  places.git('ours', 'mv', mainFile, 'real.yaml');
  symlinkSync('real.yaml', join(places.ours, mainFile));
  places.git('ours', 'add', '.');
  places.git('ours', 'commit', '--quiet', '-m', 'link');
  places.git('ours', 'push', '--quiet', 'origin', 'main');
  await boot();
  expect((await propose('own/two')).body).toMatchObject({ git: { state: 'committed' } });
  expect(places.git('ours', 'status', '--porcelain')).toBe('');
  expect(places.git('ours', 'show', '--format=', '--name-only', 'HEAD')).toBe('real.yaml\n');
  const mode = { op: 'set', pointer: '/gitops/mode', value: 'branch' };
  expect((await call('PATCH', '/api/config', { edits: [mode] })).body).toMatchObject({ outcome: 'live' });
  const branch = String((await propose('own/three')).body['branch']);
  expect(places.git('ours', 'diff', '--name-only', 'HEAD', branch)).toBe('real.yaml\n');
  places.git('theirs', 'pull', '--quiet');
  writeFileSync(join(places.theirs, 'real.yaml'), disk().replace('# theirs', '# by link'));
  places.git('theirs', 'commit', '--quiet', '-am', 'through');
  places.git('theirs', 'push', '--quiet', '--force', 'origin', 'main');
  expect((await call('POST', '/api/config/pull')).body).toMatchObject({ outcome: 'live' });
  expect(disk()).toContain('# by link');
  expect(lstatSync(join(places.ours, mainFile)).isSymbolicLink()).toBe(true);
});

it('no branch of a person is a proposal, whatever the template', async () => {
  places = createGitPlaces(
    config('branch').replace('mode: branch', 'mode: branch, branch: "{actor}/{change}"'),
  );
  places.git('ours', 'branch', 'grace/idea');
  places.git('ours', 'branch', 'other');
  await boot();
  const { body } = await propose('own/other');
  expect((await listProposals()).map(({ branch }) => branch)).toEqual([body['branch']]);
  expect((await call('DELETE', '/api/config/proposals?branch=grace/idea')).status).toBe(404);
});

describe('what git owes', () => {
  it('a proposal that the remote does not take is pushed later, also after a restart', async () => {
    await start('branch');
    places.git('ours', 'remote', 'set-url', 'origin', join(places.remote, 'nowhere'));
    const { body } = await propose('own/other');
    expect(body).toMatchObject({
      outcome: 'proposed',
      git: { state: 'unpushed', error: expect.stringContaining('git push') as string },
    });
    expect(await readGit()).toMatchObject({
      state: 'unpushed',
      branches: [body['branch']],
      error: expect.any(String) as string,
    });
    await booted!.gateway.close();
    await boot();
    expect(await eventually(readGit, ({ since }) => since !== undefined)).toMatchObject({
      state: 'unpushed',
    });
    const token = readFileSync(join(booted!.gateway.dataFolder, 'management.token'), 'utf8').trim();
    const metrics = await fetch(`${booted!.gateway.url}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await metrics.text()).toContain('omniroute_config_git_owed 1');
    await booted!.gateway.close();
    places.git('ours', 'remote', 'set-url', 'origin', places.remote);
    await boot();
    expect(await eventually(readGit, ({ state }) => state === 'clean')).toEqual({ state: 'clean' });
    expect(places.git('remote', 'rev-parse', String(body['branch'])).trim()).toBe(body['commit']);
  });

  it('a commit that failed is made after a restart, by its author', async () => {
    await start('commit');
    const lock = join(places.ours, '.git', 'HEAD.lock');
    writeFileSync(lock, '');
    expect((await propose('own/two')).body).toMatchObject({ git: { state: 'uncommitted' } });
    await booted!.gateway.close();
    await boot();
    expect(await readGit()).toMatchObject({ state: 'uncommitted', files: [mainFile] });
    await booted!.gateway.close();
    rmSync(lock);
    await boot();
    expect(await eventually(readGit, ({ state }) => state === 'clean')).toEqual({ state: 'clean' });
    expect(places.git('ours', 'log', '-1', '--format=%an %s')).toBe('token config: set /aliases/first\n');
    expect(places.git('ours', 'status', '--porcelain')).toBe('');
  });

  it('a file that somebody has edited since is left to that person, and said', async () => {
    await start('commit');
    const lock = join(places.ours, '.git', 'HEAD.lock');
    writeFileSync(lock, '');
    await propose('own/two');
    await booted!.gateway.close();
    rmSync(lock);
    writeFileSync(join(places.ours, mainFile), `${disk()}# half a thought\n`);
    const head = places.git('ours', 'rev-parse', 'HEAD');
    await boot();
    const status = await eventually(readGit, ({ error }) => String(error).includes('by hand'));
    expect(status).toMatchObject({
      state: 'uncommitted',
      error: expect.stringContaining(mainFile) as string,
    });
    expect(places.git('ours', 'rev-parse', 'HEAD')).toBe(head);
    places.git('ours', 'commit', '--quiet', '-am', 'by hand');
    await booted!.gateway.close();
    await boot();
    expect(await eventually(readGit, ({ state }) => state === 'clean')).toEqual({ state: 'clean' });
  });
});

it('what cannot be used after all is taken back: the text, the new file, the secret, the promise of a commit', async () => {
  places = createGitPlaces(config('commit', 'include: [config.d/*.yaml]\n'));
  await boot();
  const first = { edits: [set('/aliases/first', 'own/two')], secrets: { 'own-main': 'old-canary' } };
  expect(await call('PATCH', '/api/config', first)).toMatchObject({ status: 200 });
  const [before, head] = [disk(), places.git('ours', 'rev-parse', 'HEAD')];
  const taken = new URL(upstream.baseUrl).host;
  const edits = [set('/aliases/extra', 'own/m'), set('/server/listen', taken)];
  const reply = await call('PATCH', '/api/config?file=config.d/extra.yaml', {
    edits,
    secrets: { 'own-main': 'new-canary' },
  });
  expect(reply).toMatchObject({ status: 422, body: { diagnostics: [{ code: 'reload/cannot-bind' }] } });
  expect(reply.body['message']).toContain('taken back');
  expect(disk()).toBe(before);
  expect(existsSync(join(places.ours, 'config.d', 'extra.yaml'))).toBe(false);
  expect(await sent()).toBe('Bearer old-canary');
  expect(await readGit()).toEqual({ state: 'clean' });
  expect(places.git('ours', 'rev-parse', 'HEAD')).toBe(head);
  expect(places.git('ours', 'status', '--porcelain')).toBe('');
  expect(booted!.gateway.status()).toMatchObject({ healthy: true });
});

describe('branches that have gone apart', () => {
  it('come together where nobody changed the same place', async () => {
    await start('push');
    places.push(config('push').replace('second: own/m # theirs', 'second: own/x # by others'));
    const pushed = await propose('own/two');
    expect(pushed.body).toMatchObject({ outcome: 'live', git: { state: 'unpushed' } });
    const rehearsal = await call('POST', '/api/config/pull?dryRun=1');
    expect(rehearsal).toMatchObject({ status: 200, body: { outcome: 'rehearsed', files: [mainFile] } });
    expect(rehearsal.body['patch']).toContain('+  second: own/x # by others\n');
    expect(rehearsal.body['patch']).not.toContain('first: own/m');
    expect(disk()).not.toContain('by others');
    expect(await call('POST', '/api/config/pull')).toMatchObject({
      status: 200,
      body: { outcome: 'live', replayed: 1 },
    });
    expect(disk()).toContain('first: own/two # ours');
    expect(disk()).toContain('second: own/x # by others');
    expect(places.git('remote', 'show', `main:${mainFile}`)).toBe(disk());
    expect(places.git('ours', 'log', '--format=%an %s', '-2')).toBe(
      'token config: set /aliases/first\nGrace theirs\n',
    );
    expect(await readGit()).toMatchObject({ state: 'clean' });
    expect(places.git('ours', 'status', '--porcelain')).toBe('');
  });

  it('stay apart where both changed one place: nothing moves, and a person is told what to do', async () => {
    await start('push');
    places.push(config('push').replace('first: own/m', 'first: own/theirs'));
    await propose('own/ours');
    const head = places.git('ours', 'rev-parse', 'HEAD');
    const { status, body } = await call('POST', '/api/config/pull');
    expect({ status, body }).toMatchObject({ status: 409, body: { outcome: 'diverged' } });
    expect(JSON.stringify(body)).toContain('/aliases/first has been changed on both sides');
    expect(body['hint']).toContain('git pull --rebase');
    expect(places.git('ours', 'rev-parse', 'HEAD')).toBe(head);
    expect(disk()).toContain('first: own/ours');
    expect((await readGit())['pull']).toMatchObject({ kind: 'diverged' });
    // What a person does then is taken over.
    places.git('ours', 'reset', '--quiet', '--keep', 'origin/main');
    expect(await call('POST', '/api/config/pull')).toMatchObject({
      status: 200,
      body: { outcome: 'current' },
    });
  });

  it('stay apart where a commit is somebody else’s, or the result does not compile', async () => {
    await start('push');
    places.push(config('push').replace('  second: own/m # theirs\n', ''));
    places.git('ours', 'commit', '--quiet', '--allow-empty', '-m', 'mine');
    expect(await call('POST', '/api/config/pull')).toMatchObject({
      status: 409,
      body: { outcome: 'diverged' },
    });
    places.git('ours', 'reset', '--quiet', '--hard', 'HEAD~1');
    await call('PATCH', '/api/config', { edits: [set('/combos/c/targets', ['second'])] });
    const before = disk();
    expect(await call('POST', '/api/config/pull')).toMatchObject({
      status: 422,
      body: { outcome: 'refused' },
    });
    expect(disk()).toBe(before);
    expect(booted!.gateway.status()).toMatchObject({ healthy: true });
  });
});
