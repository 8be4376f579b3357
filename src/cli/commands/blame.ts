// `omniroute blame`: one effective value, where it stands, and who put it there.
import { dirname } from 'node:path';
import { renderPosition } from '../../diagnostics.ts';
import { findEffective, type EffectiveValue } from '../../control/effective.ts';
import { openGit } from '../../control/git.ts';
import { createRepository } from '../../control/repository.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { callServer, dataArgument, demandMain, nameData, readMessage, readSide } from '../sides.ts';

export default defineCommand({
  description:
    'Tells where an effective value comes from: file and line, commit and author, or what else set it',
  args: {
    pointer: {
      type: 'positional',
      required: true,
      valueHint: 'pointer',
      description: 'Such as /combos/coding/strategy or /policies/id:cap',
    },
    url: { type: 'string', valueHint: 'url', description: 'A running gateway, instead of the files here' },
    config: { type: 'string', valueHint: 'file', description: 'The configuration; else it is searched for' },
    data: dataArgument,
  },
  run: async (args, own) => {
    const terminal = nameData(own, args.data);
    const pointer = args.pointer.startsWith('/') ? args.pointer : `/${args.pointer}`;
    let value: EffectiveValue;
    if (args.url !== undefined) {
      const path = `/api/config/effective?path=${encodeURIComponent(pointer)}`;
      const { status, body } = await callServer(args.url, path, terminal);
      if (status !== 200) throw new CliFailure('cli/failed', readMessage(body));
      value = body as object as EffectiveValue;
    } else {
      const main = await demandMain(args.config, terminal);
      const { evaluation } = await readSide(main, main, terminal);
      const git = await openGit(dirname(main));
      value = await findEffective(
        {
          reading: () => evaluation.loaded,
          revision: () => evaluation.snapshot?.revision ?? '',
          repository:
            git && createRepository({ git, settings: () => ({ remote: '', branch: '' }), now: Date.now }),
        },
        pointer,
      );
    }
    terminal.out(args.json ? JSON.stringify(value, null, 2) : renderValue(value));
    return exitCodes.ok.code;
  },
});

function renderValue({ pointer, value, source, names, at, revision, commit }: EffectiveValue): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['pointer', pointer],
    ['value', typeof value === 'string' ? value : JSON.stringify(value)],
    ['set by', names === undefined ? source : `${source} ${names.join(', ')}`],
    ['place', at && renderPosition(at)],
    ['commit', commit?.id ?? (at ? 'not committed' : undefined)],
    ['author', commit?.author],
    ['date', commit?.at],
    ['subject', commit?.subject],
    ['revision', revision === '' ? undefined : revision],
  ];
  return rows
    .flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(8)}  ${text}`]))
    .join('\n');
}
