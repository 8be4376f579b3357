// The schema → docs/reference/config.md: one table per noun, and the spellings that they share.
import { code, renderPage, renderTable } from '../markdown.ts';
import {
  dereference,
  listReloadKinds,
  readName,
  type ConfigSchema,
  type NotYet,
  type Schema,
} from './config-source.ts';

export function renderReference(source: ConfigSchema): string {
  const used = new Set<string>();
  const sections = [renderNoun('The file', source.root, '', source, used)];
  for (const [name, property] of Object.entries(source.root.properties ?? {})) {
    const [noun, pointer] = findNoun(property, `/${name}`, source);
    if (noun && !used.has(noun.title ?? '')) sections.push(...renderNouns(noun, pointer, source, used));
  }
  return renderPage('The configuration file', 'schema/', [
    'Every key of `omniroute.config.yaml`. A key is either required, or has a default, or its absence means what the ' +
      'table says. A list that is present and empty means none. Changes go live at once unless the table says ' +
      '*rebind* (the gateway binds the new address before it leaves the old one) or *restart*. Keys marked *not yet* ' +
      'belong to the language, but this version does not act on them: using one is an error or, where it can do no ' +
      'harm, a note.',
    'Scalars outside secret fields may hold `${env:NAME}` or `${env:NAME:-default}`; write `$${` for a literal `${`. ' +
      'Secret fields hold a reference and nothing else: `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}` or ' +
      '`${secret:name}`.',
    ...sections,
    ...renderSpellings(source),
  ]);
}

function renderNouns(noun: Schema, pointer: string, source: ConfigSchema, used: Set<string>): string[] {
  used.add(noun.title ?? '');
  const sections = [renderNoun(noun.title ?? '', noun, pointer, source, used)];
  for (const { schema, pointer: below } of listNouns(noun, pointer, source)) {
    if (!used.has(schema.title ?? '')) sections.push(...renderNouns(schema, below, source, used));
  }
  return sections;
}

function renderNoun(
  title: string,
  noun: Schema,
  pointer: string,
  source: ConfigSchema,
  used: Set<string>,
): string {
  used.add(noun.title ?? '');
  const rows = [...listRows(noun, '', pointer, source)];
  return [
    `## ${title}`,
    noun.description ?? '',
    renderTable(['Key', 'Type', 'If absent', 'Meaning'], rows),
  ].join('\n\n');
}

function* listRows(noun: Schema, prefix: string, pointer: string, source: ConfigSchema): Generator<string[]> {
  for (const [name, property] of Object.entries(noun.properties ?? {})) {
    const schema = dereference(property, source);
    const at = `${pointer}/${name}`;
    const required = noun.required?.includes(name) === true;
    yield [
      code(prefix + name),
      renderType(property, source),
      required ? '**required**' : renderAbsent(schema),
      renderMeaning(schema, property['examples'] === undefined ? [] : listExamples(property), at, source),
    ];
    // inline objects are part of their noun; named ones have their own table
    const inline = property.type === 'array' ? property.items : property;
    if (inline && inline.$ref === undefined && inline.type === 'object' && inline.title === undefined) {
      yield* listRows(inline, `${prefix}${name}${property === inline ? '' : '[]'}.`, at, source);
    }
    const values = inline?.$ref === undefined ? inline?.additionalProperties : undefined;
    if (values && values.$ref === undefined && values.type === 'object' && !values['x-free']) {
      yield* listRows(values, `${prefix}${name}.*.`, `${at}/*`, source);
    }
  }
}

function* listNouns(
  noun: Schema,
  pointer: string,
  source: ConfigSchema,
): Generator<{ readonly schema: Schema; readonly pointer: string }> {
  for (const [name, property] of Object.entries(noun.properties ?? {})) {
    const [schema, below] = findNoun(property, `${pointer}/${name}`, source);
    if (schema) yield { schema, pointer: below };
    else if (property.type === 'object') yield* listNouns(property, `${pointer}/${name}`, source);
  }
}

/** The titled object that a property holds, directly, as list items or as map values. */
function findNoun(property: Schema, pointer: string, source: ConfigSchema): [Schema | undefined, string] {
  const schema = dereference(property, source);
  if (schema.type === 'array' && schema.items) return findNoun(schema.items, `${pointer}/*`, source);
  if (schema.type !== 'object') return [undefined, pointer];
  if (schema.title !== undefined && schema.properties) return [schema, pointer];
  if (schema.additionalProperties) return findNoun(schema.additionalProperties, `${pointer}/*`, source);
  return [undefined, pointer];
}

function renderType(property: Schema, source: ConfigSchema): string {
  const schema = dereference(property, source);
  if (schema.type === 'array') return `list of ${renderType(schema.items ?? {}, source)}`;
  if (schema['x-free']) return 'map';
  if (
    schema.type === 'object' &&
    schema.title !== undefined &&
    (schema.properties || property.$ref !== undefined)
  ) {
    return `[${schema.title}](#${schema.title.toLowerCase()})`;
  }
  if (schema.type === 'object') {
    return schema.additionalProperties
      ? `map of ${renderType(schema.additionalProperties, source)}`
      : 'object';
  }
  if (property.$ref !== undefined && schema.title !== undefined) {
    const name = source.definitions[readName(property.$ref)]?.title ?? '';
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema['const'] !== undefined) return code(JSON.stringify(schema['const']));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  const bounds = [schema['minimum'], schema['maximum']].map((bound) =>
    bound === undefined ? '' : String(bound),
  );
  return types.join(' or ') + (bounds.join('') === '' ? '' : ` ${bounds.join('–')}`);
}

function renderAbsent(schema: Schema): string {
  if (schema['x-absent'] !== undefined) return schema['x-absent'];
  const text = JSON.stringify(schema.default);
  return text === '{}' && schema.properties ? 'its defaults' : code(text);
}

function renderMeaning(
  schema: Schema,
  examples: readonly string[],
  pointer: string,
  source: ConfigSchema,
): string {
  const reload = listReloadKinds(source)[pointer];
  const notYet = source.notYet.find(({ at }) => at === pointer);
  return [
    schema.description,
    schema['x-empty'] === undefined ? '' : `Empty: ${schema['x-empty']}.`,
    examples.length === 0 ? '' : `For example ${examples.join(', ')}.`,
    schema['x-deprecated'] ? `*deprecated*: write ${code(schema['x-deprecated'].use)}.` : '',
    reload === undefined ? '' : `*${reload}*`,
    notYet === undefined ? '' : renderNotYet(notYet),
  ]
    .filter((part) => part !== '' && part !== undefined)
    .join(' ');
}

function renderNotYet({ values, severity }: NotYet): string {
  const what = values ? `: ${values.map(code).join(', ')}` : '';
  return `*not yet${severity === 'error' ? '' : ' (accepted)'}${what}*`;
}

function renderSpellings(source: ConfigSchema): string[] {
  const blocks = ['# Spellings'];
  for (const schema of Object.values(source.definitions)) {
    if (schema.type === 'array' || (schema.type === 'object' && schema.properties)) continue;
    const lines = [`## ${schema.title}`, schema.description ?? ''];
    if (schema.enum) lines.push(`One of ${schema.enum.map((value) => code(String(value))).join(', ')}.`);
    if (schema['examples'] !== undefined) lines.push(`For example ${listExamples(schema).join(', ')}.`);
    if (schema.pattern !== undefined) lines.push(`Pattern: ${code(schema.pattern)}`);
    blocks.push(lines.join('\n\n'));
  }
  return blocks;
}

function listExamples(schema: Schema): string[] {
  return (schema['examples'] as readonly unknown[]).map((example) =>
    code(typeof example === 'string' ? example : JSON.stringify(example)),
  );
}
