// schema/*.schema.json → one self-contained schema whose definitions carry the nouns' names, with inherited reload
// kinds and the "not yet" marks of schema/not-yet.json written in. Refuses a source that breaks the schema's own rules.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A JSON Schema node with the annotations of this language (schema/README.md lists them). */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly default?: unknown;
  readonly 'x-shorthand'?: string;
  readonly 'x-secret'?: boolean;
  readonly 'x-reload'?: ReloadKind;
  readonly 'x-absent'?: string;
  readonly 'x-empty'?: string;
  readonly 'x-expected'?: string;
  readonly 'x-inherit'?: string;
  readonly 'x-free'?: boolean;
  readonly 'x-deprecated'?: { readonly use: string };
}

export type ReloadKind = 'hot' | 'rebind' | 'restart';

/** A part of the language that nothing acts on yet. */
export interface NotYet {
  /** Pointer pattern: `*` stands for any map key or list item. */
  readonly at: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** Only these values; otherwise the whole key. */
  readonly values?: readonly string[];
}

export interface ConfigSchema {
  /** The root; every `$ref` is `#/$defs/<name>`. */
  readonly root: Schema;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly notYet: readonly NotYet[];
}

const folder = join(import.meta.dirname, '../../schema');

/** Reads, joins and checks the sources; throws one error that lists everything that is wrong with them. */
export async function loadConfigSchema(from = folder): Promise<ConfigSchema> {
  const definitions: Record<string, Schema> = {};
  const names = (await readdir(from)).filter((name) => name.endsWith('.schema.json'));
  for (const name of names.toSorted()) {
    if (name === 'omniroute.schema.json') continue;
    const { $schema, $id, $comment, $defs = {}, ...noun } = await readJson(join(from, name));
    const own = toCamelCase(name.replace('.schema.json', ''));
    if (noun['type'] !== undefined) define(definitions, own, rewriteReferences(noun, own));
    for (const [local, schema] of Object.entries($defs as Readonly<Record<string, Schema>>)) {
      define(definitions, local, rewriteReferences(schema, own));
    }
  }
  const { config: root, ...rest } = definitions;
  if (!root) throw new Error('schema/config.schema.json is missing');
  const notYet = (await readJson(join(from, 'not-yet.json')))['parts'] as readonly NotYet[];
  const schema: ConfigSchema = { root, definitions: rest, notYet };
  const faults = [...lintProperties(schema), ...lintNotYet(schema)];
  if (faults.length > 0) throw new Error(`schema/ breaks its own rules:\n  ${faults.join('\n  ')}`);
  return schema;
}

/** The node that a `$ref` names, with the keywords beside the `$ref` laid over it. */
export function dereference(schema: Schema, { definitions }: ConfigSchema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  const target = definitions[readName($ref)];
  if (!target) throw new Error(`nothing is called ${$ref}`);
  return { ...target, ...beside };
}

/** `#/$defs/duration` → `duration`. */
export function readName(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** Every node below the root with its pointer pattern, references followed. The language has no recursion. */
export function* walkSchema(
  source: ConfigSchema,
  schema: Schema = source.root,
  pointer = '',
): Generator<{ readonly pointer: string; readonly schema: Schema }> {
  const node = dereference(schema, source);
  yield { pointer, schema: node };
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* walkSchema(source, child, `${pointer}/${name}`);
  }
  if (node.additionalProperties) yield* walkSchema(source, node.additionalProperties, `${pointer}/*`);
  if (node.items) yield* walkSchema(source, node.items, `${pointer}/*`);
}

/** Which reload a key needs, where it is not `hot`: the highest pointer pattern of each kind. */
export function listReloadKinds(source: ConfigSchema): Readonly<Record<string, ReloadKind>> {
  const kinds: Record<string, ReloadKind> = {};
  const inherited = new Map<string, ReloadKind>([['', 'hot']]);
  for (const { pointer, schema } of walkSchema(source)) {
    const above = inherited.get(pointer.slice(0, pointer.lastIndexOf('/'))) ?? 'hot';
    const kind = schema['x-reload'] ?? above;
    inherited.set(pointer, kind);
    if (kind === above) continue;
    if (above !== 'hot') throw new Error(`${pointer} is ${kind} below a key that is ${above}`);
    kinds[pointer] = kind;
  }
  return kinds;
}

function lintProperties(source: ConfigSchema): string[] {
  const faults: string[] = [];
  for (const { pointer, schema } of walkSchema(source)) {
    const at = pointer || '/';
    if (schema.description === undefined) faults.push(`${at} has no description`);
    if (schema.type === undefined) faults.push(`${at} has no type`);
    if (schema.pattern !== undefined && schema['x-expected'] === undefined) {
      faults.push(`${at} has a pattern but no x-expected`);
    }
    if (schema.type === 'object' && !schema['x-free'] && schema.additionalProperties === undefined) {
      faults.push(`${at} says nothing about additionalProperties`);
    }
    const shorthand = schema['x-shorthand'];
    if (shorthand !== undefined && !schema.properties?.[shorthand]) {
      faults.push(`${at} has a shorthand for a property that does not exist`);
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const use = property['x-deprecated']?.use;
      if (use !== undefined && !schema.properties?.[use]) faults.push(`${pointer}/${name} has no successor`);
      const answers = [
        schema.required?.includes(name) === true,
        property.default !== undefined,
        property['x-absent'] !== undefined,
      ].filter(Boolean).length;
      if (answers !== 1) {
        faults.push(`${pointer}/${name} must be exactly one of: required, default, x-absent`);
      }
    }
  }
  for (const [name, section] of Object.entries(source.root.properties ?? {})) {
    if (section['x-reload'] === undefined) faults.push(`/${name} has no x-reload`);
  }
  return faults;
}

function lintNotYet(source: ConfigSchema): string[] {
  const known = new Map([...walkSchema(source)].map(({ pointer, schema }) => [pointer, schema]));
  return source.notYet.flatMap(({ at, values = [] }) => {
    const schema = known.get(at);
    if (!schema) return [`not-yet.json names ${at}, which does not exist`];
    return values
      .filter((value) => !schema.enum?.includes(value))
      .map((value) => `not-yet.json names the value ${value} of ${at}, which does not exist`);
  });
}

function rewriteReferences(schema: Schema, own: string): Schema {
  return JSON.parse(
    JSON.stringify(schema).replaceAll(
      /"\$ref":"([^"#]*)(?:#\/\$defs\/(\w+))?"/g,
      (_, file: string, local?: string) =>
        `"$ref":"#/$defs/${local ?? toCamelCase(file.replace('.schema.json', '') || own)}"`,
    ),
  ) as Schema;
}

function define(definitions: Record<string, Schema>, name: string, schema: Schema): void {
  if (definitions[name]) throw new Error(`two definitions in schema/ are called ${name}`);
  definitions[name] = schema;
}

function toCamelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

async function readJson(path: string): Promise<Schema> {
  return JSON.parse(await readFile(path, 'utf8')) as Schema;
}
