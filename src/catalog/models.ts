// Finds the row of the price list that speaks about a model name. Rows match by name, prefix, suffix, part or a pinned
// regular expression (ours, never a user's); the first row in the order of the list wins.
import type { ModelKnowledge } from './catalog.ts';

/** `=name`, `^prefix`, `$suffix`, `*part`, `~regex`; a list inside a list must match as a whole. Lower case but for `~`. */
export type RowMatch = string | readonly string[];

export interface ModelRow {
  readonly id: string;
  /** Any of these. */
  readonly match: readonly RowMatch[];
  readonly facts: ModelKnowledge;
}

/** The row for `model`; a date without dashes (`-20250805`) also finds the row with them. */
export function findRow(rows: readonly ModelRow[], model: string): ModelRow | undefined {
  const name = model.toLowerCase();
  return (
    findFirst(rows, name) ??
    findFirst(rows, name.replace(/-(20\d{2})(\d{2})(\d{2})(?=-|:|$)/, '-$1-$2-$3'), name)
  );
}

function findFirst(rows: readonly ModelRow[], name: string, tried?: string): ModelRow | undefined {
  if (name === tried) return undefined;
  return rows.find(({ match }) => match.some((one) => isMatch(one, name)));
}

function isMatch(match: RowMatch, name: string): boolean {
  if (typeof match !== 'string') return match.every((one) => isMatch(one, name));
  const text = match.slice(1);
  switch (match[0]) {
    case '=':
      return name === text;
    case '^':
      return name.startsWith(text);
    case '$':
      return name.endsWith(text);
    case '*':
      return name.includes(text);
    default:
      return readPattern(text).test(name);
  }
}

const patterns = new Map<string, RegExp>();

function readPattern(source: string): RegExp {
  const known = patterns.get(source);
  if (known) return known;
  const pattern = new RegExp(source, 'i');
  patterns.set(source, pattern);
  return pattern;
}
