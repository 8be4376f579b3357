// `node scripts/conformance/claude-code.ts`: the real Claude Code completes a tool loop with two parallel calls through
// the gateway, against an upstream that speaks OpenAI Chat (translated) and one that speaks Anthropic (passed through).
// It is installed into .tmp, not into the project (half a gigabyte), and runs in a network namespace with nothing but
// loopback where the system allows one.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogs } from '../../src/observability/logs.ts';
import { bootGateway } from '../../src/server/boot.ts';
import { listenSandbox } from '../../src/upstream/sandbox/listener.ts';
import { createSandbox } from '../../src/upstream/sandbox/simulator.ts';

const version = '2.1.330';
const root = join(import.meta.dirname, '../..');
const folder = join(root, '.tmp/claude-code');
const binary = join(folder, 'node_modules/.bin/claude');
const inside = '--isolated';

if (!existsSync(binary)) {
  console.log(`installing @anthropic-ai/claude-code@${version} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const packages = [`@anthropic-ai/claude-code@${version}`];
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...packages], {
    cwd: folder,
    stdio: 'inherit',
  });
}

if (!process.argv.includes(inside) && canIsolate()) {
  const again = `ip link set lo up && exec "${process.execPath}" "${import.meta.filename}" ${inside}`;
  process.exitCode = spawnSync('unshare', ['-n', 'sh', '-c', again], { stdio: 'inherit' }).status ?? 1;
} else {
  const isolated = process.argv.includes(inside);
  console.log(
    isolated ? 'no network but loopback' : 'no network namespace here: a dead proxy stands in for it',
  );
  process.exitCode = (await runBoth(isolated)) ? 0 : 1;
}

function canIsolate(): boolean {
  return spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' }).status === 0;
}

async function runBoth(isolated: boolean): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), 'omniroute-claude-'));
  const simulator = createSandbox({ faults: false });
  const upstream = await listenSandbox(simulator, { host: '127.0.0.1', port: 0 });
  writeFileSync(
    join(scratch, 'omniroute.config.yaml'),
    `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  chat: { protocols: [{ name: openai-chat, baseUrl: ${upstream.url}/v1 }], auth: none }
  messages: { protocols: [{ name: anthropic-messages, baseUrl: ${upstream.url}/v1 }], auth: none }
aliases:
  claude-*: messages/script/agent   # side models of the client
`,
  );
  const gateway = await bootGateway({
    config: join(scratch, 'omniroute.config.yaml'),
    flags: { data: join(scratch, 'data') },
    environment: {},
    logs: createLogs({ format: 'json', write: () => {} }),
  });
  let good = true;
  console.log('| upstream | exit | FINAL | POSTs | seconds |\n|---|---:|---|---:|---:|');
  for (const model of ['chat/script/agent', 'messages/script/agent']) {
    const before = gateway.server.gateway.lifecycle.running;
    const result = await runClaude(gateway.url, model, scratch, isolated);
    const posts = countPosts(await gateway.metrics.render(), model.split('/')[0] ?? '');
    const passed =
      result.code === 0 && result.output.includes('FINAL') && posts >= 2 && posts <= 4 && before === 0;
    good &&= passed;
    console.log(
      `| ${model} | ${result.code} | ${result.output.includes('FINAL') ? 'yes' : 'no'} | ${posts} | ${result.seconds} |`,
    );
    if (!passed) console.log(result.output.slice(0, 2000));
  }
  await gateway.close();
  await upstream.close();
  rmSync(scratch, { recursive: true, force: true });
  console.log(good ? 'Claude Code: passed' : 'Claude Code: FAILED');
  return good;
}

function runClaude(url: string, model: string, scratch: string, isolated: boolean) {
  const home = mkdtempSync(join(scratch, 'home-'));
  const started = Date.now();
  const proxy = isolated
    ? {}
    : {
        HTTP_PROXY: 'http://127.0.0.1:9',
        HTTPS_PROXY: 'http://127.0.0.1:9',
        NO_PROXY: '127.0.0.1,localhost',
      };
  const child = spawn(
    binary,
    ['-p', 'Run the marker', '--allowedTools', 'Bash', '--output-format', 'json', '--model', model],
    {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
        HOME: home,
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'x',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        IS_SANDBOX: '1',
        ...proxy,
      },
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => child.kill(), 60_000);
  return new Promise<{ readonly code: number | null; readonly output: string; readonly seconds: string }>(
    (resolve) => {
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code, output, seconds: ((Date.now() - started) / 1000).toFixed(1) });
      });
    },
  );
}

function countPosts({ text }: { readonly text: string }, provider: string): number {
  const rows = [...text.matchAll(/^omniroute_requests_total\{([^}]*)\} (\d+)$/gm)];
  return rows
    .filter(([, labels]) => labels?.includes(`provider="${provider}"`))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
