// `omniroute record`: the latest requests of the data folder as tests; never a word of what was said in them.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { recordTests, renderRecorded } from '../../routing/record.ts';
import { findCommandPlace, readStoredRequests } from '../../server/command-state.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';

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
    const tests = recordTests(rows.toReversed());
    if (args.json) terminal.out(JSON.stringify({ requests: rows.length, tests }, null, 2));
    else if (args.out === undefined) terminal.out(renderRecorded(tests).trimEnd());
    else {
      await writeFile(resolve(directory, args.out), renderRecorded(tests));
      terminal.err(`${tests.length} tests out of ${rows.length} requests in ${args.out}`);
    }
    return exitCodes.ok.code;
  },
});
