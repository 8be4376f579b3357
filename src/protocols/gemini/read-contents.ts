// Contents of a request → the messages of the hub. Google's calls need no ids: those without get one from their place,
// the same in every turn of the conversation, and results find theirs by name and order.
import type { Message } from '../../ir/message.ts';
import { joinToolMessages } from '../../ir/message.ts';
import type { Part, ToolResultPart } from '../../ir/parts.ts';
import { demandObject, demandString, join, readBoolean, readString, wrong } from '../../ir/read.ts';
import { createWaitingCalls } from '../../ir/waiting-calls.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeCall, decodePart } from './parts.ts';

/** An id that was made here. */
export const madeId = /^call_g\d+_\d+$/;

export function decodeSystem(value: unknown): readonly Message[] {
  if (value === undefined || value === null) return [];
  const at = 'systemInstruction';
  const parts =
    typeof value === 'string'
      ? [{ text: value }]
      : Array.isArray(value)
        ? (value as unknown[])
        : listParts(demandObject(value, at), at);
  const texts = parts.flatMap((part, index): Part[] => {
    if (typeof part === 'string') return [{ kind: 'text', text: part }];
    const text = readString(demandObject(part, `${at}.parts[${index}]`), 'text', `${at}.parts[${index}]`);
    return text === undefined || text === '' ? [] : [{ kind: 'text', text }];
  });
  return texts.length === 0 ? [] : [{ role: 'system', parts: texts }];
}

export function decodeContents(values: readonly unknown[]): readonly Message[] {
  const waiting = createWaitingCalls();

  return joinToolMessages(values.flatMap(decodeContent));

  function decodeContent(value: unknown, index: number): readonly Message[] {
    const at = `contents[${index}]`;
    if (typeof value === 'string') return [{ role: 'user', parts: [{ kind: 'text', text: value }] }];
    const content = demandObject(value, at);
    const parts = listParts(content, at).map((part, i) => demandObject(part, `${at}.parts[${i}]`));
    switch (readString(content, 'role', at) ?? 'user') {
      case 'model':
      case 'assistant':
        return [
          {
            role: 'assistant',
            parts: joinProofs(parts.flatMap((part, i) => decodeModelPart(part, index, i))),
          },
        ];
      case 'system':
        return decodeSystem({ parts });
      case 'user':
      case 'function':
      case 'tool':
        return decodeUser(parts, at);
      default:
        return wrong(join(at, 'role'), 'user or model');
    }
  }

  function decodeModelPart(part: JsonObject, index: number, i: number): readonly Part[] {
    const at = `contents[${index}].parts[${i}]`;
    const { functionCall: call, ...rest } = part;
    if (call === undefined) return decodePart(part, at);
    const given = isObject(call) ? readString(call, 'id', join(at, 'functionCall')) : undefined;
    const id = given === undefined || given === '' ? `call_g${index}_${i}` : given;
    const made = decodeCall(call, id, join(at, 'functionCall'));
    waiting.add({ id, name: made.name, made: id !== given });
    const { thoughtSignature } = rest;
    const proof = thoughtSignature === undefined ? [] : decodePart({ text: '', thoughtSignature }, at);
    return [...proof, made];
  }

  function decodeUser(parts: readonly JsonObject[], at: string): readonly Message[] {
    const results: Part[] = [];
    const said: Part[] = [];
    parts.forEach((part, i) => {
      const { functionResponse: response } = part;
      if (response !== undefined) results.push(decodeResult(response, `${at}.parts[${i}].functionResponse`));
      else said.push(...decodePart(part, `${at}.parts[${i}]`).filter(({ kind }) => kind !== 'reasoning'));
    });
    return [
      ...(results.length === 0 ? [] : [{ role: 'tool' as const, parts: results }]),
      ...(said.length === 0 ? [] : [{ role: 'user' as const, parts: said }]),
    ];
  }

  function decodeResult(value: unknown, at: string): ToolResultPart {
    const result = demandObject(value, at);
    const name = demandString(result, 'name', at);
    const id = match(readString(result, 'id', at) ?? '', name);
    const response = result['response'];
    const media = Array.isArray(result['parts']) ? (result['parts'] as unknown[]).filter(isObject) : [];
    const { text, failed } = readResponse(response);
    const parts: Part[] = [
      ...(text === '' ? [] : [{ kind: 'text' as const, text }]),
      ...media.flatMap((part, i) => decodePart(part, `${at}.parts[${i}]`)),
    ];
    return failed ? { kind: 'tool-result', id, parts, failed: true } : { kind: 'tool-result', id, parts };
  }

  /** By id; without one by name, and then by order. Clients make up ids of their own for calls that came without. */
  function match(id: string, name: string): string {
    return id === ''
      ? (waiting.take([{ name, made: true }, { name }, {}]) ?? `call_${name}`)
      : (waiting.take([{ id }, { name, made: true }]) ?? id);
  }
}

/** A signature proves what was thought right before it; a sealed one knows that text better than the client. */
function joinProofs(parts: readonly Part[]): readonly Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const proves = part.kind === 'reasoning' && part.proof !== undefined;
    if (proves && last?.kind === 'reasoning' && last.proof === undefined)
      joined[joined.length - 1] = { ...part, text: part.text === '' ? last.text : part.text };
    else joined.push(part);
  }
  return joined;
}

/** `{output}` and `{error}` are what Google documents; anything else is read as JSON. */
function readResponse(value: unknown): { readonly text: string; readonly failed: boolean } {
  if (!isObject(value))
    return { text: value === undefined || value === null ? '' : spell(value), failed: false };
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'output' || keys[0] === 'error'))
    return { text: spell(value[keys[0]]), failed: keys[0] === 'error' };
  return {
    text: keys.length === 0 ? '' : JSON.stringify(value),
    failed: readBoolean(value, 'isError', '') ?? false,
  };
}

function spell(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Google also takes one part, or a bare text, where a list is meant. */
function listParts(content: JsonObject, at: string): readonly unknown[] {
  const { parts, text } = content;
  if (Array.isArray(parts)) return parts as unknown[];
  if (isObject(parts)) return [parts];
  if (typeof parts === 'string') return [{ text: parts }];
  if (parts === undefined && typeof text === 'string') return [{ text }];
  return parts === undefined || parts === null ? [] : wrong(join(at, 'parts'), 'a list');
}
