// Valid plain data → the resolved configuration: every default present, inheritance of maps carried out, secrets as
// reference objects.
import { layout } from './generated/layout.ts';
import type { ResolvedConfig } from './generated/types.ts';
import type { LayoutNode } from './layout.ts';
import { copyPlain, createObject, isObject, type PlainObject } from './plain.ts';
import { parseReference } from './references.ts';

/** `value` must have passed the validator. The result shares nothing with it. */
export function resolveConfig(value: PlainObject): ResolvedConfig {
  return resolveNode(value, layout) as ResolvedConfig;
}

function resolveNode(value: unknown, shape: LayoutNode): unknown {
  if (shape.free) return copyPlain(value);
  if (shape.secret && typeof value === 'string') return parseReference(value);
  if (Array.isArray(value)) {
    const items = shape.items;
    return items ? value.map((item) => resolveNode(expandShorthand(item, items), items)) : copyPlain(value);
  }
  if (!isObject(value)) return value;
  const source = shape.inherit === undefined ? value : inherit(value, shape.inherit, shape);
  const resolved = createObject();
  for (const [name, child] of Object.entries(shape.properties ?? {})) {
    if (child.deprecated !== undefined) continue;
    const given = readProperty(source, name, shape) ?? copyPlain(child.default);
    if (given !== undefined) resolved[name] = resolveNode(expandShorthand(given, child), child);
  }
  for (const name of Object.keys(source)) {
    if (Object.hasOwn(shape.properties ?? {}, name) || !shape.values) continue;
    resolved[name] = resolveNode(expandShorthand(source[name], shape.values), shape.values);
  }
  return resolved;
}

/** A key, or what stands under its deprecated name. */
function readProperty(source: PlainObject, name: string, shape: LayoutNode): unknown {
  if (Object.hasOwn(source, name)) return source[name];
  for (const [old, { deprecated }] of Object.entries(shape.properties ?? {})) {
    if (deprecated === name && Object.hasOwn(source, old)) return source[old];
  }
  return undefined;
}

/** Defaults may use a shorthand too. */
function expandShorthand(value: unknown, shape: LayoutNode): unknown {
  if (shape.shorthand === undefined || isObject(value) || value === undefined) return value;
  const object = createObject();
  object[shape.shorthand] = value;
  return object;
}

/** What is written wins over what is built in, and the entry's own words over those of the entry it inherits from. */
function inherit(map: PlainObject, from: string, shape: LayoutNode): PlainObject {
  const base = Object.hasOwn(map, from) ? map[from] : undefined;
  const result = createObject();
  for (const name of new Set([...Object.keys(shape.properties ?? {}), ...Object.keys(map)])) {
    const own = Object.hasOwn(map, name) ? map[name] : undefined;
    const builtIn = Object.hasOwn(shape.properties ?? {}, name)
      ? shape.properties?.[name]?.default
      : undefined;
    result[name] = name === from ? (own ?? {}) : overlay(overlay(builtIn, base), own);
  }
  return result;
}

function overlay(below: unknown, above: unknown): unknown {
  if (above === undefined) return copyPlain(below ?? createObject());
  if (!isObject(below) || !isObject(above)) return copyPlain(above);
  const result = copyPlain(below) as PlainObject;
  for (const key of Object.keys(above)) result[key] = overlay(result[key], above[key]);
  return result;
}
