// Tools may stand in namespaces here and nowhere else.

/** One name for a tool and its namespace, the same in definitions, histories and answers. */
export function flattenName(namespace: string | undefined, name: string): string {
  if (namespace === undefined || namespace === '') return name;
  return namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`;
}
