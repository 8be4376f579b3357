// What all runs of real clients share: the client is installed into .tmp, not into the project, and runs in a network
// namespace with nothing but loopback where the system allows one; a dead proxy stands in for it elsewhere.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const inside = '--isolated';

export interface Client {
  /** `@openai/codex@1.2.3`. */
  readonly packages: readonly string[];
  /** Folder below .tmp. */
  readonly folder: string;
  /** Name of its command. */
  readonly binary: string;
}

/** Installs the client when it is not there; answers the path of its command. */
export function install({ packages, folder, binary }: Client): string {
  const place = join(root, '.tmp', folder);
  const path = join(place, 'node_modules/.bin', binary);
  if (!existsSync(path)) {
    console.log(`installing ${packages.join(' ')} into ${place}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{"private":true}\n');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...packages], {
      cwd: place,
      stdio: 'inherit',
    });
  }
  return path;
}

/** Runs `run` without a network, in a process of its own where that takes one, and sets the exit code. */
export async function runIsolated(
  script: string,
  run: (isolated: boolean) => Promise<boolean>,
): Promise<void> {
  const isolated = process.argv.includes(inside);
  if (!isolated && canIsolate()) {
    const again = `ip link set lo up && exec "${process.execPath}" "${script}" ${inside}`;
    process.exitCode = spawnSync('unshare', ['-n', 'sh', '-c', again], { stdio: 'inherit' }).status ?? 1;
    return;
  }
  console.log(
    isolated ? 'no network but loopback' : 'no network namespace here: a dead proxy stands in for it',
  );
  process.exitCode = (await run(isolated)) ? 0 : 1;
}

function canIsolate(): boolean {
  return spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' }).status === 0;
}

export interface Run {
  readonly code: number | null;
  /** Both streams of output. */
  readonly output: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly isolated: boolean;
  /** Milliseconds until it is ended. */
  readonly limit: number;
}

export function runClient({ binary, args, cwd, environment, isolated, limit }: RunOptions): Promise<Run> {
  const started = Date.now();
  const dead = 'http://127.0.0.1:9';
  const proxy = { HTTP_PROXY: dead, HTTPS_PROXY: dead, NO_PROXY: '127.0.0.1,localhost' };
  const child = spawn(binary, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      HOME: cwd,
      ...(isolated ? {} : proxy),
      ...environment,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => child.kill(), limit);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output, seconds: (Date.now() - started) / 1000 });
    });
  });
}

export interface Tap {
  readonly url: string;
  /** Request lines as the client sent them, without the HTTP version. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** A wire tap in front of `url`: counts what a client really sends, WebSockets included. */
export async function tapRequests(url: string): Promise<Tap> {
  const target = new URL(url);
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      for (const [, line] of chunk.toString('latin1').matchAll(/^((?:GET|POST|HEAD) \S+) HTTP\/1\.1\r$/gm)) {
        lines.push(line!);
      }
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
