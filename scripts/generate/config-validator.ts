// The schema → src/config/generated/validator.js, a standalone Ajv validator that reports every fault, and the tables
// that the loader reads beside it (layout, reload kinds).
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { LayoutNode, LayoutType } from '../../src/config/layout.ts';
import { generatedMark } from '../markdown.ts';
import { dereference, listReloadKinds, type ConfigSchema, type Schema } from './config-source.ts';

const header = `// ${generatedMark} from schema/. Do not edit.\n`;

/** ESM text of the validator. It sees shorthands written out, variables substituted and no defaults. */
export function renderValidator(source: ConfigSchema): string {
  const ajv = new Ajv2020({
    allErrors: true,
    allowUnionTypes: true,
    ownProperties: true,
    inlineRefs: false,
    messages: false,
    code: { source: true, esm: true },
  });
  const schema = {
    ...stripAnnotations(source.root),
    $defs: Object.fromEntries(
      Object.entries(source.definitions).map(([name, definition]) => [name, stripAnnotations(definition)]),
    ),
  };
  // Ajv leaves require() calls in ESM output (ajv-validator/ajv#2209). The only one that this schema leads to counts
  // code points; written in place, the gateway needs nothing of Ajv when it runs.
  const code = standaloneCode
    .default(ajv, ajv.compile(schema))
    .replace('"use strict";', '')
    .replaceAll('require("ajv/dist/runtime/ucs2length").default', 'countCharacters')
    // joining the errors of each list item by concat takes quadratic time in a list where all are wrong
    .replaceAll(/vErrors\.concat\((\w+\.errors)\)/g, 'append(vErrors, $1)');
  if (code.includes('.concat(')) throw new Error('the validator joins errors in another way now');
  if (code.includes('require(')) throw new Error('the validator needs another module of Ajv');
  return `${header}${countCharacters}\n${append}\n${code}\n`;
}

const countCharacters = `function countCharacters(text) {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const pair = (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    if (pair) count--;
  }
  return count;
}`;

const append = `function append(errors, more) {
  for (const error of more) errors.push(error);
  return errors;
}`;

export function renderValidatorTypes(): string {
  return `${header}
export interface ValidationError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  readonly propertyName?: string;
}

declare const validate: {
  (value: unknown): boolean;
  errors?: readonly ValidationError[] | null;
};
export default validate;
`;
}

export function renderLayout(source: ConfigSchema): string {
  const notYet = new Map(
    source.notYet.map(({ at, severity, values }) => [at, { severity, ...(values && { values }) }]),
  );
  const layout = buildLayout(source.root, source, notYet, '');
  return `${header}import type { LayoutNode } from '../layout.ts';\n\nexport const layout: LayoutNode = ${JSON.stringify(layout, undefined, 1)};\n`;
}

export function renderReloadKinds(source: ConfigSchema): string {
  const kinds = JSON.stringify(listReloadKinds(source), undefined, 2);
  return `${header}
/** What a change of a key needs besides a new snapshot, by pointer pattern (\`*\`: any map key or list item). Keys that
 * stand neither here nor below a pattern are hot. */
export const reloadKinds: Readonly<Record<string, 'rebind' | 'restart'>> = ${kinds};
`;
}

function buildLayout(
  schema: Schema,
  source: ConfigSchema,
  notYet: ReadonlyMap<string, NonNullable<LayoutNode['notYet']>>,
  pointer: string,
): LayoutNode {
  const node = dereference(schema, source);
  const below = (child: Schema, name: string): LayoutNode =>
    buildLayout(child, source, notYet, `${pointer}/${name}`);
  const mark = notYet.get(pointer);
  const names = node.propertyNames && dereference(node.propertyNames, source);
  return {
    type: node.type as LayoutType,
    ...(node.properties && {
      properties: Object.fromEntries(
        Object.entries(node.properties).map(([name, child]) => [name, below(child, name)]),
      ),
    }),
    ...(node.additionalProperties && { values: below(node.additionalProperties, '*') }),
    ...(node.items && { items: below(node.items, '*') }),
    ...(node.required && node.required.length > 0 && { required: node.required }),
    ...(names?.['x-expected'] !== undefined && { names: names['x-expected'] }),
    ...(names?.enum && { nameValues: names.enum.map(String) }),
    ...(node.default !== undefined && { default: node.default }),
    ...(node['x-secret'] && { secret: true as const }),
    ...(node['x-shorthand'] !== undefined && { shorthand: node['x-shorthand'] }),
    ...(node['x-inherit'] !== undefined && { inherit: node['x-inherit'] }),
    ...(node['x-deprecated'] && { deprecated: node['x-deprecated'].use }),
    ...(node['x-free'] && { free: true as const }),
    ...(node['x-expected'] !== undefined && { expected: node['x-expected'] }),
    ...(mark && { notYet: mark }),
  };
}

function stripAnnotations(schema: Schema): Schema {
  const annotation = /^(x-.*|title|description|examples|default|\$comment)$/;
  const strip = (value: unknown, isSchema: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => strip(item, isSchema));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !isSchema || !annotation.test(name))
        // the members of `properties` are names of the language, not keywords
        .map(([name, child]) => [name, strip(child, !(isSchema && name === 'properties'))]),
    );
  };
  return strip(schema, true) as Schema;
}
