// Free-form tools for upstreams that only know functions: the function takes one string, `input`; on the way back that
// string is read out of the JSON arguments while they stream.
import { isObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import type { AnswerListener } from './events.ts';
import type { FreeformTool, FunctionTool } from './tools.ts';

/** The function that stands for a free-form tool; a grammar goes into the description, where the model can read it. */
export function wrapFreeform(tool: FreeformTool): FunctionTool {
  const rule =
    tool.grammar === undefined
      ? ''
      : `\n\nThe input must match this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`;
  return {
    kind: 'function',
    name: tool.name,
    description: `${tool.description ?? ''}${rule}`.trim(),
    parameters: freeformSchema,
    ...(tool.cache !== undefined && { cache: tool.cache }),
  };
}

export const freeformSchema: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The raw input of the tool.' } },
  required: ['input'],
  additionalProperties: false,
};

/** The arguments of a past free-form call. */
export function wrapInput(input: string): string {
  return JSON.stringify({ input });
}

/** The raw input behind wrapped arguments; the text itself when it is not wrapped. */
export function unwrapInput(wrapped: string): string {
  const value = parseJson(wrapped);
  return isObject(value) && typeof value['input'] === 'string' ? value['input'] : wrapped;
}

/** For wires whose calls carry an object: the input of a free-form call becomes the wrapped arguments, while it streams. */
export function createInputWrapper(emit: AnswerListener): AnswerListener {
  const open = new Set<number>();
  return (event) => {
    if (event.type === 'tool-call-start' && event.freeform) {
      const { freeform: _, ...start } = event;
      open.add(event.id);
      emit(start);
      emit({ type: 'tool-call-delta', id: event.id, text: '{"input":"' });
    } else if (event.type === 'tool-call-delta' && open.has(event.id))
      emit({ ...event, text: JSON.stringify(event.text).slice(1, -1) });
    else {
      if (event.type === 'tool-call-end' && open.delete(event.id))
        emit({ type: 'tool-call-delta', id: event.id, text: '"}' });
      emit(event);
    }
  };
}

export interface InputReader {
  /** The part of the raw input that this piece of JSON completes. */
  push(piece: string): string;
}

/** Reads the first string value of a JSON object out of pieces, cut anywhere, even inside an escape. */
export function createInputReader(): InputReader {
  let state: 'before' | 'value' | 'after' = 'before';
  let head = '';
  let held = '';
  return {
    push(piece) {
      let text = piece;
      if (state === 'before') {
        head += text;
        const opening = /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*"/.exec(head);
        if (opening === null) return '';
        state = 'value';
        text = head.slice(opening[0].length);
        head = '';
      }
      if (state === 'after') return '';
      held += text;
      const end = findEnd(held);
      const raw = held.slice(0, end.at);
      held = end.closed ? '' : held.slice(end.at);
      if (end.closed) state = 'after';
      const value = parseJson(`"${raw}"`);
      return typeof value === 'string' ? value : raw;
    },
  };
}

/** How far whole characters and escapes reach; a surrogate pair of two escapes stays together. */
function findEnd(text: string): { readonly at: number; readonly closed: boolean } {
  let i = 0;
  while (i < text.length) {
    const sign = text[i];
    if (sign === '"') return { at: i, closed: true };
    if (sign !== '\\') {
      i++;
      continue;
    }
    const length = text[i + 1] === 'u' ? 6 : 2;
    if (i + length > text.length) break;
    const isHigh = /^\\u[dD][89abAB]/.test(text.slice(i, i + 6));
    if (isHigh && i + 12 > text.length && text.slice(i + 6).search(/^(\\(u[\da-fA-F]{0,4})?)?$/) === 0) break;
    i += length;
  }
  return { at: i, closed: false };
}
