// `omniroute record`: the latest requests of the data folder as tests; never a word of what was said in them.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTestData } from '../../config/test-file.ts';
import { dateTest, recordTests, renderRecorded, type RecordedTest } from '../../routing/record.ts';
import type { Snapshot } from '../../routing/snapshot.ts';
import { runTests } from '../../routing/test-runner.ts';
import { findCommandPlace, readStoredRequests } from '../../server/command-state.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';
import { readConfig } from '../read-config.ts';

export default defineCommand({
  description: 'Turns the latest requests into tests: facts only, no prompt, each kind of request once',
  args: {
    last: {
      type: 'string',
      valueHint: 'count',
      default: '100',
      description: 'How many requests, at most 1000',
    },
    out: { type: 'string', valueHint: 'file', description: 'Write a *.test.yaml instead of printing' },
    config: { type: 'string', alias: 'c', valueHint: 'file', description: 'The configuration' },
    data: { type: 'string', valueHint: 'folder', description: 'Instead of storage.dir' },
  },
  run: async (args, terminal) => {
    const limit = Number(args.last);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw createUsageFailure(`--last: "${args.last}" is no number from 1 to 1000`);
    const { environment, folder: directory } = terminal;
    const place = await findCommandPlace({ ...args, directory, environment });
    const rows = await readStoredRequests(place, { limit });
    const recorded = recordTests(rows.toReversed());
    const { snapshot } = await readConfig(args.config, terminal);
    const tests = snapshot ? recorded.map((test) => fitTest(test, snapshot)) : recorded;
    const broken = snapshot ? tests.filter((test) => !holds(test, snapshot)).length : 0;
    if (broken > 0)
      terminal.err(
        `${broken} of ${tests.length} tests do not hold here: the rules were others, or rows do not tell what mattered`,
      );
    if (args.json) terminal.out(JSON.stringify({ requests: rows.length, tests }, null, 2));
    else if (args.out === undefined) terminal.out(renderRecorded(tests).trimEnd());
    else {
      await writeFile(resolve(directory, args.out), renderRecorded(tests));
      terminal.err(`${tests.length} tests out of ${rows.length} requests in ${args.out}`);
    }
    return exitCodes.ok.code;
  },
});

/** A rule that goes by the clock wants the time of then; everything else is true at any time. */
function fitTest(test: RecordedTest, snapshot: Snapshot): RecordedTest {
  if (holds(test, snapshot)) return test;
  const dated = dateTest(test);
  return holds(dated, snapshot) ? dated : test;
}

function holds({ at: _, ...draft }: RecordedTest, snapshot: Snapshot): boolean {
  const { test } = readTestData(draft);
  return test !== undefined && runTests({ snapshot, tests: [test] }).every(({ ok }) => ok);
}
