// `omniroute validate`: everything that is wrong with configurations, at once; no network, no secrets, no database.
import { writeFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Diagnostic, Fix, SourcePosition } from '../../diagnostics.ts';
import { wantsColors } from '../../diagnostics/pretty.ts';
import { diagnosticFormats, renderDiagnostics } from '../../diagnostics/render.ts';
import { replaceRanges } from '../../diagnostics/source-text.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { readConfig, type ReadResult } from '../read-config.ts';
import { diagnosticRules } from '../rules.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';

export default defineCommand({
  description:
    'Checks configurations and says everything that is wrong with them; needs no network and no secrets',
  args: {
    files: {
      type: 'positional',
      required: false,
      valueHint: 'files…',
      description:
        'Main files, each a configuration of its own; without them the file that `start` would take',
    },
    format: {
      type: 'enum',
      options: [...diagnosticFormats],
      default: 'pretty',
      description: 'How findings are written',
    },
    strict: { type: 'boolean', description: 'Warnings count as errors' },
    fix: { type: 'boolean', description: 'Repair what can be repaired mechanically, then check again' },
  },
  run: async (args, terminal) => {
    const paths = args._.length > 0 ? args._ : [undefined];
    let fixed = 0;
    const results: ReadResult[] = [];
    for (const path of paths) {
      let result = await readConfig(path, terminal);
      if (args.fix) {
        const count = await applyFixes(result);
        fixed += count;
        if (count > 0) result = await readConfig(path, terminal);
      }
      results.push(result);
    }
    const sources = new Map(
      results.flatMap(({ loaded }) =>
        loaded.sources.map(({ path, text }) => [rename(path, terminal), text] as const),
      ),
    );
    const diagnostics = results.flatMap((result) =>
      result.diagnostics.map((each) => moveTo(each, result, terminal)),
    );
    const format = args.json ? 'json' : args.format;
    const colors = wantsColors(process.stdout, terminal.environment);
    const report = { diagnostics, sources, rules: diagnosticRules, version: readVersion(), colors };
    if (fixed > 0) terminal.err(`repaired ${fixed} ${fixed === 1 ? 'place' : 'places'}`);
    terminal.out(renderDiagnostics(format, report).trimEnd());
    const bad = diagnostics.some(
      ({ severity }) => severity === 'error' || (args.strict && severity === 'warning'),
    );
    return bad ? exitCodes.negative.code : exitCodes.ok.code;
  },
});

/** Writes the repairs of all files; of two that overlap only the first. Answers how many. */
async function applyFixes({ loaded, diagnostics }: ReadResult): Promise<number> {
  let count = 0;
  for (const { name, path, text } of loaded.sources) {
    const fixes: Fix[] = [];
    for (const { fix } of diagnostics) {
      if (fix?.at.file === name && !fixes.some((other) => overlap(fix.at, other.at))) fixes.push(fix);
    }
    if (fixes.length === 0) continue;
    await writeFile(path, replaceRanges(text, fixes));
    count += fixes.length;
  }
  return count;
}

function overlap(a: SourcePosition, b: SourcePosition): boolean {
  const before = (line: number, column: number, otherLine: number, otherColumn: number): boolean =>
    line < otherLine || (line === otherLine && column <= otherColumn);
  return (
    !before(a.endLine, a.endColumn, b.line, b.column) && !before(b.endLine, b.endColumn, a.line, a.column)
  );
}

/** Positions name files relative to their main file; reports name them relative to where the command runs. */
function moveTo(diagnostic: Diagnostic, { loaded }: ReadResult, terminal: Terminal): Diagnostic {
  const move = (at: SourcePosition): SourcePosition => ({
    ...at,
    file: rename(resolve(loaded.folder, at.file), terminal),
  });
  const { at, fix, related } = diagnostic;
  return {
    ...diagnostic,
    ...(at && { at: move(at) }),
    ...(fix && { fix: { ...fix, at: move(fix.at) } }),
    ...(related && { related: related.map((other) => ({ ...other, at: move(other.at) })) }),
  };
}

function rename(path: string, { folder }: Terminal): string {
  const name = relative(folder, path);
  return isAbsolute(name) ? name : name.split(sep).join('/');
}
