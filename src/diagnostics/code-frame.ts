// The offending line with carets under the fault. Shows one line only, masked, cropped and free of control characters.
import type { SourcePosition } from '../diagnostics.ts';
import { maskSecrets } from './secret-shapes.ts';

export interface CodeFrame {
  /** ` 42 | ` and the text of the line. */
  readonly line: string;
  /** The same margin without a number, then carets. */
  readonly carets: string;
}

const longestLine = 100;
const leadIn = 40;

/** The frame of `at` inside `text`, or undefined when the text has no such line. */
export function renderCodeFrame(text: string, at: SourcePosition, sensitive = false): CodeFrame | undefined {
  const raw = readLine(text, at.line);
  if (raw === undefined) return undefined;
  const from = Math.min(Math.max(at.column - 1, 0), raw.length);
  // A range over several lines is marked to the end of its first one.
  const to = Math.min(
    Math.max(at.endLine > at.line ? raw.trimEnd().length : at.endColumn - 1, from + 1),
    Math.max(raw.length, from + 1),
  );
  const masked = maskLine(raw);
  const hidden = sensitive ? masked.slice(0, from) + '•'.repeat(to - from) + masked.slice(to) : masked;
  const shown = hidden.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');

  const crop = raw.length <= longestLine ? 0 : Math.max(0, Math.min(from - leadIn, raw.length - longestLine));
  const end = Math.min(raw.length, crop + longestLine);
  const head = crop > 0 ? '…' : '';
  const tail = end < raw.length ? '…' : '';
  const margin = String(at.line).padStart(4);
  const blanks = head.replace('…', ' ') + padding(shown.slice(crop, from));
  const width = Math.max(1, Math.min(to, end) - from);
  return {
    line: `${margin} | ${head}${shown.slice(crop, end)}${tail}`.trimEnd(),
    carets: `${' '.repeat(margin.length)} | ${blanks}${'^'.repeat(width)}`,
  };
}

// Faults come sorted by place: where one long line has hundreds of them, it is masked once.
let lastLine = { raw: '', masked: '' };

function maskLine(raw: string): string {
  if (lastLine.raw !== raw) lastLine = { raw, masked: maskSecrets(raw) };
  return lastLine.masked;
}

function readLine(text: string, line: number): string | undefined {
  let start = 0;
  for (let count = 1; count < line; count++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return undefined;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
}

/** Blanks of the same width: characters that take two columns get a blank that takes two. */
function padding(text: string): string {
  return text.replaceAll(/[^]/g, (character) =>
    /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? '\u3000'
      : ' ',
  );
}
