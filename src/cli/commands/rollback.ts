// `omniroute rollback`: the files as they were at a commit of their history, here or at a running gateway.
import { dirname } from 'node:path';
import { findText, type FileSet } from '../../config/file-set.ts';
import { pathOf } from '../../control/evaluate.ts';
import { openGit } from '../../control/git.ts';
import { locate } from '../../control/git-paths.ts';
import { listHistory } from '../../control/repository.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { reportWrite, writeTexts } from '../local-writer.ts';
import {
  callServer,
  dataArgument,
  demandMain,
  nameData,
  readMessage,
  readSide,
  tellWrite,
} from '../sides.ts';

export default defineCommand({
  description: 'Brings the files back to an earlier commit; without one, to the commit before the last',
  args: {
    to: {
      type: 'positional',
      required: false,
      valueHint: 'revision',
      description: 'A commit, tag or branch',
    },
    url: { type: 'string', valueHint: 'url', description: 'A running gateway, instead of the files here' },
    config: { type: 'string', valueHint: 'file', description: 'The configuration; else it is searched for' },
    data: dataArgument,
  },
  run: async (args, own) => {
    const terminal = nameData(own, args.data);
    if (args.url !== undefined) {
      const to = args.to ?? (await findPrevious(args.url));
      const answer = await callServer(args.url, '/api/config/rollback', terminal, {
        method: 'POST',
        body: JSON.stringify({ to }),
      });
      if (answer.status >= 400) throw new CliFailure('cli/failed', readMessage(answer.body));
      tellWrite(answer, `rolled back to ${to}`, terminal, args.json === true);
      return exitCodes.ok.code;
    }
    const main = await demandMain(args.config, terminal);
    const git = await openGit(dirname(main));
    if (!git) throw new CliFailure('cli/failed', `${main} is in no git repository`);
    const { evaluation } = await readSide(main, main, terminal);
    const paths = new Map<string, string>();
    const locateAll = async (files: FileSet): Promise<void> => {
      for (const { name } of files) paths.set(name, await locate(git, pathOf(evaluation, name)));
    };
    await locateAll(evaluation.files);
    const wanted = args.to ?? (await listHistory(git, evaluation, 2))[1]?.commit;
    const commit = wanted === undefined ? undefined : await git.resolve(wanted);
    if (commit === undefined)
      throw new CliFailure(
        'cli/failed',
        args.to === undefined ? 'there is no earlier commit' : `"${args.to}" is no revision`,
      );
    // What was included then may have been removed since.
    await locateAll((await readSide(commit, main, terminal)).evaluation.files);
    const texts = new Map<string, string>();
    for (const [name, path] of paths) {
      const text = (await git.read(commit, path)) ?? '{}\n';
      if (text !== findText(evaluation.files, name)) texts.set(name, text);
    }
    const outcome = await writeTexts(main, texts, terminal);
    return reportWrite(outcome, `rolled back to ${commit.slice(0, 12)}`, terminal, args.json === true);

    async function findPrevious(url: string): Promise<string> {
      const { body } = await callServer(url, '/api/config/history?limit=2', terminal);
      const [, previous] = body['revisions'] as readonly { readonly commit: string }[];
      if (!previous) throw new CliFailure('cli/failed', 'there is no earlier commit');
      return previous.commit;
    }
  },
});
