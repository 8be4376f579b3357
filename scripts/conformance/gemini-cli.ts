// `node scripts/conformance/gemini-cli.ts`: the real Gemini CLI completes a tool loop with two parallel calls through the
// gateway, against upstreams of every wire; once with a model of the user's, once with its own choice, for which it first
// asks a side model; a picture goes along. All its names lead to the simulator's agent by one alias rule.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogs } from '../../src/observability/logs.ts';
import { bootGateway } from '../../src/server/boot.ts';
import { listenSandbox } from '../../src/upstream/sandbox/listener.ts';
import { createSandbox, type Sandbox } from '../../src/upstream/sandbox/simulator.ts';
import { install, runClient, runIsolated, tapRequests, type Run, type Tap } from './real-client.ts';

const binary = install({ packages: ['@google/gemini-cli@0.61.0'], folder: 'gemini-cli', binary: 'gemini' });
const upstreams = {
  gemini: { wire: 'gemini', base: '/v1beta', proof: '"thoughtSignature":"', counts: true },
  chat: { wire: 'openai-chat', base: '/v1', proof: undefined, counts: false },
  responses: { wire: 'openai-responses', base: '/v1', proof: '"encrypted_content":"', counts: true },
  messages: { wire: 'anthropic-messages', base: '/v1', proof: '"signature":"', counts: true },
  ollama: { wire: 'ollama', base: '', proof: undefined, counts: false },
} as const;
type Name = keyof typeof upstreams;
const names = Object.keys(upstreams) as Name[];
type Kind = 'chosen' | 'automatic';
/** One grey pixel. */
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mOor6//DwAF/gL+vO0TWQAAAABJRU5ErkJggg==';

await runIsolated(import.meta.filename, runAll);

async function runAll(isolated: boolean): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), 'omniroute-gemini-'));
  console.log(
    '| model | upstream | exit | FINAL | tool runs | side calls | counts | POSTs in | POSTs out | proofs | s |',
  );
  console.log('|---|---|---:|---|---:|---:|---:|---:|---:|---|---:|');
  const faults: string[] = [];
  for (const kind of ['chosen', 'automatic'] as const) {
    // Two cores: two at once.
    for (let i = 0; i < names.length; i += 2) {
      const pair = names.slice(i, i + 2).map((name) => runOne(kind, name, scratch, isolated));
      faults.push(...(await Promise.all(pair)).flat());
    }
  }
  for (const fault of faults) console.log(fault);
  rmSync(scratch, { recursive: true, force: true });
  console.log(faults.length === 0 ? 'Gemini CLI: passed' : 'Gemini CLI: FAILED');
  return faults.length === 0;
}

/** What went wrong, with the output of the client. */
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
  const run = await runGemini(kind, tap, home, isolated);
  const faults = judge(kind, name, run, tap, simulator);
  await tap.close();
  await gateway.close();
  await upstream.close();
  if (faults.length === 0) return [];
  return [...faults.map((fault) => `FAILED ${kind} ${name}: ${fault}`), run.output.slice(0, 3000)];
}

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
  gemini-*: up/script/agent   # its own choice and its side models
`,
  );
  return path;
}

function runGemini(kind: Kind, { url }: Tap, home: string, isolated: boolean): Promise<Run> {
  mkdirSync(join(home, '.gemini'));
  writeFileSync(join(home, 'dot.png'), Buffer.from(picture, 'base64'));
  writeFileSync(
    join(home, '.gemini/settings.json'),
    JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false },
    }),
  );
  const model = kind === 'chosen' ? ['-m', 'up/script/agent'] : [];
  return runClient({
    binary,
    args: [...model, '--yolo', '-p', 'Run the marker @dot.png', '--output-format', 'json'],
    cwd: home,
    environment: {
      GEMINI_API_KEY: 'x',
      GOOGLE_GEMINI_BASE_URL: url,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    },
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
  const posts = lines.filter((line) => line.startsWith('POST'));
  const side = posts.filter((line) => line.endsWith(':generateContent')).length;
  // A picture is counted before it is sent: by the provider where it has a counter, else by the gateway.
  const counts = posts.filter((line) => line.endsWith(':countTokens')).length;
  const calls = journal.entries().filter(({ method }) => method === 'POST');
  const bodies = calls.map(({ body }) => JSON.stringify(body));
  const final = output.includes('FINAL');
  const last = bodies.at(-1) ?? '';
  // What the commands printed, not the commands themselves.
  const ran = [...last.matchAll(/(?<!echo )tool-ran-ok/g)].length;
  const proofs = checkProofs(name, last);
  console.log(
    `| ${kind} | ${name} | ${code} | ${final ? 'yes' : 'no'} | ${ran} | ${side} | ${counts} | ${posts.length} | ${calls.length} | ${proofs} | ${seconds.toFixed(1)} |`,
  );
  const faults: string[] = [];
  if (code !== 0) faults.push(`exit code ${code}`);
  if (!final) faults.push('no FINAL');
  if (ran < 2) faults.push(`the tool ran ${ran} times`);
  const turns = posts.length - side - counts;
  if (turns !== 2) faults.push(`${turns} turns instead of 2`);
  if (counts !== 1) faults.push(`${counts} counts`);
  if (calls.length !== posts.length - (upstreams[name].counts ? 0 : counts))
    faults.push(`${calls.length} calls upstream for ${posts.length} POSTs`);
  if (kind === 'automatic' ? side === 0 : side > 0) faults.push(`${side} calls of side models`);
  if (!last.includes(picture)) faults.push('the picture did not arrive');
  if (seconds > 60) faults.push(`took ${seconds} s`);
  if (proofs === 'lost' || proofs === 'leaked') faults.push(`proofs of reasoning: ${proofs}`);
  return faults;
}

/** Whether the last call carries the first answer's proof where its issuer reads it, and no seal of ours. */
function checkProofs(name: Name, last: string): 'returned' | 'none' | 'lost' | 'leaked' {
  if (last.includes('b21uaXJvdXRlLXNlYWw6')) return 'leaked';
  const field = upstreams[name].proof;
  if (field === undefined) return 'none';
  return last.includes(field) ? 'returned' : 'lost';
}
