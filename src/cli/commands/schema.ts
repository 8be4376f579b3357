// `omniroute schema`: the JSON Schema of the configuration, as editors load it.
import { readFile } from 'node:fs/promises';
import { renderNearest } from '../../lib/nearest.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';

interface Schema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly $defs: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

export default defineCommand({
  description: 'Prints the JSON Schema (2020-12) of the configuration file',
  args: {
    section: { type: 'string', valueHint: 'name', description: 'Only this top-level key, such as providers' },
    list: { type: 'boolean', description: 'List the top-level keys and end' },
  },
  run: async (args, terminal) => {
    const text = await readFile(new URL('../../../schema/omniroute.schema.json', import.meta.url), 'utf8');
    const schema = JSON.parse(text) as Schema;
    const names = Object.keys(schema.properties);
    if (args.list) {
      terminal.out(args.json ? JSON.stringify({ sections: names }, null, 2) : names.join('\n'));
      return exitCodes.ok.code;
    }
    if (args.section === undefined) {
      terminal.out(text.trimEnd());
      return exitCodes.ok.code;
    }
    if (!Object.hasOwn(schema.properties, args.section)) {
      throw createUsageFailure(
        `--section: there is no "${args.section}"`,
        renderNearest(args.section, names),
      );
    }
    terminal.out(JSON.stringify(cutSection(schema, args.section), null, 2));
    return exitCodes.ok.code;
  },
});

/** A schema of its own: the section at the root, with the definitions that it reaches. */
function cutSection(schema: Schema, name: string): object {
  const section = schema.properties[name] as object;
  const reached = new Set<string>();
  const follow = (value: unknown): void => {
    for (const [, definition = ''] of JSON.stringify(value).matchAll(/"#\/\$defs\/([^"/]+)[^"]*"/g)) {
      if (reached.has(definition)) continue;
      reached.add(definition);
      follow(schema.$defs[definition]);
    }
  };
  follow(section);
  const definitions = Object.entries(schema.$defs).filter(([definition]) => reached.has(definition));
  return {
    $schema: schema['$schema'],
    title: name,
    ...section,
    ...(definitions.length > 0 && { $defs: Object.fromEntries(definitions) }),
  };
}
