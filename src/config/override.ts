// Flags and variables over the file: sets the keys of the closed table and remembers who set them.
import { readOverrides, type Environment, type Flags } from './environment.ts';
import { layout } from './generated/layout.ts';
import { allowsType, stepLayout, type LayoutNode } from './layout.ts';
import { getIn, setIn, type PlainObject } from './plain.ts';
import { parsePointer } from '../lib/json-pointer.ts';

export interface Origin {
  readonly kind: 'flag' | 'variable';
  readonly name: string;
}

/** Changes `value` in place; the result names who set which pointer. */
export function applyOverrides(
  value: PlainObject,
  flags: Flags,
  environment: Environment,
): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  const overrides = readOverrides(flags, environment);
  for (const { pointer, value: text, portOnly, origin } of overrides.toSorted(byPort)) {
    const shape = findShape(pointer);
    setIn(
      value,
      pointer,
      portOnly ? joinPort(getIn(value, pointer) ?? shape?.default, text) : readValue(text, shape),
    );
    origins.set(pointer, origin);
  }
  return origins;
}

/** Whole addresses first, then ports on top of them. */
function byPort(a: { readonly portOnly: boolean }, b: { readonly portOnly: boolean }): number {
  return Number(a.portOnly) - Number(b.portOnly);
}

function joinPort(listen: unknown, port: string): string {
  const address = typeof listen === 'string' ? listen : '';
  const colon = address.lastIndexOf(':');
  return `${colon < 0 ? '127.0.0.1' : address.slice(0, colon)}:${port.trim()}`;
}

/** Variables are text; a switch is spelled in any of the usual ways. Anything else is left for the validator. */
function readValue(text: string, shape: LayoutNode | undefined): unknown {
  if (!shape || !allowsType(shape, 'boolean')) return text;
  if (/^(true|yes|on|1)$/i.test(text.trim())) return true;
  return /^(false|no|off|0)$/i.test(text.trim()) ? false : text;
}

function findShape(pointer: string): LayoutNode | undefined {
  let shape: LayoutNode | undefined = layout;
  for (const segment of parsePointer(pointer)) shape = shape && stepLayout(shape, segment);
  return shape;
}
