// A smallest value that satisfies a JSON schema: the simulated model's structured output and tool arguments.
// Covers the keywords that clients send; it is a generator, not a validator.
import type { JsonObject } from './json.ts';
import { asList, asNumber, asObject, asText } from './json.ts';

/** Recursion through $ref ends here with null. */
const maxDepth = 24;

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'PT1S',
  email: 'sandbox@example.com',
  hostname: 'example.com',
  uri: 'https://example.com/',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/**
 * @param schema - JSON schema, or the OpenAPI subset of Gemini with its upper-case types.
 * @returns required members only, first enum value, first branch, lowest bound.
 */
export function instantiate(schema: unknown): unknown {
  return build(schema, asObject(schema) ?? {}, 0);
}

function build(schema: unknown, root: JsonObject, depth: number): unknown {
  const node = asObject(schema);
  if (!node || depth > maxDepth) return null;
  const reference = asText(node['$ref']);
  if (reference !== undefined) return build(lookUp(reference, root), root, depth + 1);
  if ('const' in node) return node['const'];
  if (asList(node['enum']).length > 0) return asList(node['enum'])[0];
  if ('default' in node) return node['default'];
  const branch = asList(node['anyOf'])[0] ?? asList(node['oneOf'])[0];
  if (branch !== undefined) return build(branch, root, depth + 1);
  const all = asList(node['allOf']);
  if (all.length > 0) return mergeAll(all, node, root, depth);
  switch (typeOf(node)) {
    case 'object':
      return buildObject(node, root, depth);
    case 'array':
      return buildArray(node, root, depth);
    case 'string':
      return buildString(node);
    case 'integer':
    case 'number':
      return buildNumber(node, typeOf(node) === 'integer');
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return {};
  }
}

function typeOf(node: JsonObject): string | undefined {
  const type = Array.isArray(node['type'])
    ? asList(node['type']).find((name) => name !== 'null')
    : node['type'];
  if (typeof type === 'string') return type.toLowerCase();
  if ('properties' in node || 'required' in node) return 'object';
  return 'items' in node || 'prefixItems' in node ? 'array' : undefined;
}

function buildObject(node: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = asObject(node['properties']) ?? {};
  const entries: [string, unknown][] = [];
  for (const name of asList(node['required'])) {
    if (typeof name === 'string') entries.push([name, build(properties[name] ?? {}, root, depth + 1)]);
  }
  // fromEntries defines members, so that a property called __proto__ stays a property.
  return Object.fromEntries(entries);
}

function buildArray(node: JsonObject, root: JsonObject, depth: number): unknown[] {
  const prefix = asList(node['prefixItems']);
  const length = Math.min(Math.max(asNumber(node['minItems']) ?? 0, prefix.length), 64);
  return Array.from({ length }, (_, index) => build(prefix[index] ?? node['items'] ?? {}, root, depth + 1));
}

function buildString(node: JsonObject): string {
  const known = formats[asText(node['format']) ?? ''];
  if (known !== undefined) return known;
  const longest = asNumber(node['maxLength']) ?? Infinity;
  return 'sandbox'
    .slice(0, Math.max(0, longest))
    .padEnd(Math.min(asNumber(node['minLength']) ?? 0, 4096), 'x');
}

function buildNumber(node: JsonObject, integer: boolean): number {
  const exclusive = asNumber(node['exclusiveMinimum']);
  const lowest =
    asNumber(node['minimum']) ?? (exclusive === undefined ? undefined : exclusive + (integer ? 1 : 0.5));
  const highest = asNumber(node['maximum']) ?? asNumber(node['exclusiveMaximum']);
  const value = lowest ?? Math.min(0, highest ?? 0);
  const step = asNumber(node['multipleOf']);
  if (step !== undefined && step > 0) return Math.ceil(value / step) * step;
  return integer ? Math.ceil(value) : value;
}

function mergeAll(parts: readonly unknown[], node: JsonObject, root: JsonObject, depth: number): unknown {
  const { allOf: _, ...rest } = node;
  const values = [...parts, ...(typeOf(rest) === undefined ? [] : [rest])].map((part) =>
    build(part, root, depth + 1),
  );
  const objects = values.map(asObject);
  return objects.every((object) => object !== undefined) ? Object.assign({}, ...objects) : values[0];
}

function lookUp(reference: string, root: JsonObject): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let node: unknown = root;
  for (const token of reference.slice(2).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const object = asObject(node);
    node = object && Object.hasOwn(object, key) ? object[key] : undefined;
  }
  return node;
}
