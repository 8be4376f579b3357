// `omniroute why`: what happened to a request, from the gateway that runs or from the rows that it left behind.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderWhy, explainWhy, type Why } from '../../routing/why.ts';
import {
  findCommandPlace,
  findServed,
  readStoredRequests,
  tokenFileName,
} from '../../server/command-state.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { readConfig, reportConfig } from '../read-config.ts';

export default defineCommand({
  description: 'Tells what happened to a request: the rule, its line, what would have let it pass, and when',
  args: {
    id: { type: 'positional', required: true, valueHint: 'request-id', description: 'Its X-Request-Id' },
    config: { type: 'string', alias: 'c', valueHint: 'file', description: 'The configuration' },
    data: { type: 'string', valueHint: 'folder', description: 'Instead of storage.dir' },
    offline: { type: 'boolean', description: 'Read the data folder, do not ask a running gateway' },
  },
  run: async (args, terminal) => {
    const { environment, folder: directory } = terminal;
    const place = await findCommandPlace({ ...args, directory, environment });
    let why = args.offline ? undefined : await askGateway(place.url, place.dataFolder, args.id);
    if (!why) {
      const read = await readConfig(args.config, terminal);
      if (!read.snapshot) return reportConfig(read, terminal, args.json === true);
      const [row] = await readStoredRequests(place, { requestId: args.id });
      if (!row)
        throw new CliFailure('cli/failed', `no request "${args.id}" is stored in ${place.dataFolder}`, {
          suggestion: 'its X-Request-Id is on every answer; keys and policies with noLog leave no facts',
        });
      const { snapshot } = read;
      const served = row.revision === snapshot.revision ? undefined : await findServed(place, row.revision);
      why = explainWhy({ row, snapshot, served, now: Date.now() });
    }
    terminal.out(args.json ? JSON.stringify(why, null, 2) : renderWhy(why));
    return exitCodes.ok.code;
  },
});

async function askGateway(url: string, dataFolder: string, id: string): Promise<Why | undefined> {
  try {
    const token = (await readFile(join(dataFolder, tokenFileName), 'utf8')).trim();
    const base = url.endsWith('/') ? url : `${url}/`;
    const response = await fetch(new URL(`api/requests/${encodeURIComponent(id)}/why`, base), {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok ? ((await response.json()) as Why) : undefined;
  } catch {
    return undefined;
  }
}
