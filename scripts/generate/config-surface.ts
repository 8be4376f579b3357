// The schema → one line per key: what a person can write, and what it means to leave it out. A golden of it turns every
// change of the language into a diff that a reviewer reads.
import { listReloadKinds, walkSchema, type ConfigSchema } from './config-source.ts';

export function renderSurface(source: ConfigSchema): string {
  const reload = listReloadKinds(source);
  const required = new Set<string>();
  const lines: string[] = [];
  for (const { pointer, schema } of walkSchema(source)) {
    for (const name of schema.required ?? []) required.add(`${pointer}/${name}`);
    if (pointer === '') continue;
    const values = schema.enum ?? (schema['const'] === undefined ? undefined : [schema['const']]);
    lines.push(
      [
        pointer,
        schema['x-secret'] ? 'secret' : String(schema.type),
        ...(values ? [values.join('|')] : []),
        ...(required.has(pointer) ? ['required'] : []),
        ...(schema.default === undefined ? [] : [`= ${JSON.stringify(schema.default)}`]),
        ...(schema['x-shorthand'] === undefined ? [] : [`or ${schema['x-shorthand']}`]),
        ...(reload[pointer] === undefined ? [] : [reload[pointer]]),
      ].join(' '),
    );
  }
  return `${lines.join('\n')}\n`;
}
