// Function calls of a Gemini answer: whole in one part as a rule; Vertex may send their arguments in pieces, each with the
// path where it belongs, and an empty call as the end mark.
import type { Blocks } from '../../ir/blocks.ts';
import type { AnswerListener } from '../../ir/events.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { DecodeContext } from '../protocol.ts';

export interface Calls {
  read(call: JsonObject): void;
  /** Ends a call whose end mark never came. */
  close(): void;
  /** How many calls were opened. */
  readonly count: number;
}

/** Places that an array may be given by a path; a larger index is a mistake. */
const mostItems = 10_000;

type Container = Record<string, unknown> | unknown[];

export function createCalls(context: DecodeContext, blocks: Blocks, emit: AnswerListener): Calls {
  let count = 0;
  let open: { readonly id: number; args: Record<string, unknown> } | undefined;

  return {
    read(call) {
      const { name, id: given, args, partialArgs: pieces, willContinue } = call;
      if (typeof name === 'string' && name !== '') {
        close();
        count++;
        const id = blocks.next();
        const callId = typeof given === 'string' && given !== '' ? given : context.newId('call_');
        open = { id, args: {} };
        emit({ type: 'tool-call-start', id, callId, name });
      }
      if (open === undefined) return;
      if (isObject(args)) open.args = { ...open.args, ...args };
      if (Array.isArray(pieces))
        for (const piece of pieces as unknown[]) if (isObject(piece)) apply(open.args, piece);
      if (willContinue !== true) close();
    },
    close,
    get count() {
      return count;
    },
  };

  function close(): void {
    if (open === undefined) return;
    const { id, args } = open;
    open = undefined;
    emit({ type: 'tool-call-delta', id, text: JSON.stringify(args) });
    emit({ type: 'tool-call-end', id });
  }
}

/** `$.a.b[0]` or `$['a']`; pieces of one text follow one another. */
function apply(root: Record<string, unknown>, piece: JsonObject): void {
  const path = typeof piece['jsonPath'] === 'string' ? piece['jsonPath'] : '';
  const steps = [
    ...path.matchAll(/\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.[\]$]+)/g),
  ].map(([, single, double, index, plain]) =>
    index === undefined ? (single ?? double ?? plain ?? '') : Number(index),
  );
  if (steps.length === 0 || steps.some((step) => typeof step === 'number' && step > mostItems)) return;
  let at: Container = root;
  for (const [i, step] of steps.slice(0, -1).entries()) {
    const next: unknown = read(at, step);
    const container: Container = isContainer(next) ? next : typeof steps[i + 1] === 'number' ? [] : {};
    if (container !== next) write(at, step, container);
    at = container;
  }
  const last = steps.at(-1)!;
  const before = read(at, last);
  const value = valueOf(piece);
  write(at, last, typeof before === 'string' && typeof value === 'string' ? before + value : value);
}

function valueOf(piece: JsonObject): unknown {
  return piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'] ?? null;
}

function read(at: Container, step: string | number): unknown {
  return Object.hasOwn(at, step) ? (at as Record<string | number, unknown>)[step] : undefined;
}

/** As an own member, whatever it is called. */
function write(at: Container, step: string | number, value: unknown): void {
  Object.defineProperty(at, step, { value, writable: true, enumerable: true, configurable: true });
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
