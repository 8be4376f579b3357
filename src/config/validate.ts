// Schema errors → diagnostics with the place of the key or value at fault. One message per fault, all faults at once;
// a value is only quoted when it nearly is one of the known ones, because anything else may be a secret.
import type { Diagnostic, Locate } from '../diagnostics.ts';
import { escapeSegment, parsePointer } from '../lib/json-pointer.ts';
import { findNearest, renderNearest } from '../lib/nearest.ts';
import { layout } from './generated/layout.ts';
import runValidator, { type ValidationError } from './generated/validator.js';
import { stepLayout, type LayoutNode, type LayoutType } from './layout.ts';
import { getIn, isObject } from './plain.ts';
import { createFault, type FaultDetails, type LoadCode } from './rules.ts';

export interface Validation {
  readonly diagnostics: readonly Diagnostic[];
  /** Pointers of values that the schema refuses. */
  readonly refused: readonly string[];
}

export interface ValidationContext {
  readonly locate: Locate;
  /** Pointers that already have a diagnostic of their own. */
  readonly unusable: ReadonlySet<string>;
  /** Flag or variable that set a pointer. */
  readonly originOf: (pointer: string) => string | undefined;
}

interface PlacedDetails extends FaultDetails {
  readonly part?: 'key' | 'value';
}

/** The most telling keyword of a value goes first; the others would only repeat it. */
const order = [
  'type',
  'const',
  'enum',
  'required',
  'additionalProperties',
  'minLength',
  'pattern',
  'maxLength',
];
const aboutNames = new Set(['pattern', 'enum', 'minLength', 'maxLength']);
/** More than the loader lists. */
const maxErrors = 2000;
const knownKeysShown = 14;
const typeNames: Readonly<Record<LayoutType, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** Checks plain data against the schema; tests with cases are filled in before, see validate-cases.ts. */
export function validatePlain(value: unknown, context: ValidationContext): Validation {
  if (runValidator(value)) return { diagnostics: [], refused: [] };
  // what is wrong with the name of a key stands at its map; the wrapper says which name it is
  const errors = (runValidator.errors ?? []).filter(
    ({ keyword, instancePath }) => !aboutNames.has(keyword) || typeof getIn(value, instancePath) !== 'object',
  );
  const refused = errors.map((error) => (error.keyword === 'required' ? error.instancePath : pointAt(error)));
  const diagnostics: Diagnostic[] = [];
  const told = new Set<string>();
  for (const error of errors.slice(0, maxErrors).sort((a, b) => rank(a) - rank(b))) {
    const pointer = pointAt(error);
    const own = error.keyword === 'required' || error.keyword === 'additionalProperties';
    const key = own ? `${error.keyword} ${pointer}` : pointer;
    if (told.has(key) || context.unusable.has(pointer)) continue;
    told.add(key);
    diagnostics.push(explain(error, pointer, value, context));
  }
  return { diagnostics, refused };
}

/** `/combos/coding/targets/0` → `combos.coding.targets[0]`. */
export function renderPath(pointer: string): string {
  let path = '';
  for (const segment of parsePointer(pointer)) {
    if (/^\d+$/.test(segment)) path += `[${segment}]`;
    else if (/^[\w-]+$/.test(segment)) path += path === '' ? segment : `.${segment}`;
    else path += `[${JSON.stringify(segment)}]`;
  }
  return path === '' ? 'the file' : path;
}

function explain(
  error: ValidationError,
  pointer: string,
  root: unknown,
  context: ValidationContext,
): Diagnostic {
  const shape = findShape(pointer);
  const { keyword, params } = error;
  const path = renderPath(pointer);
  const report = (code: LoadCode, message: string, details: PlacedDetails = {}) =>
    place(code, message, pointer, details, context);
  switch (keyword) {
    case 'propertyNames':
      return report(
        'schema/name',
        `${renderName(params)} cannot be a name in ${renderPath(error.instancePath)}`,
        {
          part: 'key',
          suggestion: suggestName(String(params['propertyName']), findShape(error.instancePath)),
        },
      );
    case 'additionalProperties':
      return explainUnknownKey(error, pointer, context);
    case 'required': {
      const name = String(params['missingProperty']);
      const message = `${renderPath(error.instancePath)} lacks ${name}`;
      const suggestion = name === 'version' ? 'write "version: 1" in the first line' : undefined;
      return report('schema/missing-key', message, { part: 'key', suggestion });
    }
    case 'type':
      return explainType(pointer, getIn(root, pointer), shape, report);
    case 'const':
      return report('schema/version', 'this gateway reads version 1 of the language', {
        suggestion: 'write "version: 1"',
      });
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String);
      const value = getIn(root, pointer);
      const nearest = typeof value === 'string' ? findNearest(value, allowed) : undefined;
      const message =
        nearest === undefined
          ? `${path} does not take this value`
          : `"${String(value)}" is not a value of ${path}`;
      const suggestion =
        nearest === undefined ? `one of ${allowed.join(', ')}` : `did you mean "${nearest}"?`;
      return report('schema/value', message, { suggestion });
    }
    case 'pattern':
      return report('schema/spelling', `${path} is not ${shape?.expected ?? 'spelled as it should be'}`);
    default:
      return report('schema/range', `${path} ${renderBound(keyword, params)}`);
  }
}

function explainUnknownKey(error: ValidationError, pointer: string, context: ValidationContext): Diagnostic {
  const name = String(error.params['additionalProperty']);
  const shape = findShape(error.instancePath);
  const known = Object.keys(shape?.properties ?? {});
  const nearest = findNearest(name, known);
  const where = error.instancePath === '' ? '' : ` in ${renderPath(error.instancePath)}`;
  const elsewhere =
    nearest === undefined && error.instancePath !== '' && layout.properties?.[name] !== undefined;
  const list = known.length <= knownKeysShown ? `known keys are ${known.join(', ')}` : undefined;
  return place(
    'schema/unknown-key',
    `unknown key "${name}"${where}`,
    pointer,
    {
      part: 'key',
      suggestion:
        nearest !== undefined
          ? `did you mean "${nearest}"?`
          : elsewhere
            ? `"${name}" is a section of the file; is it indented too far?`
            : list,
    },
    context,
  );
}

function explainType(
  pointer: string,
  value: unknown,
  shape: LayoutNode | undefined,
  report: (code: LoadCode, message: string, details?: PlacedDetails) => Diagnostic,
): Diagnostic {
  const wanted = shape ? renderTypes(shape) : 'something else';
  const path = renderPath(pointer);
  if (value === null) {
    const empty = shape?.type === 'object' ? '{}' : shape?.type === 'array' ? '[]' : undefined;
    return report('schema/type', `${path} is empty`, {
      part: 'key',
      suggestion: empty === undefined ? `write ${wanted}` : `write ${empty} if nothing is to be said`,
    });
  }
  const is = Array.isArray(value) ? 'a list' : isObject(value) ? 'a map' : describe(value);
  const quotable = shape?.type === 'string' && (typeof value === 'number' || typeof value === 'boolean');
  const single = shape?.type === 'array' && !isObject(value) && !Array.isArray(value);
  return report('schema/type', `${path} must be ${wanted}, not ${is}`, {
    suggestion: quotable ? 'put it in quotes' : single ? 'write it as a list: [value]' : undefined,
  });
}

function place(
  code: LoadCode,
  message: string,
  pointer: string,
  { part, ...details }: PlacedDetails,
  { locate, originOf }: ValidationContext,
): Diagnostic {
  const origin = originOf(pointer);
  if (origin !== undefined) {
    return createFault('environment/invalid', `${message} (set by ${origin})`, { pointer, ...details });
  }
  return createFault(code, message, { at: locateFault(pointer, part, locate), pointer, ...details });
}

/** The key or value itself, else the nearest thing around it that a file holds; of blocks only where they begin. */
function locateFault(pointer: string, part: 'key' | 'value' | undefined, locate: Locate): Diagnostic['at'] {
  const exact = locate(pointer, part);
  if (exact && exact.line === exact.endLine) return exact;
  for (let rest = pointer; rest !== ''; rest = rest.slice(0, rest.lastIndexOf('/'))) {
    const key = locate(rest, 'key');
    if (key) return key.line === key.endLine ? key : { ...key, endLine: key.line, endColumn: key.column + 1 };
  }
  return exact ?? locate('');
}

function pointAt(error: ValidationError): string {
  const { keyword, instancePath, params } = error;
  if (keyword === 'propertyNames') return `${instancePath}/${escapeSegment(String(params['propertyName']))}`;
  if (keyword === 'additionalProperties') {
    return `${instancePath}/${escapeSegment(String(params['additionalProperty']))}`;
  }
  if (keyword === 'required') return `${instancePath}/${escapeSegment(String(params['missingProperty']))}`;
  return instancePath;
}

function findShape(pointer: string): LayoutNode | undefined {
  let shape: LayoutNode | undefined = layout;
  for (const segment of parsePointer(pointer)) shape = shape && stepLayout(shape, segment);
  return shape;
}

function renderName(params: ValidationError['params']): string {
  return JSON.stringify(params['propertyName']);
}

/** The nearest of the names that a map takes, or what its names look like. */
function suggestName(name: string, map: LayoutNode | undefined): string | undefined {
  const known = map?.nameValues;
  return known ? (renderNearest(name, known) ?? `one of ${known.join(', ')}`) : map?.names;
}

function renderTypes(shape: LayoutNode): string {
  if (shape.expected !== undefined) return shape.expected;
  const types = typeof shape.type === 'string' ? [shape.type] : shape.type;
  const names = types.map((type) => typeNames[type]);
  if (shape.shorthand !== undefined) {
    const inner = shape.properties?.[shape.shorthand];
    if (inner) names.unshift(renderTypes(inner));
  }
  return names.join(' or ');
}

function describe(value: unknown): string {
  if (typeof value === 'number') return 'a number';
  return typeof value === 'boolean' ? `${String(value)}` : 'a text';
}

function renderBound(keyword: string, params: ValidationError['params']): string {
  const limit = Number(params['limit']).toLocaleString('en-US');
  switch (keyword) {
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'minLength':
      return limit === '1' ? 'must not be empty' : `must be at least ${limit} characters long`;
    case 'maxLength':
      return `must be at most ${limit} characters long`;
    case 'minItems':
      return limit === '1' ? 'must not be an empty list' : `must have at least ${limit} items`;
    case 'maxItems':
      return `must have at most ${limit} items`;
    case 'minProperties':
      return limit === '1' ? 'must not be an empty map' : `must have at least ${limit} keys`;
    case 'maxProperties':
      return `must have at most ${limit} keys`;
    default:
      return 'is not as the schema wants it';
  }
}

function rank(error: ValidationError): number {
  const at = order.indexOf(error.keyword);
  return at < 0 ? order.length : at;
}
