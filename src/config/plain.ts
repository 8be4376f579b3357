// Plain data by pointer. Objects made here have no prototype, so that `__proto__` and `constructor` are ordinary keys.
import { parsePointer } from '../lib/json-pointer.ts';

export type PlainObject = Record<string, unknown>;

export function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function createObject(): PlainObject {
  return Object.create(null) as PlainObject;
}

/** Whether a value says nothing: null, `{}` or `[]`. */
export function isEmptyValue(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** The value at a pointer; undefined where there is none. */
export function getIn(root: unknown, pointer: string): unknown {
  let value = root;
  for (const segment of parsePointer(pointer)) {
    if (Array.isArray(value)) value = value[Number(segment)] as unknown;
    else if (isObject(value) && Object.hasOwn(value, segment)) value = value[segment];
    else return undefined;
  }
  return value;
}

/** Sets a value, making the objects on the way. */
export function setIn(root: PlainObject, pointer: string, value: unknown): void {
  const segments = parsePointer(pointer);
  const last = segments.pop();
  let target = root;
  for (const segment of segments) {
    const next = Object.hasOwn(target, segment) ? target[segment] : undefined;
    if (isObject(next)) target = next;
    else {
      const made = createObject();
      target[segment] = made;
      target = made;
    }
  }
  if (last !== undefined) target[last] = value;
}

/** A deep copy without prototypes. */
export function copyPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyPlain);
  if (!isObject(value)) return value;
  const copy = createObject();
  for (const key of Object.keys(value)) copy[key] = copyPlain(value[key]);
  return copy;
}
