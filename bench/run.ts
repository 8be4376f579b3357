// Runs one scenario: all processes live through the whole run and the targets take turns, so that a slow minute of the
// machine hits every target alike. Only figures of one run may be compared.
import { randomBytes } from 'node:crypto';
import { startProcess } from './process.ts';
import type { Meter, Remote } from './process.ts';
import type { LoadReport, Run } from './load.ts';
import type { Sample, Scenario, TargetName, TargetStart } from './scenario.ts';

export interface RunOptions {
  readonly repetitions: number;
  /** How long each target is loaded in each repetition. */
  readonly milliseconds: number;
  readonly warmUpMilliseconds: number;
  /** Leave a CPU profile of each target; figures of such a run are for finding causes only. */
  readonly profile?: boolean;
  /** Told after every measurement. */
  readonly onSample?: (target: TargetName, repetition: number, sample: Sample) => void;
}

/** What the load asks for; the gateway target declares a combo of this name, the upstream takes any. */
const model = 'chat';

/** One list of samples per target, one sample per repetition. */
export type Samples = Readonly<Partial<Record<TargetName, readonly Sample[]>>>;

interface Target {
  readonly name: TargetName;
  readonly url: string;
  /** Absent for `direct`: the upstream is not a target. */
  readonly process?: Remote;
}

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Samples> {
  const processes: Remote[] = [];
  const start = (file: string) => {
    const started = startProcess(file, options.profile === true && file.startsWith('targets/'));
    processes.push(started);
    return started;
  };
  try {
    const upstream = start('upstream.ts');
    const generator = start('load.ts');
    await upstream.call('expect', scenario.load);
    const client = {
      upstream: await upstream.call<string>('url'),
      key: `sk-bench-${randomBytes(16).toString('hex')}`,
    };
    const targets: Target[] = [];
    for (const name of scenario.targets) targets.push(await startTarget(name, start, { ...client, model }));

    const load = (target: Target, milliseconds: number) =>
      generator.call<LoadReport>('run', {
        url: target.url,
        key: client.key,
        model,
        load: scenario.load,
        milliseconds,
      } satisfies Run);
    for (const target of targets) await load(target, options.warmUpMilliseconds);

    const samples = Object.fromEntries(targets.map(({ name }) => [name, [] as Sample[]]));
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const target of rotate(targets, repetition)) {
        const before = await target.process?.call<Meter>('measure');
        const report = await load(target, options.milliseconds);
        const after = await target.process?.call<Meter>('measure');
        const sample = makeSample(report, before, after);
        samples[target.name]?.push(sample);
        options.onSample?.(target.name, repetition, sample);
      }
    }
    return samples;
  } finally {
    // Clients first: a target that ends while it holds connections would only log about it.
    for (const process of processes.toReversed()) await process.stop();
  }
}

async function startTarget(
  name: TargetName,
  start: (file: string) => Remote,
  told: TargetStart,
): Promise<Target> {
  if (name === 'direct') return { name, url: told.upstream };
  const process = start(`targets/${name}.ts`);
  const { url } = await process.call<{ readonly url: string }>('start', told);
  return { name, url, process };
}

function makeSample(report: LoadReport, before: Meter | undefined, after: Meter | undefined): Sample {
  const { units, seconds, p50, p99, firstByte } = report;
  const common = { rate: units / seconds, p50, p99, firstByte };
  if (!before || !after) return common;
  return { ...common, cpu: (after.cpu - before.cpu) / units, rss: after.rss / 1024 ** 2 };
}

/** Another target begins in each repetition: who follows whom must not decide. */
function rotate<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
