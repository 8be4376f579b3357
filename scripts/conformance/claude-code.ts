// `node scripts/conformance/claude-code.ts`: the real Claude Code completes a tool loop with two parallel calls through
// the gateway, against an upstream that speaks OpenAI Chat (translated) and one that speaks Anthropic (passed through).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogs } from '../../src/observability/logs.ts';
import { bootGateway } from '../../src/server/boot.ts';
import { listenSandbox } from '../../src/upstream/sandbox/listener.ts';
import { createSandbox } from '../../src/upstream/sandbox/simulator.ts';
import { install, runClient, runIsolated, type Run } from './real-client.ts';

const binary = install({
  packages: ['@anthropic-ai/claude-code@2.1.330'],
  folder: 'claude-code',
  binary: 'claude',
});

await runIsolated(import.meta.filename, runBoth);

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
      `| ${model} | ${result.code} | ${result.output.includes('FINAL') ? 'yes' : 'no'} | ${posts} | ${result.seconds.toFixed(1)} |`,
    );
    if (!passed) console.log(result.output.slice(0, 2000));
  }
  await gateway.close();
  await upstream.close();
  rmSync(scratch, { recursive: true, force: true });
  console.log(good ? 'Claude Code: passed' : 'Claude Code: FAILED');
  return good;
}

function runClaude(url: string, model: string, scratch: string, isolated: boolean): Promise<Run> {
  return runClient({
    binary,
    args: ['-p', 'Run the marker', '--allowedTools', 'Bash', '--output-format', 'json', '--model', model],
    cwd: mkdtempSync(join(scratch, 'home-')),
    environment: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'x',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      IS_SANDBOX: '1',
    },
    isolated,
    limit: 60_000,
  });
}

function countPosts({ text }: { readonly text: string }, provider: string): number {
  const rows = [...text.matchAll(/^omniroute_requests_total\{([^}]*)\} (\d+)$/gm)];
  return rows
    .filter(([, labels]) => labels?.includes(`provider="${provider}"`))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
