// `omniroute simulate`: a scenario of arrivals and upstream faults on a clock of its own → what routing does about them.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readPlain } from '../../config/plain-file.ts';
import { readTestData } from '../../config/test-file.ts';
import { prepareWorld } from '../../routing/test-runner.ts';
import { readTime } from '../../routing/testing/given.ts';
import { readTestFacts } from '../../routing/testing/request.ts';
import { renderPicture } from '../../routing/testing/scenario-picture.ts';
import { readScenario, renderTimeline, runScenario } from '../../routing/testing/scenario.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { readConfig, reportConfig } from '../read-config.ts';

export default defineCommand({
  description:
    'Runs a scenario of arrivals and faults on a clock of its own: no network, no token, no waiting',
  args: {
    scenario: { type: 'positional', required: true, valueHint: 'scenario', description: 'A YAML file' },
    config: {
      type: 'string',
      alias: 'c',
      valueHint: 'file',
      description: 'Instead of the one that it names',
    },
    format: {
      type: 'enum',
      options: ['text', 'svg'],
      default: 'text',
      description: 'A timeline to read, or a picture',
    },
  },
  run: async (args, terminal) => {
    const path = resolve(terminal.folder, args.scenario);
    const text = await readFile(path, 'utf8').catch(() => {
      throw new CliFailure('cli/failed', `cannot read ${args.scenario}`);
    });
    const { value, diagnostics } = readPlain(args.scenario, text);
    const [fault] = diagnostics;
    if (fault) throw new CliFailure('cli/failed', `${args.scenario}: ${fault.message}`);
    const named = typeof value?.['config'] === 'string' ? resolve(dirname(path), value['config']) : undefined;
    const read = await readConfig(args.config ?? named, terminal);
    if (!read.snapshot) return reportConfig(read, terminal, args.json === true);
    const { snapshot } = read;
    const scenario = attempt(args.scenario, () => readScenario(value));
    const toTest = (request: unknown) => {
      const draft = { name: 'scenario', request, given: scenario.given, expect: { status: 200 } };
      const { test, diagnostics: found } = readTestData(draft);
      if (!test) throw new CliFailure('cli/failed', `${args.scenario}: ${found[0]?.message ?? ''}`);
      return test;
    };
    const first = toTest(scenario.arrivals[0]?.request);
    const start = readTime(first.given);
    const world = prepareWorld(first, snapshot, readTestFacts(first.request, snapshot));
    const readFacts = (request: unknown) => readTestFacts(toTest(request).request, snapshot);
    const timeline = runScenario({ scenario, snapshot, world, start, readFacts });
    if (args.json) terminal.out(JSON.stringify(timeline, null, 2));
    else terminal.out(args.format === 'svg' ? renderPicture(timeline) : renderTimeline(timeline));
    return exitCodes.ok.code;
  },
});

function attempt<Result>(file: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CliFailure('cli/failed', `${file}: ${error.message}`);
  }
}
