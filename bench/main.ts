// `npm run bench -- [name…] [--repetitions 5] [--seconds 4] [--profile] [--list]`: runs benchmarks one after the other,
// prints a table for each and keeps the figures in bench/results. Benchmarks report; nothing timed is a test.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeReport, renderReport } from './report.ts';
import { runScenario } from './run.ts';
import { metrics } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const { values, positionals } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    profile: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const scenarios = await readScenarios();
const chosen =
  positionals.length === 0 ? scenarios : scenarios.filter(({ name }) => positionals.includes(name));
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));

if (unknown.length > 0 || values.list) {
  for (const name of unknown) console.log(`no benchmark is called ${name}`);
  for (const { name, title } of scenarios) console.log(`${name}: ${title}`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const [name, { title, unit }] of Object.entries(metrics)) console.log(`${name} (${unit}): ${title}`);
  for (const scenario of chosen) await measure(scenario);
}

async function measure(scenario: Scenario): Promise<void> {
  const samples = await runScenario(scenario, {
    repetitions: Number(values.repetitions),
    milliseconds: Number(values.seconds) * 1000,
    // V8 compiles until about the fifth second of load; what is compared are processes that serve, not ones that start.
    warmUpMilliseconds: 10_000,
    profile: values.profile,
    onSample: (target, repetition) =>
      console.error(`${scenario.name} ${repetition + 1}/${values.repetitions} ${target}`),
  });
  const report = makeReport(scenario, samples, new Date());
  const text = renderReport(report);
  const folder = join(import.meta.dirname, 'results');
  const stem = join(folder, `${report.at.replaceAll(/[:.]/g, '-')}-${report.name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${stem}.json`, `${JSON.stringify({ ...report, samples }, null, 2)}\n`);
  await writeFile(`${stem}.md`, text);
  console.log(`\n${text}`);
}

async function readScenarios(): Promise<readonly Scenario[]> {
  const folder = join(import.meta.dirname, 'scenarios');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).toSorted();
  const modules = await Promise.all(
    names.map((name) => import(join(folder, name)) as Promise<{ scenario: Scenario }>),
  );
  return modules.map(({ scenario }) => scenario);
}
