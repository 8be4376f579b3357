// Two dialects of schemas: Google's own subset of OpenAPI (`parameters`, `responseSchema`) and JSON Schema, which newer
// fields take. What the subset does not know is said in words where the model reads it.
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

type Fields = Record<string, unknown>;

const spelled: Readonly<Record<string, string>> = {
  any_of: 'anyOf',
  property_ordering: 'propertyOrdering',
  min_items: 'minItems',
  max_items: 'maxItems',
  min_length: 'minLength',
  max_length: 'maxLength',
  min_properties: 'minProperties',
  max_properties: 'maxProperties',
};

/** Google's dialect → JSON Schema: types in lower case, `nullable` as a type, counts that came as text as numbers. */
export function fromGoogle(schema: JsonObject): JsonObject {
  const result: Fields = {};
  let nullable = false;
  for (const [key, value] of Object.entries(schema)) {
    const name = spelled[key] ?? key;
    if (name === 'type') result['type'] = typeof value === 'string' ? value.toLowerCase() : value;
    else if (name === 'nullable') nullable = value === true;
    else if (name === 'properties' && isObject(value)) result['properties'] = mapValues(value, fromGoogle);
    else if (name === 'items' && isObject(value)) result['items'] = fromGoogle(value);
    else if (name === 'anyOf' && Array.isArray(value))
      result['anyOf'] = (value as unknown[]).map((one) => (isObject(one) ? fromGoogle(one) : one));
    else if (/^(min|max)[A-Z]/.test(name) && typeof value === 'string') result[name] = Number(value);
    else if (name !== 'propertyOrdering') result[name] = value;
  }
  if (!nullable) return result;
  if (typeof result['type'] === 'string') return { ...result, type: [result['type'], 'null'] };
  return { anyOf: [result, { type: 'null' }] };
}

/** A schema of either dialect: some clients write Google's types into the fields for JSON Schema. */
export function readSchema(schema: JsonObject): JsonObject {
  const { type } = schema;
  return typeof type === 'string' && type !== type.toLowerCase() ? fromGoogle(schema) : schema;
}

/** Keywords of Google's subset that carry over as they are. */
const plain = new Set(
  `title format minimum maximum minLength maxLength minItems maxItems pattern minProperties maxProperties default example
  nullable propertyOrdering`.split(/\s+/),
);
const silent = new Set(
  `$schema $id $comment $anchor $defs definitions examples deprecated readOnly writeOnly additionalProperties
  unevaluatedProperties`.split(/\s+/),
);
const formats = new Set(['enum', 'date-time', 'int32', 'int64', 'float', 'double']);

/** References that contain themselves end here, as an object of any shape. */
const deepest = 8;

/** JSON Schema → Google's dialect. */
export function toGoogle(schema: JsonObject): JsonObject {
  return convert(schema, schema, 0);
}

function convert(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const node = resolve(schema, root);
  if (depth > deepest) return { type: 'object', description: 'An object of the same shape as one above it.' };
  const below = (one: unknown): JsonObject =>
    isObject(one) ? convert(one, root, depth + 1) : { type: 'string' };
  const result: Fields = {};
  const words: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === 'description' || key === 'type' || key === 'required' || silent.has(key)) continue;
    if (key === 'properties' && isObject(value)) result['properties'] = mapValues(value, below);
    else if (key === 'items') result['items'] = below(Array.isArray(value) ? value[0] : value);
    else if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(value))
      Object.assign(result, choose(value as unknown[], below));
    else if (key === 'enum' && Array.isArray(value)) readEnum(value as unknown[], result, words);
    else if (key === 'const') readEnum([value], result, words);
    else if (key === 'format' ? formats.has(String(value)) : plain.has(key)) result[key] = value;
    else words.push(`${key}: ${JSON.stringify(value)}`);
  }
  readType(node, result);
  readRequired(node, result);
  if (result['type'] === 'array') result['items'] ??= { type: 'string' };
  const description = [node['description'], words.length === 0 ? undefined : `(${words.join(', ')})`]
    .filter((word) => typeof word === 'string' && word !== '')
    .join(' ');
  return description === '' ? result : { ...result, description };
}

/** The node with its reference and the members of `allOf` put in. */
function resolve(schema: JsonObject, root: JsonObject): JsonObject {
  let node = schema;
  for (let steps = 0; typeof node['$ref'] === 'string' && steps < deepest; steps++) {
    const { $ref: reference, ...rest } = node as JsonObject & { $ref: string };
    const found = reference
      .replace(/^#\/?/, '')
      .split('/')
      .reduce<unknown>(
        (at, step) => (step === '' ? at : isObject(at) ? at[step.replaceAll('~1', '/')] : undefined),
        root,
      );
    node = { ...(isObject(found) ? found : { type: 'object' }), ...rest };
  }
  const { allOf, ...rest } = node as JsonObject & { allOf?: unknown };
  if (!Array.isArray(allOf)) return node;
  return (allOf as unknown[]).filter(isObject).reduce<JsonObject>((sum, one) => {
    const { properties, required, ...more } = resolve(one, root) as Fields;
    const merged: Fields = { ...more, ...sum };
    if (isObject(properties)) merged['properties'] = { ...properties, ...(sum['properties'] as object) };
    if (Array.isArray(required))
      merged['required'] = [...new Set([...required, ...((sum['required'] as unknown[]) ?? [])])];
    return merged;
  }, rest);
}

function readType({ type, properties }: JsonObject, result: Fields): void {
  const types = (Array.isArray(type) ? (type as unknown[]) : [type]).filter((one) => typeof one === 'string');
  const named = types.filter((one) => one !== 'null');
  if (named.length < types.length) result['nullable'] = true;
  const [first] = named;
  if (named.length > 1 && result['anyOf'] === undefined)
    result['anyOf'] = named.map((one) => ({ type: one }));
  else if (first !== undefined && result['type'] === undefined) result['type'] = first;
  else if (properties !== undefined) result['type'] ??= 'object';
}

/** Only names that exist may be required. */
function readRequired({ required }: JsonObject, result: Fields): void {
  const { properties } = result;
  if (!Array.isArray(required) || !isObject(properties)) return;
  const known = (required as unknown[]).filter((name) => typeof name === 'string' && name in properties);
  if (known.length > 0) result['required'] = known;
}

/** Only texts may be listed; other values are put into words. */
function readEnum(values: readonly unknown[], result: Fields, words: string[]): void {
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length === values.length) {
    result['type'] = 'string';
    result['enum'] = texts;
  } else words.push(`one of ${values.map((value) => JSON.stringify(value)).join(', ')}`);
}

/** `[T, null]` is a nullable T. */
function choose(options: readonly unknown[], below: (one: unknown) => JsonObject): Fields {
  const real = options.filter((one) => !(isObject(one) && one['type'] === 'null'));
  const nullable = real.length < options.length ? { nullable: true } : {};
  if (real.length === 1) return { ...below(real[0]), ...nullable };
  return { anyOf: real.map(below), ...nullable };
}

function mapValues(value: JsonObject, convertOne: (schema: JsonObject) => JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isObject(one) ? convertOne(one) : one]),
  );
}
