// `omniroute explain-code`: what a code of a diagnostic, an error or a reason means, and what to do about it.
import { errorTable } from '../../errors.ts';
import { findNearest } from '../../lib/nearest.ts';
import { reasonTable } from '../../routing/reasons.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { diagnosticRules } from '../rules.ts';

interface Explanation {
  readonly code: string;
  readonly kind: 'diagnostic' | 'error' | 'reason';
  /** Severity of a diagnostic, status of an error. */
  readonly weight?: string;
  readonly meaning: string;
  readonly action?: string;
}

export default defineCommand({
  description: 'Explains a code of a diagnostic, an error or a reason; without one it lists them all',
  args: {
    code: {
      type: 'positional',
      required: false,
      description: 'Such as reference/unknown-target or budget_exceeded',
    },
  },
  run: (args, terminal) => {
    const all = listExplanations();
    if (args.code === undefined) {
      const width = Math.max(...all.map(({ code }) => code.length));
      terminal.out(
        args.json
          ? JSON.stringify(all, null, 2)
          : all.map(({ code, meaning }) => `${code.padEnd(width)}  ${meaning}`).join('\n'),
      );
      return exitCodes.ok.code;
    }
    const found = all.find(({ code }) => code === args.code);
    if (!found) {
      const near = findNearest(
        args.code,
        all.map(({ code }) => code),
      );
      throw new CliFailure('cli/failed', `there is no code "${args.code}"`, {
        suggestion: near === undefined ? 'omniroute explain-code lists them' : `did you mean "${near}"?`,
      });
    }
    const { code, kind, weight, meaning, action } = found;
    const lines = [
      `${code}  (${[kind, weight].filter(Boolean).join(', ')})`,
      meaning,
      ...(action === undefined ? [] : [action]),
    ];
    terminal.out(args.json ? JSON.stringify(found, null, 2) : lines.join('\n'));
    return exitCodes.ok.code;
  },
});

function listExplanations(): readonly Explanation[] {
  return [
    ...diagnosticRules.map(
      ({ code, severity, meaning, action }) =>
        ({ code, kind: 'diagnostic', weight: severity, meaning, action }) as const,
    ),
    ...Object.entries(errorTable).map(
      ([code, { status, meaning, action }]) =>
        ({ code, kind: 'error', weight: `status ${status}`, meaning, action }) as const,
    ),
    ...Object.entries(reasonTable).map(([code, { meaning }]) => ({ code, kind: 'reason', meaning }) as const),
  ];
}
