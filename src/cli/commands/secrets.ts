// `omniroute secrets`: the encrypted store behind `${secret:name}`. Values go in and never come out.
import { userInfo } from 'node:os';
import { renderNearest } from '../../lib/nearest.ts';
import { systemClock } from '../../lib/clock.ts';
import {
  findCommandPlace,
  openSecretDesk,
  tellGateway,
  type CommandPlace,
  type SecretDesk,
} from '../../server/command-state.ts';
import { defineCommand } from '../command.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CliFailure, createUsageFailure } from '../failure.ts';
import { readSecret } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

const actions = ['set', 'list', 'rotate', 'rm'] as const;
type Action = (typeof actions)[number];

/** Names that `${secret:}` can refer to. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,119}$/;

export default defineCommand({
  description: 'Keeps values for ${secret:name} in an encrypted store; they go in and never come out',
  args: {
    action: { type: 'positional', required: true, valueHint: actions.join('|'), description: 'What to do' },
    name: { type: 'positional', required: false, description: 'With set and rm: which one' },
    config: { type: 'string', alias: 'c', valueHint: 'file', description: 'The configuration' },
    data: { type: 'string', valueHint: 'folder', description: 'Instead of storage.dir' },
  },
  run: async (args, terminal) => {
    const action = readAction(args.action);
    const wantsName = action === 'set' || action === 'rm';
    if (wantsName && args.name === undefined) throw createUsageFailure(`secrets ${action} wants a name`);
    if (!wantsName && args.name !== undefined) throw createUsageFailure(`unexpected "${args.name}"`);
    const name = args.name ?? '';
    if (wantsName && !namePattern.test(name))
      throw createUsageFailure('a name is up to 120 letters, digits and . _ / -');
    const { environment, folder: directory } = terminal;
    const place = await findCommandPlace({ ...args, directory, environment });
    if (!place.keeps)
      throw new CliFailure(
        'cli/failed',
        'storage.driver is memory: there is no store that outlives a command',
        {
          suggestion: 'use ${env:NAME} or ${file:path}, or storage.driver: sqlite',
        },
      );
    const value = action === 'set' ? await readSecret(`Value of ${name}: `) : '';
    let desk: SecretDesk;
    try {
      desk = openSecretDesk(place, environment, action === 'set' || action === 'rotate', systemClock.now);
    } catch (error) {
      throw explain(error);
    }
    try {
      return await act({ action, name, value, desk, place, json: args.json === true, terminal });
    } catch (error) {
      throw explain(error);
    } finally {
      desk.state.close();
    }
  },
});

interface Act {
  readonly action: Action;
  readonly name: string;
  readonly value: string;
  readonly desk: SecretDesk;
  readonly place: CommandPlace;
  readonly json: boolean;
  readonly terminal: Terminal;
}

async function act(given: Act): Promise<ExitCode> {
  const { action, name, value, desk, place, json, terminal } = given;
  if (action === 'list') return list(given);
  const record = (details: Readonly<Record<string, unknown>>): void =>
    desk.state.audit({
      at: systemClock.now(),
      action: `secret.${action}`,
      actor: `cli:${userInfo().username}`,
      status: 'success',
      ...(name && { target: name }),
      details,
    });
  let result: Readonly<Record<string, unknown>>;
  let line: string;
  if (action === 'rm') {
    if (!desk.vault.remove(name)) {
      const names = desk.vault.list().map((entry) => entry.name);
      throw new CliFailure('cli/failed', `there is no secret "${name}"`, {
        suggestion: renderNearest(name, names),
      });
    }
    result = { removed: name };
    line = `removed ${name}`;
    if (place.secretNames.has(name)) terminal.err(`the configuration still refers to \${secret:${name}}`);
  } else if (action === 'set') {
    desk.vault.set(name, value);
    result = { set: name };
    line = `set ${name}`;
    if (!place.secretNames.has(name)) terminal.err(`nothing refers to \${secret:${name}} yet`);
  } else {
    const count = desk.rotate();
    result = { rotated: count };
    line = `${count} secret${count === 1 ? '' : 's'} sealed with a new key`;
  }
  record(action === 'rotate' ? result : {});
  const told = await tellGateway(place);
  if (json) terminal.out(JSON.stringify({ ...result, gateway: told ? 'reloaded' : 'none' }, null, 2));
  else
    terminal.out(
      `${line}; ${told ? 'the running gateway uses it now' : 'no gateway answered, the next start uses it'}`,
    );
  return exitCodes.ok.code;
}

function list({ desk, place, json, terminal }: Act): ExitCode {
  const entries = desk.vault.list();
  const held = desk.vault.listHeld();
  const missing = [...place.secretNames].filter((name) => !entries.some((entry) => entry.name === name));
  if (json) {
    const secrets = entries.map((entry) => ({ ...entry, used: place.secretNames.has(entry.name) }));
    const pending = held.map(({ row: _row, ...each }) => each);
    terminal.out(JSON.stringify({ secrets, missing, pending }, null, 2));
  } else {
    for (const { name, updatedAt, locked } of entries) {
      const notes = [
        new Date(updatedAt).toISOString(),
        ...(place.secretNames.has(name) ? [] : ['unused']),
        ...(locked ? ['LOCKED: its key is not at hand'] : []),
      ];
      terminal.out(`${name}  ${notes.join('  ')}`);
    }
    for (const name of missing) terminal.out(`${name}  MISSING: the configuration refers to it`);
    for (const { name, branch, createdAt } of held)
      terminal.out(
        `${name}  ${new Date(createdAt).toISOString()}  PENDING: waits for the merge of ${branch}`,
      );
    if (entries.length + missing.length + held.length === 0) terminal.err('the store is empty');
  }
  return entries.some(({ locked }) => locked) || missing.length > 0
    ? exitCodes.negative.code
    : exitCodes.ok.code;
}

function readAction(action: string): Action {
  const known = actions.find((each) => each === action);
  if (known) return known;
  throw createUsageFailure(`unknown action "${action}"`, renderNearest(action, actions));
}

/** Faults that an operator can mend, in the words of whoever found them. */
function explain(error: unknown): unknown {
  const mendable = ['StateError', 'VaultKeyError', 'LockedSecretError'];
  return error instanceof Error && mendable.includes(error.name)
    ? new CliFailure('cli/failed', error.message, { cause: error })
    : error;
}
