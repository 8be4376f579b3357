// The fields that `when:` may read → docs/reference/expressions.md
import { expressionLimits } from '../../src/routing/expressions.ts';
import { expressionFields, maxTextLength } from '../../src/routing/expressions/fields.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

const types = { bool: 'true or false', int: 'number', string: 'text', map: 'map of texts' } as const;

const forms: readonly (readonly [string, string])[] = [
  ['`a && b`, `a || b`, `!a`, `a ? b : c`', 'Logic and choice.'],
  [
    '`==`, `!=`, `<`, `<=`, `>`, `>=`',
    'Both sides of one type. A field with a closed set of values is checked against it.',
  ],
  ['`+`, `-`, `*`, `/`, `%`', 'Whole numbers; a divisor is written down and is not 0. `+` also joins texts.'],
  ['`x in ["a", "b"]`, `"team" in key.tags`', 'Lists of literals, and names of a map.'],
  [
    '`key.tags.team`, `key.tags["team"]`, `has(key.tags.team)`',
    'An entry of a map; a missing one reads as `""`.',
  ],
  [
    '`x.startsWith(y)`, `x.endsWith(y)`, `x.contains(y)`, `x.matches("pattern")`',
    'Tests of texts. Patterns are RE2: linear time, not anchored, written down.',
  ],
  ['`size(x)`, `x.lowerAscii()`, `x.upperAscii()`', 'Length of a text or map, letter case.'],
  ['`now < timestamp("2026-12-31T23:59:59Z")`', 'The moment of the request.'],
  [
    '`now.getHours("Europe/Berlin")`, `getMinutes`, `getDayOfWeek`, `getDate`, `getDayOfMonth`, `getMonth`, `getFullYear`',
    'The clock in a time zone, UTC without one. Sunday is 0; months and days of the month count from 0, `getDate` from 1.',
  ],
];

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = [...expressionFields].map(([name, field]) => {
    const values =
      field.type === 'string' && field.values ? ` One of ${field.values.map(code).join(', ')}.` : '';
    return [code(name), types[field.type], `${field.meaning}${values}`];
  });
  const page = renderPage('Expressions', 'src/routing/expressions/fields.ts', [
    'A `when:` is an expression in a subset of CEL, the Common Expression Language. It is compiled when the file is loaded, ' +
      'reads nothing but the fields below, never the text of a message, and cannot fail while a request runs. Put it in quotes.',
    '```yaml\nwhen: "request.inputTokens > 180000 && !request.hasImages"\nwhen: "key.tags.team == \'infra\' && now.getHours(\'Europe/Berlin\') < 8"\n```',
    '## Fields',
    renderTable(
      ['Name', 'Type', 'Meaning'],
      [...rows, [code('now'), 'time', 'The moment at which the request is decided.']],
    ),
    '## Forms',
    renderTable(
      ['Form', 'Meaning'],
      forms.map((form) => [...form]),
    ),
    '## Bounds',
    `At most ${expressionLimits.nodes} parts and ${expressionLimits.characters.toLocaleString('en-US')} characters; no loops. Of a text that a client ` +
      `sends the first ${maxTextLength} characters count. The worst number of elementary steps is computed when the expression is ` +
      `compiled and may be ${expressionLimits.cost.toLocaleString('en-US')}, so that no pattern can hold up the gateway.`,
    'What is missing reads as `0`, `""` or `false`; `has()` tells whether it is there. That is where this subset differs from CEL: ' +
      '`key.tags.team != "infra"` holds for a key without the tag.',
  ]);
  return new Map([['docs/reference/expressions.md', page]]);
}
