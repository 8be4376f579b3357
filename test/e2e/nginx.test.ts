// The gateway behind a real nginx, set up as docs/guide/behind-nginx.md says: a stream's first event arrives before its
// last is made, and the client's address is the one that nginx saw, whatever the client claims.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteState } from '../../src/state/open.ts';
import { plantSecret } from '../setup/canary.ts';
import { startCli } from '../support/cli.ts';
import type { RunningCli } from '../support/cli.ts';

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));
const guide = await readFile('docs/guide/behind-nginx.md', 'utf8');
const key = plantSecret('client key');
/** nginx adds this address to what the client claims. */
const clientAddress = '127.0.0.2';

if (!nginx) {
  test('absent: nginx is not installed (Debian: apt-get install nginx-light)', () => {
    console.warn('test/e2e/nginx.test.ts: nothing was tested, nginx is not installed');
    expect(process.env['CI'], 'in CI this run is not optional').toBeUndefined();
  });
} else {
  describe('behind nginx', () => {
    let folder: string;
    let upstream: Server;
    let gateway: RunningCli;
    let proxy: ChildProcess;
    let port: number;
    /** The answer that the upstream has begun and that the test goes on with. */
    let begun: Promise<ServerResponse>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'omniroute-nginx-'));
      let begin: (response: ServerResponse) => void;
      begun = new Promise((resolve) => (begin = resolve));
      upstream = createServer((message, response) => void answer(message, response, begin));
      const [gatewayPort, upstreamPort] = [await findFreePort(), await listen(upstream)];
      port = await findFreePort();
      const config = join(folder, 'omniroute.config.yaml');
      await writeFile(config, makeConfig(gatewayPort, upstreamPort));
      gateway = startCli(['start', '--config', config, '--data', folder], {
        environment: { INITIAL_PASSWORD: plantSecret('password') },
      });
      await gateway.until(new RegExp(`127\\.0\\.0\\.1:${gatewayPort}`));
      await writeFile(join(folder, 'nginx.conf'), makeNginxConfig(folder, port, gatewayPort));
      proxy = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      await answering(port);
    }, 60_000);

    afterAll(async () => {
      if (proxy.exitCode === null) {
        proxy.kill('SIGTERM');
        await once(proxy, 'close');
      }
      if (gateway.child.exitCode === null) gateway.child.kill('SIGKILL');
      await gateway.ended;
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
      await rm(folder, { recursive: true, force: true });
    });

    test('the first event of a stream arrives before the last is made', async () => {
      const response = await ask(port, { stream: true });
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
      const pieces = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      let received = '';
      // The upstream sends its last event only after this one has been read here: with a buffer in between, it waits
      // for ever.
      while (!received.includes('first')) received += String((await pieces.next()).value);
      expect(received).not.toContain('last');
      (await begun).end(`${frame({ content: 'last' })}${frame({}, 'stop')}data: [DONE]\n\n`);
      for (let piece = await pieces.next(); !piece.done; piece = await pieces.next())
        received += String(piece.value);
      expect(received).toMatch(/first[\s\S]*last[\s\S]*data: \[DONE\]\n\n$/);
    });

    test('a whole answer passes, and 32 concurrent ones do', async () => {
      const answers = await Promise.all(
        Array.from(
          { length: 32 },
          async () => (await json(await ask(port, {}))) as { choices: { message: object }[] },
        ),
      );
      for (const { choices } of answers)
        expect(choices[0]?.message).toEqual({ role: 'assistant', content: 'whole' });
    });

    test('a request without a key is refused behind a proxy too', async () => {
      const response = await ask(port, {}, { authorization: '' });
      expect(response.statusCode).toBe(401);
      expect(await text(response)).toContain('missing_api_key');
    });

    test('the client address is what nginx saw, not what the client claims', async () => {
      const marker = 'address';
      const response = await ask(port, { model: 'chat', user: marker }, { 'x-forwarded-for': '203.0.113.7' });
      expect(response.statusCode).toBe(200);
      const id = String(response.headers['x-request-id']);
      response.resume();
      await once(response, 'end');
      gateway.child.kill('SIGTERM');
      expect(await gateway.ended).toEqual({ code: 0, signal: null });
      const state = await openSqliteState({ dataDir: folder });
      const row = await state.reader.query('request', { requestId: id });
      await state.close();
      expect(JSON.parse(row?.facts ?? '{}')).toMatchObject({ address: clientAddress });
    });
  });
}

/** The YAML of the guide with the ports and the key of this run, and a provider. */
function makeConfig(gatewayPort: number, upstreamPort: number): string {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
  return `version: 1
${yaml.replace('20128', String(gatewayPort)).replace(/sha256:[0-9a-f]{64}/, `sha256:${createHash('sha256').update(key).digest('hex')}`)}
providers:
  up: { protocols: [{ name: openai-chat, baseUrl: "http://127.0.0.1:${upstreamPort}/v1" }], auth: none, models: [m] }
aliases: { chat: up/m }
`;
}

/** The server block of the guide without TLS, in a configuration that keeps everything in its own folder. */
function makeNginxConfig(folder: string, port: number, gatewayPort: number): string {
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(guide) ?? [];
  const server = block
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace('127.0.0.1:20128', `127.0.0.1:${gatewayPort}`);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  return `
daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn;
events {}
http { access_log off; ${paths}
${server} }
`;
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  begin: (response: ServerResponse) => void,
): Promise<void> {
  const { stream } = (await json(message)) as { readonly stream?: boolean };
  if (stream === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frame({ role: 'assistant', content: 'first' }));
    begin(response);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  const choices = [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  response.end(
    JSON.stringify({ id: 'c', object: 'chat.completion', created: 0, model: 'm', choices, usage }),
  );
}

function frame(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'm', choices })}\n\n`;
}

function ask(
  port: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path: '/v1/chat/completions',
        method: 'POST',
        localAddress: clientAddress,
        agent: false,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
      },
      resolve,
    );
    call.on('error', reject);
    call.end(JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }], ...body }));
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when something answers HTTP on this port. */
async function answering(port: number): Promise<void> {
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/healthz`)).text();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
