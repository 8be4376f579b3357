// `omniroute password reset`: for whoever owns the data folder and has lost the password.
import { userInfo } from 'node:os';
import { systemClock } from '../../lib/clock.ts';
import { findCommandPlace } from '../../server/command-state.ts';
import { resetPassword } from '../../server/reset-password.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure, createUsageFailure } from '../failure.ts';
import { readSecret } from '../read-secret.ts';

export default defineCommand({
  description: 'Sets the administrator password anew; every login ends',
  args: {
    action: { type: 'positional', required: true, valueHint: 'reset', description: 'What to do' },
    config: { type: 'string', alias: 'c', valueHint: 'file', description: 'The configuration' },
    data: { type: 'string', valueHint: 'folder', description: 'Instead of storage.dir' },
  },
  run: async (args, terminal) => {
    if (args.action !== 'reset') throw createUsageFailure(`unknown action "${args.action}"`);
    const { environment, folder: directory } = terminal;
    const place = await findCommandPlace({ ...args, directory, environment });
    if (!place.keeps)
      throw new CliFailure(
        'cli/failed',
        'storage.driver is memory: the password comes from INITIAL_PASSWORD',
      );
    const password = await readSecret('New password: ');
    try {
      const actor = `cli:${userInfo().username}`;
      const gateway = await resetPassword(place, password, actor, systemClock);
      if (args.json === true) terminal.out(JSON.stringify({ reset: true, gateway }, null, 2));
      else
        terminal.out(
          `the password is set; ${gateway === 'reloaded' ? 'the running gateway knows it, all logins have ended' : 'no gateway answered, the next login or start reads it'}`,
        );
    } catch (error) {
      const known = error instanceof Error && ['PasswordError', 'StateError'].includes(error.name);
      throw known ? new CliFailure('cli/failed', (error as Error).message, { cause: error }) : error;
    }
    return exitCodes.ok.code;
  },
});
