// `omniroute plan`: what changes between two states of the configuration, and for whom. Ends with 2 when they differ.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { findText } from '../../config/file-set.ts';
import { hasErrors } from '../../diagnostics.ts';
import { renderDiagnostics } from '../../diagnostics/render.ts';
import { renderDiff } from '../../lib/text-diff.ts';
import { diffSnapshots, isEmptyDiff } from '../../routing/diff.ts';
import { renderChanges } from '../../routing/render-diff.ts';
import { defineCommand, type Command } from '../command.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { hashFiles, type Plan } from '../plan-file.ts';
import { diagnosticRules } from '../rules.ts';
import { dataArgument, demandMain, nameData, readSide, type Side } from '../sides.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';

const command = defineCommand({
  description: 'Tells what would change between two states, and for whom; 2 when anything does',
  args: {
    from: {
      type: 'string',
      valueHint: 'file|revision|url',
      default: 'HEAD',
      description: 'What is now: a file, a revision in git, or a running gateway',
    },
    to: {
      type: 'string',
      valueHint: 'file|revision|url',
      description: 'What would be; default the files as they are',
    },
    out: { type: 'string', valueHint: 'file', description: 'Saves the plan for `omniroute apply`' },
    patch: { type: 'boolean', description: 'Shows the texts too, as a unified diff' },
    config: { type: 'string', valueHint: 'file', description: 'The configuration; else it is searched for' },
    data: dataArgument,
  },
  run: async (args, terminal) =>
    report(await readSides(args.from, args.to, args.config, nameData(terminal, args.data)), args, terminal),
});

/** 2 means "differs" here, so no error ends with it, not even one of the command line. */
export default {
  ...command,
  execute: async (rawArgs, terminal) => {
    try {
      return await command.execute(rawArgs, terminal);
    } catch (error) {
      if (!(error instanceof CliFailure) || error.exit !== exitCodes.usage.code) throw error;
      const { code, message, suggestion } = error;
      throw new CliFailure(code, message, { suggestion, exit: exitCodes.negative.code, cause: error });
    }
  },
} satisfies Command;

interface Sides {
  readonly from: Side;
  readonly to: Side;
}

async function readSides(
  from: string,
  to: string | undefined,
  config: string | undefined,
  terminal: Terminal,
): Promise<Sides> {
  const main = await demandMain(config, terminal);
  return { from: await readSide(from, main, terminal), to: await readSide(to ?? main, main, terminal) };
}

async function report(
  { from, to }: Sides,
  args: {
    readonly json?: boolean | undefined;
    readonly out?: string | undefined;
    readonly patch?: boolean | undefined;
  },
  terminal: Terminal,
): Promise<ExitCode> {
  for (const side of [from, to]) {
    if (!side.evaluation.snapshot) return refuse(side, terminal, args.json === true);
  }
  const [before, after] = [from.evaluation.snapshot, to.evaluation.snapshot];
  if (!before || !after) throw new Error('both sides have a snapshot');
  const changes = diffSnapshots(before, after);
  const plan = makePlan(from, to);
  const differs = before.revision !== after.revision || plan.patch !== '';
  if (args.out !== undefined)
    await writeFile(resolve(terminal.folder, args.out), `${JSON.stringify(plan, null, 2)}\n`);
  if (args.json) {
    const { patch, from: base, to: goal } = plan;
    terminal.out(JSON.stringify({ differs, from: base, to: goal, changes, patch }, null, 2));
  } else {
    terminal.out(renderChanges(changes));
    if (isEmptyDiff(changes) && plan.patch !== '') terminal.out('the texts differ, what they mean does not');
    if (args.patch && plan.patch !== '') terminal.out(`\n${plan.patch.trimEnd()}`);
  }
  return differs ? exitCodes.usage.code : exitCodes.ok.code;
}

// By name below each folder; the main files are one whatever they are called.
function makePlan(from: Side, to: Side): Plan {
  const main = from.evaluation.files.at(-1)?.name ?? '';
  const wanted = to.evaluation.files.map(({ name, text }, index, { length }) => ({
    name: index === length - 1 ? main : name,
    text,
  }));
  const gone = from.evaluation.files
    .filter(({ name }) => findText(wanted, name) === undefined)
    // An included file that says nothing is how a file goes without leaving the set.
    .map(({ name }) => ({ name, text: '{}\n' }));
  const changed = [...wanted, ...gone].filter(
    ({ name, text }) => findText(from.evaluation.files, name) !== text,
  );
  const patch = changed.map(({ name, text }) =>
    renderDiff(findText(from.evaluation.files, name) ?? '', text, { from: `a/${name}`, to: `b/${name}` }),
  );
  return {
    format: 'omniroute-plan',
    version: 1,
    from: {
      label: from.label,
      revision: from.evaluation.snapshot?.revision ?? null,
      hashes: hashFiles(from.evaluation.files),
    },
    to: { label: to.label, revision: to.evaluation.snapshot?.revision ?? '' },
    texts: Object.fromEntries(changed.map(({ name, text }) => [name, text])),
    patch: patch.join(''),
  };
}

function refuse({ label, evaluation }: Side, terminal: Terminal, json: boolean): ExitCode {
  const errors = evaluation.diagnostics.filter((diagnostic) => hasErrors([diagnostic]));
  const input = {
    diagnostics: errors,
    sources: new Map(evaluation.files.map(({ name, text }) => [name, text])),
    rules: diagnosticRules,
    version: readVersion(),
  };
  const text = renderDiagnostics(json ? 'json' : 'pretty', input).trimEnd();
  if (json) terminal.out(text);
  else terminal.err(`${label} has errors\n${text}`);
  return exitCodes.negative.code;
}
