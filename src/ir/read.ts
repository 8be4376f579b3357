// Reading fields of a request body that anybody may have written: each reader checks the type and names the path in a
// GatewayError 400 `invalid_body`. `null` counts as absent everywhere, as it does at the vendors.
import { GatewayError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';

export function readString(from: JsonObject, key: string, at: string): string | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : wrong(join(at, key), 'a string');
}

/** A finite number. */
export function readNumber(from: JsonObject, key: string, at: string): number | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : wrong(join(at, key), 'a number');
}

export function readBoolean(from: JsonObject, key: string, at: string): boolean | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : wrong(join(at, key), 'a boolean');
}

export function readObject(from: JsonObject, key: string, at: string): JsonObject | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : wrong(join(at, key), 'an object');
}

export function readArray(from: JsonObject, key: string, at: string): readonly unknown[] | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? (value as unknown[]) : wrong(join(at, key), 'an array');
}

/** One of a closed list; another value is an error that names them. */
export function readOneOf<const Value extends string>(
  from: JsonObject,
  key: string,
  values: readonly Value[],
  at: string,
): Value | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return values.find((known) => known === value) ?? wrong(join(at, key), `one of ${values.join(', ')}`);
}

export function demandString(from: JsonObject, key: string, at: string): string {
  return readString(from, key, at) ?? wrong(join(at, key), 'a string');
}

export function demandObject(value: unknown, at: string): JsonObject {
  return isObject(value) ? value : wrong(at, 'an object');
}

export function wrong(path: string, expected: string): never {
  throw new GatewayError('invalid_body', `"${path}" must be ${expected}.`, { param: path });
}

export function join(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`;
}
