// `node bench/routing.ts` (Node 24): what compile() and decide() cost with a thousand providers and ten thousand aliases. Reports
// CPU time only (user + system), as the median and the spread of several rounds.
import { createHash } from 'node:crypto';
import { catalog } from '../src/catalog/catalog.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { createRandom } from '../src/lib/random.ts';
import { compile } from '../src/routing/compile.ts';
import { decide } from '../src/routing/decide.ts';
import { diffSnapshots } from '../src/routing/diff.ts';
import type { Facts } from '../src/routing/facts.ts';
import type { Snapshot } from '../src/routing/snapshot.ts';
import { createWorld } from '../src/routing/world/memory.ts';

const providers = 1_000;
const aliases = 10_000;
const globs = 500;
const rounds = 7;
const decisions = 100_000;

const config = resolveConfig({
  version: 1,
  providers: {
    ...fill(providers, (index) => [
      `p${index}`,
      { catalog: 'openai', connections: [{ id: 'a', apiKey: { source: 'env', name: 'K' } }] },
    ]),
    openai: {},
  },
  aliases: {
    ...fill(aliases, (index) => [`alias-${index}`, `p${index % providers}/gpt-5`]),
    ...fill(globs, (index) => [`glob-${index}-*`, `p${index}/*`]),
  },
  combos: {
    three: { targets: ['p1/gpt-5', 'p2/gpt-5', 'p3/gpt-5'] },
    spread: { strategy: 'weighted', targets: fill10() },
    nested: { strategy: 'round-robin', targets: ['three', 'spread', 'alias-7'] },
  },
});

const snapshot = run(`compile, ${providers} providers, ${aliases} aliases`, 'ms', 1, compileOnce);
run('compile + diff against itself', 'ms', 1, () => diffSnapshots(snapshot, compileOnce()));

const world = createWorld();
const random = createRandom(1);
for (const model of [
  'p500/gpt-5',
  'alias-9999',
  'glob-499-x',
  'three',
  'spread',
  'nested',
  'p500/not-listed',
]) {
  const facts = describe(model);
  run(`decide ${model}`, 'µs', decisions, () => {
    for (let index = 0; index < decisions; index++) decide({ snapshot, facts, world, now: 0, random });
  });
}
const unknown = describe('alias-99999x');
run('decide an unknown name (refusal with a hint)', 'µs', 200, () => {
  for (let index = 0; index < 200; index++) decide({ snapshot, facts: unknown, world, now: 0, random });
});

function compileOnce(): Snapshot {
  const result = compile({
    config,
    catalog,
    locate: () => undefined,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  });
  if (!result.snapshot) throw new Error(result.diagnostics[0]?.message);
  return result.snapshot;
}

function run<Result>(name: string, unit: 'ms' | 'µs', count: number, work: () => Result): Result {
  let result = work();
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    result = work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count / (unit === 'ms' ? 1_000 : 1);
  }).sort((a, b) => a - b);
  const [least, most] = [times[0] ?? 0, times.at(-1) ?? 0];
  const median = times[Math.floor(times.length / 2)] ?? 0;
  console.log(
    `${name.padEnd(48)} ${median.toFixed(2).padStart(9)} ${unit}  (${least.toFixed(2)}–${most.toFixed(2)})`,
  );
  return result;
}

function describe(model: string): Facts {
  return {
    model,
    protocol: 'openai-chat',
    operation: 'chat',
    stream: true,
    principal: { role: 'inference', tags: {}, noLog: false },
    address: '127.0.0.1',
    bodyBytes: 1_500,
    inputTokens: 400,
  };
}

function fill(count: number, entry: (index: number) => readonly [string, unknown]): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => entry(index)));
}

function fill10(): readonly unknown[] {
  return Array.from({ length: 10 }, (_, index) => ({ model: `p${index + 10}/gpt-5`, weight: index + 1 }));
}
