// The schema → schema/omniroute.schema.json, one file for editors. It accepts what a person may write: the bare form of
// a shorthand, and `${env:NAME}` where a number, a switch or a fixed spelling is expected.
import { generatedMark } from '../markdown.ts';
import { dereference, type ConfigSchema, type Schema } from './config-source.ts';

const variable = String.raw`\$\{env:[A-Za-z_]`;
/** In a test with `cases`, `{name}` stands for a value of any kind. */
const placeholder: Schema = { type: 'string', pattern: String.raw`\{[\w-]+\}` };
const reference = String.raw`^\$\{(env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?|file:[^}]+|secret:[^}]+)\}$`;

export function renderEditorSchema(source: ConfigSchema): string {
  const marked = markNotYet(source);
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://omniroute.dev/schema/omniroute.schema.json',
    $comment: `${generatedMark} from schema/*.schema.json. Do not edit.`,
    ...relax(marked.root, marked, false),
    // included files use this schema too, and need not repeat the version
    required: [],
    $defs: Object.fromEntries(
      Object.entries(marked.definitions).map(([name, definition]) => [
        name,
        name === 'test' ? relaxTest(relax(definition, marked, false)) : relax(definition, marked, false),
      ]),
    ),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** `isName`: a map key, where no variable is substituted. */
function relax(schema: Schema, source: ConfigSchema, isName: boolean): Schema {
  const { properties, additionalProperties, items, propertyNames, ...rest } = schema;
  const shorthand = schema['x-shorthand'];
  const object: Schema = {
    ...(isName ? rest : relaxScalar(rest, source)),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, relax(child, source, false)]),
      ),
    }),
    ...(propertyNames && { propertyNames: relax(propertyNames, source, true) }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: additionalProperties && relax(additionalProperties, source, false) }),
    ...(items && { items: relax(items, source, false) }),
  };
  if (shorthand === undefined) return object;
  const bare = properties?.[shorthand] ?? {};
  const { title, description, 'x-shorthand': _, ...written } = object;
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    anyOf: [relax(bare, source, false), written],
  };
}

/** Everything below a test may also be written as the place of a case's value; its own keys stay as they are. */
function relaxTest(schema: Schema): Schema {
  const { properties, additionalProperties, items, ...rest } = schema;
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, name === 'cases' ? child : orPlace(child)]),
      ),
    }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: additionalProperties && orPlace(additionalProperties) }),
    ...(items && { items: orPlace(items) }),
  };
}

function orPlace(schema: Schema): Schema {
  const inner = relaxTest(schema);
  const isFree = inner.type === 'string' && inner.pattern === undefined && inner.enum === undefined;
  if (inner.properties !== undefined || isFree) return inner;
  const { description, ...rest } = inner;
  return { ...(description !== undefined && { description }), anyOf: [rest, placeholder] };
}

function relaxScalar(schema: Schema, source: ConfigSchema): Schema {
  if (schema['x-deprecated']) return { ...schema, deprecated: true };
  if (schema['x-secret']) return { ...schema, pattern: reference };
  const { type } = schema;
  if (schema.enum ?? schema['const']) {
    const { enum: values, const: only, type: _, ...rest } = schema;
    const exact = values === undefined ? { type, const: only } : { type, enum: values };
    return { ...rest, anyOf: [exact, { type: 'string', pattern: variable }] };
  }
  if (type === 'integer' || type === 'number' || type === 'boolean') {
    return { ...schema, type: [type, 'string'], pattern: variable };
  }
  if (schema.pattern !== undefined) return { ...schema, pattern: `(${schema.pattern})|${variable}` };
  if (schema.$ref !== undefined) {
    // keywords beside a reference are checked as well; a default there may be the bare form of a shorthand
    const target = dereference({ $ref: schema.$ref }, source);
    return target.description === schema.description ? { ...schema } : schema;
  }
  return schema;
}

/** Writes `x-since` into the keys that nothing acts on yet, where an editor shows it. */
function markNotYet(source: ConfigSchema): ConfigSchema {
  const copy = JSON.parse(JSON.stringify(source)) as ConfigSchema;
  for (const { at, values } of copy.notYet) {
    const place = at
      .slice(1)
      .split('/')
      .reduce<Schema>((node, segment) => stepInto(node, segment, copy), copy.root);
    const note = values
      ? `Not built yet: ${values.join(', ')}.`
      : 'Not built yet: the key is part of the language, but this version does not act on it.';
    Object.assign(place, {
      ...(values
        ? { 'x-since-values': Object.fromEntries(values.map((value) => [value, 'unreleased'])) }
        : { 'x-since': 'unreleased' }),
      description: `${place.description ?? dereference(place, copy).description} ${note}`,
    });
  }
  return copy;
}

/** The very node below, not a merged copy: a reference is followed only to go deeper. */
function stepInto(node: Schema, segment: string, source: ConfigSchema): Schema {
  const own = node.$ref === undefined ? node : (source.definitions[node.$ref.slice('#/$defs/'.length)] ?? {});
  const next = own.properties?.[segment] ?? own.items ?? own.additionalProperties;
  if (!next) throw new Error(`not-yet.json: no place for ${segment}`);
  return next;
}
