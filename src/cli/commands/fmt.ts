// `omniroute fmt`: the canonical layout of configuration files, comments kept.
import { readFile, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { formatConfig } from '../../config/format.ts';
import { loadConfig } from '../../config/load.ts';
import type { Diagnostic } from '../../diagnostics.ts';
import { renderDiagnostics } from '../../diagnostics/render.ts';
import { renderDiff } from '../../lib/text-diff.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { diagnosticRules } from '../rules.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';

export default defineCommand({
  description: 'Writes configuration files in their canonical layout; meaning and comments stay',
  args: {
    files: {
      type: 'positional',
      required: false,
      valueHint: 'files…',
      description: 'Files to format; without them the main file and everything that it includes',
    },
    check: { type: 'boolean', description: 'Write nothing; name the files that would change and end with 1' },
    diff: {
      type: 'boolean',
      description: 'Write nothing; show what would change and end with 1 if anything would',
    },
  },
  run: async (args, terminal) => {
    const dry = args.check === true || args.diff === true;
    const paths =
      args._.length > 0 ? args._.map((path) => resolve(terminal.folder, path)) : await findFiles(terminal);
    const changed: string[] = [];
    const diffs: string[] = [];
    const diagnostics: Diagnostic[] = [];
    const sources = new Map<string, string>();
    for (const path of paths) {
      const name = relative(terminal.folder, path);
      const before = await readFile(path, 'utf8');
      const result = formatConfig(before, name);
      if (!result.ok) {
        diagnostics.push(...result.diagnostics);
        sources.set(name, before);
      } else if (result.text !== before) {
        changed.push(name);
        diffs.push(renderDiff(before, result.text, { from: name, to: `${name} formatted` }));
        if (!dry) await writeFile(path, result.text);
      }
    }
    if (args.json) {
      const diff = args.diff ? { diff: diffs.join('') } : {};
      terminal.out(
        JSON.stringify({ files: paths.length, changed, written: !dry, ...diff, diagnostics }, null, 2),
      );
    } else {
      const lines = args.diff ? diffs.map((diff) => diff.trimEnd()) : changed;
      if (lines.length > 0) terminal.out(lines.join('\n'));
      if (diagnostics.length > 0) {
        const report = { diagnostics, sources, rules: diagnosticRules, version: readVersion() };
        terminal.err(renderDiagnostics('pretty', report).trimEnd());
      }
    }
    const bad = diagnostics.length > 0 || (dry && changed.length > 0);
    return bad ? exitCodes.negative.code : exitCodes.ok.code;
  },
});

async function findFiles({ folder, environment }: Terminal): Promise<readonly string[]> {
  const { sources } = await loadConfig({ directory: folder, environment });
  if (sources.length === 0)
    throw new CliFailure('cli/file', `no omniroute.config.yaml in ${folder} or above it`);
  return sources.map(({ path }) => path);
}
