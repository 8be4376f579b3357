// `omniroute simulate`: a scenario of arrivals and upstream faults on a clock of its own → what routing does about them.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { renderPicture } from '../../routing/testing/scenario-picture.ts';
import { renderTimeline } from '../../routing/testing/scenario-text.ts';
import { runScenario } from '../../routing/testing/scenario.ts';
import { checkDoor } from '../../routing/testing/door.ts';
import { occupyLanes, readTime } from '../../routing/testing/given.ts';
import { readTestFacts } from '../../routing/testing/request.ts';
import { prepareWorld } from '../../routing/test-runner.ts';
import { renderDiagnostics } from '../../diagnostics/render.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { readConfig, reportConfig } from '../read-config.ts';
import { openScenario, type OpenScenario } from '../read-scenario.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';

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
    const opened = openScenario(args.scenario, text);
    if (!opened.scenario) return report(opened, text, args.scenario, terminal, args.json === true);
    const named = opened.config === undefined ? undefined : resolve(dirname(path), opened.config);
    const read = await readConfig(args.config ?? named, terminal);
    if (!read.snapshot) return reportConfig(read, terminal, args.json === true);
    const checked = opened.check(read.loaded.config!);
    if (!checked.ready) return report(checked, text, args.scenario, terminal, args.json === true);
    const { snapshot } = read;
    const { given, tests } = checked.ready;
    const start = readTime(given);
    const first = tests.values().next().value!;
    const world = prepareWorld({ given }, snapshot, readTestFacts(first.request, snapshot));
    const timeline = runScenario({
      scenario: opened.scenario,
      snapshot,
      world,
      start,
      read: (request) => {
        const test = tests.get(request)!;
        const facts = readTestFacts(test.request, snapshot);
        return { facts, door: (now) => checkDoor(test.request, snapshot, world, now) };
      },
      prepare: (slots) => occupyLanes(given, snapshot, slots),
    });
    if (args.json) terminal.out(JSON.stringify(timeline, null, 2));
    else terminal.out(args.format === 'svg' ? renderPicture(timeline) : renderTimeline(timeline));
    return exitCodes.ok.code;
  },
});

function report(
  { diagnostics }: Pick<OpenScenario, 'diagnostics'>,
  text: string,
  name: string,
  terminal: Terminal,
  json: boolean,
) {
  const input = { diagnostics, sources: new Map([[name, text]]), rules: [], version: readVersion() };
  const told = renderDiagnostics(json ? 'json' : 'pretty', input).trimEnd();
  if (json) terminal.out(told);
  else terminal.err(told);
  return exitCodes.negative.code;
}
