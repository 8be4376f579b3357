// Does what the README tells a newcomer to do, with its own commands: start, ask with its curl, check its file.
// `npm ci` is the one command that is left out: it stands before every test run.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../setup/canary.ts';

const readme = await readFile('README.md', 'utf8');
const [start = '', curl = ''] = readBlocks('sh');
const [config = ''] = readBlocks('yaml');

let folder: string;
let port: number;
let gateway: ChildProcess;
let log = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-readme-'));
  port = await findFreePort();
  const [, command = ''] = start.split('\n');
  gateway = spawn('bash', ['-c', `exec ${command}`], {
    env: newcomer({ PORT: String(port), DATA_DIR: folder }),
  });
  gateway.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  gateway.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await answering(`http://127.0.0.1:${port}/healthz`);
}, 60_000);

afterAll(async () => {
  if (gateway.exitCode === null && gateway.signalCode === null) {
    gateway.kill('SIGKILL');
    await once(gateway, 'close');
  }
  capture('the log of npm start', log);
  await rm(folder, { recursive: true, force: true });
});

test('the two commands are the ones that everybody knows', () => {
  expect(start).toBe('npm ci\nnpm start');
});

describe('the curl of the README', () => {
  test('is answered, and the answer says by whom and at which revision', async () => {
    const { code, output } = await run(curl.replace('20128', String(port)));
    expect(code).toBe(0);
    expect(output).toMatch(/^HTTP\/1\.1 200 /);
    expect(output).toMatch(/^x-omniroute-provider: sandbox\r$/im);
    expect(output).toMatch(/^x-omniroute-model: \S+\r$/im);
    expect(output).toMatch(/^x-omniroute-attempts: 2\r$/im);
    expect(output).toMatch(/^x-omniroute-revision: [0-9a-f]{12}\r$/im);
    const answer = JSON.parse(output.slice(output.indexOf('\r\n\r\n'))) as {
      choices: { message: { content: string } }[];
    };
    expect(answer.choices[0]?.message.content).toContain('Say hello');
  });

  test('with "stream": true is answered as a stream', async () => {
    const streaming = curl
      .replace('20128', String(port))
      .replace('"model": "demo",', '"model": "demo", "stream": true,');
    expect(streaming).toContain('"stream": true');
    const { output } = await run(streaming);
    expect(output).toMatch(/^HTTP\/1\.1 200 /);
    expect(output).toMatch(/^content-type: text\/event-stream/im);
    expect(output).toMatch(/^x-omniroute-revision: [0-9a-f]{12}\r$/im);
    expect(output.match(/^data: \{/gm)?.length).toBeGreaterThan(1);
    expect(output).toMatch(/^data: \[DONE\]$/m);
  });
});

describe('the configuration of the README', () => {
  test('is valid', async () => {
    const file = join(folder, 'readme.yaml');
    await writeFile(file, config);
    expect(await run(`npm run --silent omniroute -- validate --strict ${file}`)).toMatchObject({ code: 0 });
  });

  test('explains itself as the README says', async () => {
    const file = join(folder, 'readme.yaml');
    await writeFile(file, config);
    const { code, output } = await run(
      `npm run --silent omniroute -- explain --model coding --config ${file}`,
    );
    expect(code, output).toBe(0);
    expect(output).toContain('anthropic/claude-sonnet-5');
  });
});

test('SIGTERM ends it, with exit code 0', async () => {
  gateway.kill('SIGTERM');
  const [code, signal] = (await once(gateway, 'close')) as [number | null, string | null];
  expect({ code, signal }, log).toEqual({ code: 0, signal: null });
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed');
});

function readBlocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)\n\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
}

/** The environment of somebody who has set nothing: no provider joins by a variable of this machine. */
function newcomer(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TEST_CANARY_SECRET } = process.env;
  return { PATH, HOME, TEST_CANARY_SECRET, NO_COLOR: '1', ...more };
}

async function run(command: string): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn('bash', ['-c', command], { env: newcomer({ DATA_DIR: folder }) });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  capture('output of a command', output);
  return { code, output };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

/** Resolves when the address answers; gives up when the process has ended. */
async function answering(url: string): Promise<void> {
  for (;;) {
    if (gateway.exitCode !== null) throw new Error(`npm start ended:\n${log}`);
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
