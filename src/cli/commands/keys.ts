// `omniroute keys`: client keys from the command line. A key is shown once, when it is made; the file gets its digest.
import { hash, randomBytes } from 'node:crypto';
import { applyEdits } from '../../config/change.ts';
import type { Edit } from '../../config/edit.ts';
import type { ResolvedConfig } from '../../config/generated/types.ts';
import { replaceFiles } from '../../control/atomic-write.ts';
import { createEvaluate, pathOf, type Evaluation } from '../../control/evaluate.ts';
import { systemClock } from '../../lib/clock.ts';
import { escapeSegment } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import { defineCommand } from '../command.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CliFailure, createUsageFailure } from '../failure.ts';
import { reportConfig } from '../read-config.ts';
import type { Terminal } from '../terminal.ts';

type ClientKey = ResolvedConfig['keys'][number];

const actions = ['create', 'rotate', 'revoke', 'list'] as const;

export default defineCommand({
  description: 'Makes, replaces, removes and lists client keys; the file only ever holds their digests',
  args: {
    action: { type: 'positional', required: true, valueHint: actions.join('|'), description: 'What to do' },
    id: { type: 'positional', required: false, description: 'Id of the key' },
    config: { type: 'string', valueHint: 'FILE', description: 'Main file of the configuration' },
    file: { type: 'string', valueHint: 'FILE', description: 'File that a new key goes into' },
    name: { type: 'string', valueHint: 'TEXT', description: 'A label for people' },
    models: { type: 'string', valueHint: 'LIST', description: 'Names that it may ask for, by commas; globs' },
    connections: { type: 'string', valueHint: 'LIST', description: 'Accounts, as provider@connection' },
    tags: { type: 'string', valueHint: 'LIST', description: 'Labels, as team=infra,region=eu' },
    expires: { type: 'string', valueHint: 'DATE', description: 'When it ends, as 2027-01-31T00:00:00Z' },
    schedule: { type: 'string', valueHint: 'HOURS', description: 'When it holds, as 09:00-18:00 UTC' },
    role: { type: 'enum', options: ['inference', 'admin'], description: 'admin may also manage' },
    log: { type: 'boolean', default: true, description: 'Keep traces of its requests; --no-log keeps none' },
    cascade: { type: 'boolean', description: 'With revoke: also remove what names the key' },
  },
  run: async (args, terminal) => {
    const { action, id } = args;
    if (!actions.some((known) => known === action))
      throw createUsageFailure(`unknown action "${action}"`, renderNearest(action, actions));
    const config = args.config;
    const { environment, folder } = terminal;
    const evaluate = createEvaluate({ config, directory: folder, environment, clock: systemClock });
    const before = await evaluate();
    const keys = before.loaded.config?.keys;
    if (!before.snapshot || !keys) return report(before, terminal, args.json === true);
    if (action === 'list') return list(keys, terminal, args.json === true);
    if (id === undefined) throw createUsageFailure(`keys ${action} wants the id of a key`);

    const known = keys.some((key) => key.id === id);
    if (action === 'create' && known)
      throw new CliFailure('cli/failed', `a key "${id}" exists already`, {
        suggestion: `omniroute keys rotate ${id} gives it a new one`,
      });
    if (action !== 'create' && !known) {
      const ids = keys.map((key) => key.id);
      throw new CliFailure('cli/failed', `no key "${id}" is declared`, {
        suggestion: renderNearest(id, ids),
      });
    }
    const secret = action === 'revoke' ? undefined : `sk-omni-${randomBytes(32).toString('base64url')}`;
    const digest = secret === undefined ? '' : `sha256:${hash('sha256', secret, 'hex')}`;
    const place = `/keys/id:${escapeSegment(id)}`;
    const edit: Edit =
      action === 'create'
        ? { op: 'insert', pointer: '/keys/-', value: describe(id, digest, args) }
        : action === 'rotate'
          ? { op: 'set', pointer: `${place}/digest`, value: digest }
          : { op: 'delete', pointer: place };
    const files = applyEdits(before.files, [edit], { file: args.file, cascade: args.cascade === true });
    const changed = files.filter(
      ({ name, text }) => before.files.find((file) => file.name === name)?.text !== text,
    );
    // Nothing is written that a gateway would refuse.
    const after = await evaluate(new Map(changed.map(({ name, text }) => [pathOf(before, name), text])));
    if (!after.snapshot) return report(after, terminal, args.json === true);
    await replaceFiles(
      changed.map(({ name, text }) => ({
        path: pathOf(before, name),
        after: text,
        before: before.files.find((file) => file.name === name)?.text ?? null,
      })),
    );
    const names = changed.map(({ name }) => name);
    if (args.json) {
      const made = secret === undefined ? {} : { key: secret, digest };
      terminal.out(JSON.stringify({ action, id, ...made, files: names }, null, 2));
      return exitCodes.ok.code;
    }
    if (secret !== undefined) terminal.out(secret);
    terminal.err(`${names.join(', ')}: key "${id}" ${told[action as keyof typeof told]}`);
    if (keys.length === 0 && action === 'create') terminal.err(first);
    return exitCodes.ok.code;
  },
});

const told = {
  create: 'is declared. Above is the key itself: it is shown this once.',
  rotate: 'has a new key, shown this once; the old one is refused from the next reload on.',
  revoke: 'is gone; it is refused from the next reload on.',
} as const;

const first =
  'It is the first key: a credential that is not declared is refused from now on. Calls without any are still served ' +
  'to this machine; auth.requireApiKey: true ends that.';

interface Wishes {
  readonly name?: string | undefined;
  readonly models?: string | undefined;
  readonly connections?: string | undefined;
  readonly tags?: string | undefined;
  readonly expires?: string | undefined;
  readonly schedule?: string | undefined;
  readonly role?: string | undefined;
  readonly log?: boolean | undefined;
}

/** The entry as the file shall hold it: what is not asked for keeps its default and is not written. */
function describe(id: string, digest: string, wishes: Wishes): Readonly<Record<string, unknown>> {
  const { name, models, connections, tags, expires, schedule, role, log } = wishes;
  return {
    id,
    digest,
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    ...(models !== undefined && { models: split(models) }),
    ...(connections !== undefined && { connections: split(connections) }),
    ...(tags !== undefined && { tags: Object.fromEntries(split(tags).map(readTag)) }),
    ...(expires !== undefined && { expires }),
    ...(schedule !== undefined && { schedule }),
    ...(log === false && { noLog: true }),
  };
}

function split(list: string): readonly string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function readTag(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw createUsageFailure(`--tags wants name=value, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function list(keys: readonly ClientKey[], terminal: Terminal, json: boolean): ExitCode {
  const rows = keys.map((key) => ({ ...key, state: stateOf(key) }));
  if (json) {
    terminal.out(JSON.stringify({ keys: rows }, null, 2));
    return exitCodes.ok.code;
  }
  const width = Math.max(2, ...rows.map(({ id }) => id.length));
  for (const { id, state, role, models, expires } of rows) {
    const may = models === undefined ? 'all models' : models.join(', ') || 'no model';
    const end = expires === undefined ? '' : `  until ${expires}`;
    terminal.out(`${id.padEnd(width)}  ${state.padEnd(8)}  ${role.padEnd(9)}  ${may}${end}`);
  }
  return exitCodes.ok.code;
}

function stateOf({ enabled, expires }: ClientKey): 'active' | 'disabled' | 'expired' {
  if (!enabled) return 'disabled';
  return expires !== undefined && Date.parse(expires) <= systemClock.now() ? 'expired' : 'active';
}

function report({ loaded, diagnostics }: Evaluation, terminal: Terminal, json: boolean): ExitCode {
  return reportConfig({ loaded, diagnostics }, terminal, json);
}
