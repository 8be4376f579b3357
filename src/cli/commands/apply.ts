// `omniroute apply`: carries a saved plan out, on the files here or on those of a running gateway; refused with 3 when
// what it was made from has changed since.
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { reportWrite, writeTexts } from '../local-writer.ts';
import { isCurrent, readPlan, type Plan } from '../plan-file.ts';
import { callServer, demandMain, readMessage, readSide } from '../sides.ts';
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
  },
  run: async (args, terminal) => {
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
  const [[name = '', text = ''] = [], ...more] = Object.entries(plan.texts);
  if (name === '') {
    if (!json) terminal.out('the files say so already');
    return exitCodes.ok.code;
  }
  if (more.length > 0)
    throw new CliFailure('cli/failed', 'the plan changes several files, and a gateway takes one at a time', {
      suggestion: 'apply it where the files are, or commit them',
    });
  const { status, body } = await callServer(url, `/api/config?file=${encodeURIComponent(name)}`, terminal, {
    method: 'PUT',
    body: text,
    headers: { 'if-match': side.tags?.get(name) ?? '' },
  });
  if (status === 412) throw refuseStale(plan);
  if (status >= 400) throw new CliFailure('cli/failed', readMessage(body));
  if (json) terminal.out(JSON.stringify(body, null, 2));
  else
    terminal.out(
      status === 202 ? `proposed as ${String(body['branch'])}` : `live; revision ${String(body['revision'])}`,
    );
  return exitCodes.ok.code;
}

function refuseStale({ from }: Plan): CliFailure {
  return new CliFailure('cli/stale', `the files have changed since the plan was made from ${from.label}`, {
    suggestion: 'plan again',
  });
}
