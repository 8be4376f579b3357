// `node scripts/conformance/codex.ts`: the real Codex completes a tool loop through the gateway, against upstreams that
// speak Responses (passed through) and every other wire (translated). Once as a custom provider, with two parallel calls,
// once as its built-in provider: a WebSocket that must be refused at once, then "lite" tools inside the input.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogs } from '../../src/observability/logs.ts';
import { bootGateway } from '../../src/server/boot.ts';
import { listenSandbox } from '../../src/upstream/sandbox/listener.ts';
import { createSandbox, type Sandbox } from '../../src/upstream/sandbox/simulator.ts';
import { longPrompt, startForgetfulUpstream } from './forgetful-upstream.ts';
import { install, runClient, runIsolated, tapRequests, type Run, type Tap } from './real-client.ts';

const binary = install({ packages: ['@openai/codex@0.169.0'], folder: 'codex', binary: 'codex' });
const upstreams = {
  responses: { wire: 'openai-responses', base: '/v1', proof: '"encrypted_content":"' },
  chat: { wire: 'openai-chat', base: '/v1', proof: undefined },
  messages: { wire: 'anthropic-messages', base: '/v1', proof: '"signature":"' },
  gemini: { wire: 'gemini', base: '/v1beta', proof: '"thoughtSignature":"' },
  ollama: { wire: 'ollama', base: '', proof: undefined },
} as const;
type Name = keyof typeof upstreams;
const names = Object.keys(upstreams) as Name[];
type Kind = 'custom' | 'built-in';
/** A model of which Codex knows that it takes the lite form. */
const known = 'gpt-5.6-sol';

await runIsolated(import.meta.filename, runAll);

async function runAll(isolated: boolean): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), 'omniroute-codex-'));
  console.log(
    '| provider | upstream | exit | FINAL | tool runs | WebSockets | POSTs in | POSTs out | proofs | s |',
  );
  console.log('|---|---|---:|---|---:|---:|---:|---:|---|---:|');
  const faults: string[] = [];
  // Codex waits most of the time: five at once cost little more than one.
  for (const kind of ['custom', 'built-in'] as const) {
    const found = await Promise.all(names.map((name) => runOne(kind, name, scratch, isolated)));
    faults.push(...found.flat());
  }
  faults.push(...(await runCompaction(scratch, isolated)));
  for (const fault of faults) console.log(fault);
  rmSync(scratch, { recursive: true, force: true });
  console.log(faults.length === 0 ? 'Codex: passed' : 'Codex: FAILED');
  return faults.length === 0;
}

/** What went wrong, with the output of Codex. */
async function runOne(
  kind: Kind,
  name: Name,
  scratch: string,
  isolated: boolean,
): Promise<readonly string[]> {
  const home = mkdtempSync(join(scratch, `${kind}-${name}-`));
  const simulator = createSandbox();
  const upstream = await listenSandbox(simulator, { host: '127.0.0.1', port: 0 });
  const gateway = await bootGateway({
    config: writeConfig(home, upstream.url, name),
    flags: { data: join(home, 'data') },
    environment: {},
    logs: createLogs({ format: 'json', write: () => {} }),
  });
  const tap = await tapRequests(gateway.url);
  const run = await runCodex(kind, tap, home, isolated);
  const faults = judge(kind, name, run, tap, simulator);
  await tap.close();
  await gateway.close();
  await upstream.close();
  if (faults.length === 0) return [];
  return [...faults.map((fault) => `FAILED ${kind} ${name}: ${fault}`), run.output.slice(0, 3000)];
}

/** A conversation near its limit, on an upstream that knows no compaction: the model's handover takes its place. */
async function runCompaction(scratch: string, isolated: boolean): Promise<readonly string[]> {
  const home = mkdtempSync(join(scratch, 'compaction-'));
  const upstream = await startForgetfulUpstream();
  const gateway = await bootGateway({
    config: writeConfig(home, upstream.url, 'chat'),
    flags: { data: join(home, 'data') },
    environment: {},
    logs: createLogs({ format: 'json', write: () => {} }),
  });
  const tap = await tapRequests(gateway.url);
  const limit = `model_auto_compact_token_limit = ${longPrompt - 1000}\n`;
  const { code, output, seconds } = await runCodex('built-in', tap, home, isolated, limit);
  const turns = upstream.turns.join(', ');
  const posted = tap.lines.filter((line) => line.startsWith('POST')).length;
  console.log(`compaction on chat: exit ${code}, ${posted} POSTs (${turns}), ${seconds.toFixed(1)} s`);
  await tap.close();
  await gateway.close();
  await upstream.close();
  if (code === 0 && posted === 3 && turns === 'call, summary, final' && output.includes('FINAL')) return [];
  return ['FAILED compaction', output.slice(0, 3000)];
}

// Codex asks for the models that it knows by their names; all of them are the agent of the simulator.
function writeConfig(home: string, url: string, name: Name): string {
  const path = join(home, 'omniroute.config.yaml');
  const { wire, base } = upstreams[name];
  writeFileSync(
    path,
    `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  up: { protocols: [{ name: ${wire}, baseUrl: ${url}${base} }], auth: none }
aliases:
  gpt-*: up/script/agent
`,
  );
  return path;
}

function runCodex(kind: Kind, { url }: Tap, home: string, isolated: boolean, more = ''): Promise<Run> {
  const config = join(home, '.codex');
  mkdirSync(config);
  writeFileSync(
    join(config, 'config.toml'),
    kind === 'custom'
      ? `model = "up/script/agent"
model_provider = "gw"
[model_providers.gw]
name = "gw"
base_url = "${url}/v1"
env_key = "GW_KEY"
wire_api = "responses"
`
      : `${more}model = "${known}"
openai_base_url = "${url}/v1"
`,
  );
  return runClient({
    binary,
    args: [
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      '--json',
      'Run the marker',
    ],
    cwd: home,
    environment: { CODEX_HOME: config, GW_KEY: 'x', CODEX_API_KEY: 'x', OPENAI_API_KEY: 'x' },
    isolated,
    limit: 90_000,
  });
}

/** What is wrong with a run; prints its row. */
function judge(
  kind: Kind,
  name: Name,
  { code, output, seconds }: Run,
  { lines }: Tap,
  { journal }: Sandbox,
): readonly string[] {
  const calls = journal.entries().filter(({ method }) => method === 'POST');
  const sockets = lines.filter((line) => line.startsWith('GET') && line.endsWith('/responses')).length;
  const posted = lines.filter((line) => line.startsWith('POST')).length;
  const final = output.includes('FINAL');
  const last = JSON.stringify(calls.at(-1)?.body ?? '');
  // What the commands printed, not the commands themselves.
  const ran = [...last.matchAll(/(?<!echo )tool-ran-ok/g)].length;
  const proofs = checkProofs(
    name,
    calls.map(({ body }) => JSON.stringify(body)),
  );
  console.log(
    `| ${kind} | ${name} | ${code} | ${final ? 'yes' : 'no'} | ${ran} | ${sockets} | ${posted} | ${calls.length} | ${proofs} | ${seconds.toFixed(1)} |`,
  );
  const faults: string[] = [];
  if (code !== 0) faults.push(`exit code ${code}`);
  if (!final) faults.push('no FINAL');
  // The lite form asks for one call at a time.
  if (ran < (kind === 'custom' ? 2 : 1)) faults.push(`the tool ran ${ran} times`);
  if (/unsupported (?:custom tool )?call|aborted/.test(output + last)) faults.push('Codex refused a call');
  if (posted !== 2) faults.push(`${posted} POSTs of the client instead of 2`);
  if (calls.length !== posted) faults.push(`${calls.length} calls upstream for ${posted} POSTs`);
  if (sockets !== (kind === 'custom' ? 0 : 1)) faults.push(`${sockets} WebSocket attempts`);
  if (seconds > 60) faults.push(`took ${seconds} s`);
  if (proofs === 'lost' || proofs === 'leaked') faults.push(`proofs of reasoning: ${proofs}`);
  return faults;
}

/** Whether the second call carries the first answer's proof where its issuer reads it, and no seal of ours. */
function checkProofs(name: Name, bodies: readonly string[]): 'returned' | 'none' | 'lost' | 'leaked' {
  const [, second = ''] = bodies;
  if (second.includes('b21uaXJvdXRlLXNlYWw6')) return 'leaked';
  const field = upstreams[name].proof;
  if (field === undefined) return 'none';
  return second.includes(field) ? 'returned' : 'lost';
}
