// Where a command writes, and what it may know about its surroundings; tests hand in their own.
import { styleText } from 'node:util';
import { wantsColors } from '../diagnostics/pretty.ts';

export interface Terminal {
  /** Results: standard output. A line end is added. */
  out(text: string): void;
  /** Everything that is not the result: standard error. */
  err(text: string): void;
  /** Styles text for standard error, plain where colours are not wanted. */
  paint(style: Style, text: string): string;
  /** Whether a person reads standard error as it is written. */
  readonly interactive: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The process's own streams and environment. */
export function createTerminal(): Terminal {
  const colors = wantsColors(process.stderr, process.env);
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    paint: (style, text) => (colors ? styleText(style, text, { validateStream: false }) : text),
    interactive: process.stderr.isTTY,
    environment: process.env,
    folder: process.cwd(),
  };
}
