// The schema → TypeScript: `Authored*` as people write it, `Resolved*` with every default present, shorthands written
// out and secrets as references. Both come from the same files, so that they cannot drift apart.
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { generatedMark } from '../markdown.ts';
import { dereference, readName, type ConfigSchema, type Schema } from './config-source.ts';

type Stage = 'Authored' | 'Resolved';

/** The text of src/config/generated/types.ts. */
export async function renderTypes(source: ConfigSchema): Promise<string> {
  const scalars: string[] = [];
  for (const schema of Object.values(source.definitions)) {
    if (schema.type === 'object' || schema.type === 'array' || schema['x-secret']) continue;
    scalars.push(`/** ${schema.description} */\nexport type ${schema.title} = ${renderScalar(schema)};`);
  }
  return [
    `// ${generatedMark} from schema/. Do not edit.`,
    `/** A secret as the file names it; its value never stands in a configuration. */
export interface SecretReference {
  readonly source: 'env' | 'file' | 'secret';
  readonly name: string;
  /** What \`\${env:NAME:-fallback}\` says. */
  readonly fallback?: string;
}`,
    ...scalars,
    await renderStage(source, 'Authored'),
    await renderStage(source, 'Resolved'),
  ].join('\n\n');
}

async function renderStage(source: ConfigSchema, stage: Stage): Promise<string> {
  const blocks: string[] = [];
  for (const schema of [source.root, ...Object.values(source.definitions)]) {
    if (schema.type !== 'object' || schema['x-free']) continue;
    const name = `${stage}${schema.title}`;
    const text = await compile(convert(schema, source, stage, true) as JSONSchema, name, {
      bannerComment: '',
      additionalProperties: false,
      ignoreMinAndMaxItems: true,
      style: { singleQuote: true, printWidth: 110 },
    });
    blocks.push(addReadonly(text.trim()));
  }
  return blocks.join('\n\n');
}

/** One node as json-schema-to-typescript should see it; references become names, because every name is exported here. */
function convert(schema: Schema, source: ConfigSchema, stage: Stage, top = false): Record<string, unknown> {
  const target = dereference(schema, source);
  const description = target.description;
  if (target['x-secret']) {
    return { description, tsType: stage === 'Resolved' ? 'SecretReference' : 'string' };
  }
  if (schema.$ref !== undefined && target.type !== 'array') {
    const name = source.definitions[readName(schema.$ref)]?.title;
    return { description, tsType: target.type === 'object' ? renderReference(target, source, stage) : name };
  }
  if (target['x-free']) return { description, tsType: 'Readonly<Record<string, unknown>>' };
  if (target.type === 'array') {
    return { description, type: 'array', items: convert(target.items ?? {}, source, stage) };
  }
  if (target.type === 'object') return convertObject(target, source, stage, top);
  return {
    description,
    tsType: target.enum?.map((value) => JSON.stringify(value)).join(' | ') ?? renderScalar(target),
  };
}

function convertObject(
  schema: Schema,
  source: ConfigSchema,
  stage: Stage,
  top: boolean,
): Record<string, unknown> {
  const properties = Object.entries(schema.properties ?? {}).filter(
    ([, property]) => stage === 'Authored' || !property['x-deprecated'],
  );
  const always = properties.filter(
    ([name, property]) =>
      schema.required?.includes(name) || (stage === 'Resolved' && property.default !== undefined),
  );
  const title = schema.title === undefined || top ? undefined : `${stage}${schema.title}`;
  return {
    ...(title === undefined ? {} : { title }),
    description: schema.description,
    type: 'object',
    properties: Object.fromEntries(
      properties.map(([name, property]) => [name, convert(property, source, stage)]),
    ),
    required: always.map(([name]) => name),
    additionalProperties: schema.additionalProperties
      ? convert(schema.additionalProperties, source, stage)
      : false,
  };
}

function renderReference(target: Schema, source: ConfigSchema, stage: Stage): string {
  const name = `${stage}${target.title}`;
  const shorthand = target['x-shorthand'];
  if (stage === 'Resolved' || shorthand === undefined) return name;
  const property = dereference(target.properties?.[shorthand] ?? {}, source);
  return `(${name} | ${property.title ?? renderScalar(property)})`;
}

function renderScalar(schema: Schema): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (schema.enum) return `(${schema.enum.map((value) => `'${String(value)}'`).join(' | ')})`;
  const types = Array.isArray(schema.type) ? (schema.type as readonly string[]) : [String(schema.type)];
  const union = types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ');
  return types.length > 1 ? `(${union})` : union;
}

function addReadonly(text: string): string {
  return text
    .replaceAll(/^(\s+)((?:"[^"]+"|[\w$]+)\??:|\[k: string\]:)/gm, '$1readonly $2')
    .replaceAll(/(\([^()]*\)|[\w.]+)\[\]/g, 'readonly $1[]');
}
