// JSON as plain data: what JSON.parse may return, and the two small tools that every codec needs to handle it.

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of an object literal whose undefined members are left out. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without members that are undefined, so that "absent" has one spelling. */
export function defined<T extends object>(value: T): Defined<T> {
  const present: { [key: string]: unknown } = {};
  for (const key in value) {
    const member = value[key];
    if (member !== undefined) present[key] = member;
  }
  return present as Defined<T>;
}

/** The members whose names are not in `known`, or undefined when there are none. */
export function omitKnown(value: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let rest: [string, unknown][] | undefined;
  for (const key of Object.keys(value)) {
    if (!known.has(key) && value[key] !== undefined) (rest ??= []).push([key, value[key]]);
  }
  return rest === undefined ? undefined : Object.fromEntries(rest);
}

/** JSON.parse that answers undefined for a text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
