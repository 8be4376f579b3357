// `omniroute apply`: carries a saved plan out, on the files here or on those of a running gateway; refused with 3 when
// what it was made from has changed since.
import { tagText } from '../../config/file-set.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { reportWrite, writeTexts } from '../local-writer.ts';
import { isCurrent, readPlan, type Plan } from '../plan-file.ts';
import {
  callServer,
  dataArgument,
  demandMain,
  nameData,
  readMessage,
  readSide,
  tellWrite,
} from '../sides.ts';
import type { Terminal } from '../terminal.ts';

export default defineCommand({
  description: 'Carries a saved plan out; refused when the files have changed since it was made',
  args: {
    plan: {
      type: 'positional',
      required: true,
      valueHint: 'plan',
      description: 'What `plan --out` has saved',
    },
    url: { type: 'string', valueHint: 'url', description: 'A running gateway, instead of the files here' },
    config: { type: 'string', valueHint: 'file', description: 'The configuration; else it is searched for' },
    data: dataArgument,
  },
  run: async (args, own) => {
    const terminal = nameData(own, args.data);
    const plan = await readPlan(args.plan, terminal);
    if (args.url !== undefined) return applyRemotely(plan, args.url, terminal, args.json === true);
    const main = await demandMain(args.config, terminal);
    const { evaluation } = await readSide(main, main, terminal);
    if (!isCurrent(plan, evaluation.files)) throw refuseStale(plan);
    const outcome = await writeTexts(main, new Map(Object.entries(plan.texts)), terminal);
    return reportWrite(outcome, 'the plan is in the files', terminal, args.json === true);
  },
});

async function applyRemotely(plan: Plan, url: string, terminal: Terminal, json: boolean) {
  const side = await readSide(url, '', terminal);
  if (!isCurrent(plan, side.evaluation.files)) throw refuseStale(plan);
  const names = Object.keys(plan.texts);
  if (names.length === 0) {
    if (!json) terminal.out('the files say so already');
    return exitCodes.ok.code;
  }
  const { tags } = side;
  const answer = await callServer(url, '/api/config', terminal, {
    method: 'PATCH',
    body: JSON.stringify({ texts: plan.texts }),
    // A file that is not there yet has a tag too: that of an empty text.
    headers: { 'if-match': names.map((name) => tags?.get(name) ?? tagText({ name, text: '' })).join(', ') },
  });
  if (answer.status === 412) throw refuseStale(plan);
  if (answer.status >= 400) throw new CliFailure('cli/failed', readMessage(answer.body));
  tellWrite(answer, 'the plan is live', terminal, json);
  return exitCodes.ok.code;
}

function refuseStale({ from }: Plan): CliFailure {
  return new CliFailure('cli/stale', `the files have changed since the plan was made from ${from.label}`, {
    suggestion: 'plan again',
  });
}
