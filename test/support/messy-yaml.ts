// YAML as people really leave it: a value printed with odd indents, comments in every corner, mixed block and flow,
// three ways of quoting, CRLF, BOM. A tape of small numbers decides; 0 is always the plain choice, so failures shrink.
import { parseDocument } from 'yaml';
import { isSame, toValue, type Value } from '../../src/config/edit/value.ts';

/** Reads one number below `bound` off the tape. */
export type Pick = (bound: number) => number;

export function readTape(tape: readonly number[]): Pick {
  let at = 0;
  return (bound) => (tape[at++] ?? 0) % bound;
}

/** Strings that look like something else. */
export const meanTexts: readonly string[] = [
  'plain',
  'a: b',
  'a:b',
  'x:',
  ': x',
  '# no comment',
  'a #b',
  'a#b',
  '- item',
  '-',
  '--',
  '---',
  '...',
  '? key',
  '?',
  '&amp',
  'a & b',
  '*star',
  '*',
  '<<',
  '!no',
  '!',
  '%TAG',
  '@at',
  '`tick`',
  '{a}',
  '[x',
  'a, b',
  ']',
  '}',
  ',',
  "it's",
  'say "hi"',
  '"',
  "'",
  '\\',
  'C:\\n',
  '',
  ' ',
  ' lead',
  'trail ',
  '\ttab',
  'in\tside',
  'true',
  'no',
  'null',
  '~',
  '42',
  '007',
  '1e3',
  '0x1f',
  '0o7',
  '1_000',
  '.5',
  '.inf',
  '.nan',
  '2026-11-22',
  '12:30:00',
  '${env:X}',
  '${env:X:-a b}',
  'http://h/p?q=1#f',
  'two\nlines\n',
  'no end\nof line',
  'x\n\n y',
  '\nfirst empty',
  'last empty\n\n\n',
  '  deep\nshallow',
  'tab\n\tbelow',
  '# all\n# comments\n',
  'ü – €',
  '日本',
  '🙂',
  '\u00a0nbsp',
  'a\u2028b',
  '\u0085',
  '\u0007bell',
  '\ufeff',
  'a\r\nb',
  '__proto__',
  'constructor',
  'x'.repeat(90),
  'many words '.repeat(12).trim(),
];

const keys: readonly string[] = [
  'k',
  'id',
  'models',
  'a b',
  'x:y',
  '1',
  'true',
  '#x',
  '-',
  '*',
  '&a',
  '<',
  'key: no',
  "it's",
  '__proto__',
  'claude-*',
  'local/llama-4',
];

export function pickScalar(pick: Pick): Value {
  const kind = pick(8);
  if (kind === 1) return [0, 42, -7, 0.5, 1e21][pick(5)] ?? 0;
  if (kind === 2) return pick(2) === 1;
  if (kind === 3) return null;
  return meanTexts[pick(meanTexts.length)] ?? '';
}

export function pickValue(pick: Pick, depth: number): Value {
  const kind = depth <= 0 ? 0 : pick(4);
  if (kind === 2) return pickMap(pick, depth - 1);
  if (kind === 3) return Array.from({ length: pick(4) }, () => pickValue(pick, depth - 1));
  return pickScalar(pick);
}

export function pickMap(pick: Pick, depth: number): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>();
  for (let count = pick(4); count > 0; count--) {
    const name = keys[pick(keys.length)] ?? 'k';
    // An id is what its list knows the item by.
    map.set(name, name === 'id' ? `i${pick(9)}` : pickValue(pick, depth));
  }
  return map;
}

/** The value as a messy file; undefined where the mess came out as other YAML than meant. */
export function printMessy(value: ReadonlyMap<string, Value>, pick: Pick): string | undefined {
  const body =
    value.size === 0 || pick(6) === 5
      ? `${flow(value, pick, pick(4) + 1, 0)}${tail(pick)}\n`
      : blockMap(value, pick, pick(8) === 7 ? 2 : 0);
  const head = ['', '', '# head\n', '---\n', '--- # start\n', '%YAML 1.2\n---\n', '\n\n', '# a\n\n# b\n'][
    pick(8)
  ];
  const foot = ['', '', '# foot\n', '\n\n', '  # deep foot\n', '\n# foot', '...\n'][pick(7)];
  const text = `${head}${body}${foot}`;
  const cut = pick(6) === 5 ? text.replace(/\n+$/, '') : text;
  const lines = pick(4) === 3 ? cut.replaceAll('\n', '\r\n') : cut;
  const whole = pick(6) === 5 ? `\uFEFF${lines}` : lines;
  return means(whole, value) ? whole : undefined;
}

function means(text: string, value: Value): boolean {
  const document = parseDocument(text, { merge: true });
  if (document.errors.length > 0 || document.warnings.length > 0) return false;
  return isSame(toValue(document.toJS({ mapAsMap: true })), value);
}

function tail(pick: Pick): string {
  return ['', '', '', ' # why', '   # far away', ' ', '\t# tabbed', ' #'][pick(8)] ?? '';
}

// What stands on lines of its own before an entry; comments need not keep the column.
function lead(pick: Pick, column: number): string {
  const pad = ' '.repeat(column);
  const deep = ' '.repeat(column + 3);
  const kinds = [
    '',
    '',
    '',
    '',
    `${pad}# above\n`,
    '\n',
    `\n${pad}# apart\n\n`,
    `${deep}# deeper\n`,
    `# at the edge\n`,
    `${pad}# one\n${pad}# two: [x\n`,
    '   \n',
  ];
  return kinds[pick(kinds.length)] ?? '';
}

function blockMap(map: ReadonlyMap<string, Value>, pick: Pick, column: number, compact = false): string {
  return [...map]
    .map(([name, value], index) => {
      const inline = compact && index === 0;
      const before = inline ? '' : `${lead(pick, column)}${' '.repeat(column)}`;
      const key = scalar(name, pick, true);
      const gap = ['', '', '', ' '][pick(4)];
      return `${before}${key}${gap}:${below(value, pick, column, 'pair')}`;
    })
    .join('');
}

function blockList(list: readonly Value[], pick: Pick, column: number, compact = false): string {
  return list
    .map((item, index) => {
      const before = compact && index === 0 ? '' : `${lead(pick, column)}${' '.repeat(column)}`;
      return `${before}-${below(item, pick, column, 'item')}`;
    })
    .join('');
}

/** What follows a colon or a dash, to the end of its last line. */
function below(value: Value, pick: Pick, column: number, owner: 'pair' | 'item'): string {
  const space = [' ', ' ', ' ', '  ', '    '][pick(5)] ?? ' ';
  if (isCollection(value) && sizeOf(value) > 0 && pick(3) !== 2) {
    // `- a: 1` and `- - x` begin behind the dash; everything else on the next line.
    if (owner === 'item' && pick(3) !== 2) {
      const inner = column + 1 + space.length;
      return `${space}${block(value, pick, inner, true)}`;
    }
    const flush = owner === 'pair' && Array.isArray(value) && pick(3) === 2;
    const inner = flush ? column : column + [2, 2, 1, 4, 3][pick(5)]!;
    return `${tail(pick)}\n${block(value, pick, inner, false)}`;
  }
  if (isCollection(value)) return `${space}${flow(value, pick, column + 1, 0)}${tail(pick)}\n`;
  if (value === null && pick(2) === 1) return `${tail(pick)}\n`;
  if (typeof value === 'string' && value.includes('\n') && pick(3) !== 2) return literal(value, pick, column);
  if (pick(12) === 11)
    return `${tail(pick)}\n${' '.repeat(column + 2)}${scalar(value, pick, false)}${tail(pick)}\n`;
  return `${space}${scalar(value, pick, false)}${tail(pick)}\n`;
}

function block(value: Value, pick: Pick, column: number, compact: boolean): string {
  return value instanceof Map
    ? blockMap(value, pick, column, compact)
    : blockList(value as readonly Value[], pick, column, compact);
}

function literal(text: string, pick: Pick, column: number): string {
  const step = [2, 2, 1, 4][pick(4)] ?? 2;
  const indicator = /^[\s]/.test(text) || pick(4) === 3 ? String(step) : '';
  const chomp = !text.endsWith('\n') ? '-' : text.endsWith('\n\n') || pick(4) === 3 ? '+' : '';
  const pad = ' '.repeat(column + step);
  const body = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : pad + line))
    .join('\n');
  const comment = ['', '', ' # text'][pick(3)];
  return ` |${indicator}${chomp}${comment}\n${body}\n`;
}

/** Inside braces: on one line, or over lines with comments between. */
function flow(value: Value, pick: Pick, column: number, depth: number): string {
  if (!isCollection(value)) return scalar(value, pick, true, true);
  const [open, close] = value instanceof Map ? ['{', '}'] : ['[', ']'];
  const parts =
    value instanceof Map
      ? [...value].map(([name, member]) => {
          const key = scalar(name, pick, true, true);
          if (member === null && pick(3) === 2) return pick(2) === 1 ? `${key}:` : key;
          return `${key}: ${flow(member, pick, column + 1, depth + 1)}`;
        })
      : (value as readonly Value[]).map((item) => flow(item, pick, column + 1, depth + 1));
  const style = pick(5);
  const trailing = parts.length > 0 && pick(4) === 3 ? ',' : '';
  if (style < 3 || column === 0) {
    const pad = style === 1 ? ' ' : '';
    const comma = style === 2 ? ',  ' : ', ';
    return `${open}${pad}${parts.join(comma)}${trailing}${pad}${close}`;
  }
  const pad = ' '.repeat(column + 1);
  const lines = parts.map((part, index) => {
    const last = index === parts.length - 1;
    const above = ['', '', '', `${pad}# in between\n`, '\n', '  # loose\n'.padStart(column + 9)][pick(6)];
    return `${above}${pad}${part}${last ? trailing : ','}${tail(pick)}\n`;
  });
  const inner = parts.length === 0 && pick(2) === 1 ? `${pad}# nothing yet\n` : '';
  const first = pick(4) === 3 ? ' # opens' : '';
  return `${open}${first}\n${inner}${lines.join('')}${' '.repeat(column)}${close}`;
}

function scalar(value: Value, pick: Pick, oneLine: boolean, inFlow = false): string {
  if (typeof value !== 'string') {
    if (value === null) return ['null', '~', 'Null'][pick(3)] ?? 'null';
    return String(value);
  }
  const style = pick(4);
  const plain = value !== '' && isPlain(value, inFlow || oneLine);
  if (plain && style < 2) return value;
  if (style === 2 && /^[\x20-\x7eü–€日本]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const quoted = JSON.stringify(value).replaceAll(
    /[\u0080-\u009f\u2028\u2029\ufeff\u00a0]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // A double-quoted text may go on in the next line.
  return !oneLine && pick(6) === 5 ? quoted.replace(/(?<=\w) (?=\w)/, `\n${' '.repeat(16)}`) : quoted;
}

function isPlain(text: string, inFlow: boolean): boolean {
  if (/^[&*!]/.test(text)) return false;
  const reads = (around: string, wanted: Value): boolean => {
    const document = parseDocument(around, { merge: true });
    if (document.errors.length > 0 || document.warnings.length > 0) return false;
    return isSame(toValue(document.toJS({ mapAsMap: true })), wanted);
  };
  // As a key it must not end the key early, and `<<` would merge.
  return inFlow
    ? reads(`[${text}]`, [text]) && text !== '<<' && reads(`${text}: 1`, new Map([[text, 1]]))
    : reads(`k: ${text}`, new Map([['k', text]]));
}

function isCollection(value: Value): value is ReadonlyMap<string, Value> | readonly Value[] {
  return value instanceof Map || Array.isArray(value);
}

function sizeOf(value: ReadonlyMap<string, Value> | readonly Value[]): number {
  return value instanceof Map ? value.size : (value as readonly Value[]).length;
}
