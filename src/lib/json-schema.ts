// JSON Schema as data: what a provider's subset does not know is taken out, and said in words where the model reads it.
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';

/** Whether OpenAI's strict mode takes the schema: every object closed, every property required. */
export function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  if (!isObject(schema)) return true;
  const { properties, required } = schema;
  if (schema['type'] === 'object' || properties !== undefined) {
    if (schema['additionalProperties'] !== false) return false;
    const names = isObject(properties) ? Object.keys(properties) : [];
    const listed = Array.isArray(required) ? (required as unknown[]) : [];
    if (!names.every((name) => listed.includes(name))) return false;
  }
  return eachSchema(schema).every(isStrictSchema);
}

export interface SchemaSubset {
  /** Keywords that stay, beside the structural ones. */
  readonly keywords: ReadonlySet<string>;
  /** Values of `format` that stay. */
  readonly formats: ReadonlySet<string>;
  /** Whether `minItems: n` stays. */
  readonly minItems: (count: unknown) => boolean;
}

const structural = new Set([
  'type',
  'properties',
  'required',
  'items',
  'enum',
  'const',
  'anyOf',
  'oneOf',
  'allOf',
  '$ref',
  '$defs',
  'definitions',
  'title',
  'description',
  'additionalProperties',
]);
/** Keywords about the schema itself: they constrain nothing, so nothing needs to be said. */
const silent = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'default',
]);

/** The schema inside the subset; each removed constraint becomes a clause of its node's description. */
export function restrictSchema(schema: JsonObject, subset: SchemaSubset): JsonObject {
  const result: [string, unknown][] = [];
  const removed: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'description' || key === 'additionalProperties') continue;
    if (key === 'oneOf') result.push(['anyOf', restrictAll(value, subset)]);
    else if (key === 'properties' || key === '$defs' || key === 'definitions') {
      result.push([key === 'definitions' ? '$defs' : key, restrictEach(value, subset)]);
    } else if (key === 'items' || key === 'anyOf' || key === 'allOf')
      result.push([key, restrictAll(value, subset)]);
    else if (key === '$ref') result.push([key, String(value).replace('#/definitions/', '#/$defs/')]);
    else if (structural.has(key) || subset.keywords.has(key)) result.push([key, value]);
    else if (key === 'format' && subset.formats.has(String(value))) result.push([key, value]);
    else if (key === 'minItems' && subset.minItems(value)) result.push([key, value]);
    else if (!silent.has(key)) removed.push(`${key}: ${JSON.stringify(value)}`);
  }
  const isClosed = schema['type'] === 'object' || schema['properties'] !== undefined;
  if (isClosed) result.push(['additionalProperties', false]);
  const words = [schema['description'], removed.length === 0 ? undefined : `(${removed.join(', ')})`];
  const description = words.filter((word) => typeof word === 'string' && word !== '').join(' ');
  if (description !== '') result.push(['description', description]);
  return Object.fromEntries(result);
}

function restrictAll(value: unknown, subset: SchemaSubset): unknown {
  if (Array.isArray(value))
    return (value as unknown[]).map((one) => (isObject(one) ? restrictSchema(one, subset) : one));
  return isObject(value) ? restrictSchema(value, subset) : value;
}

function restrictEach(value: unknown, subset: SchemaSubset): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isObject(one) ? restrictSchema(one, subset) : one]),
  );
}

/** The schemas directly below a node. */
function eachSchema(schema: JsonObject): readonly unknown[] {
  const maps = ['properties', '$defs', 'definitions', 'patternProperties'].flatMap((key) =>
    isObject(schema[key]) ? Object.values(schema[key]) : [],
  );
  const lists = ['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((key) =>
    Array.isArray(schema[key]) ? (schema[key] as unknown[]) : [],
  );
  return [...maps, ...lists, ...(schema['items'] === undefined ? [] : [schema['items']])];
}
