// The messages of the hub → instructions and items of a Responses request.
import { isSystem } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { Part, Phase, ReasoningPart, TextPart, ToolCallPart, ToolResultPart } from '../../ir/parts.ts';
import { belongsTo } from '../../ir/proof.ts';
import { fitCallId } from '../../ir/tool-names.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import { defined, isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Target } from '../protocol.ts';
import { encodePart } from './parts.ts';
import { wire } from './wire.ts';

export interface InputOptions {
  readonly target: Target;
  readonly names: ToolNames;
  readonly loss: LossReport;
  /** All text must stand among the items. */
  readonly itemsOnly: boolean;
}

export interface EncodedInput {
  readonly instructions?: string;
  readonly input: readonly JsonObject[];
}

/** System text at the head that is one plain text becomes the instructions; every other keeps its place. */
export function encodeInput(messages: readonly Message[], options: InputOptions): EncodedInput {
  const instructions = plainText(messages[0], options);
  const freeform = new Set<string>();
  const input = messages.flatMap((message, index) => {
    if (index === 0 && instructions !== undefined) return [];
    const at = `messages[${index}]`;
    reportForeign(message.extensions, wire, at, options.loss);
    if (message.name !== undefined) options.loss.add(`${at}.name`, 'Responses has no names of speakers');
    if (message.role === 'assistant') return encodeAssistant(message.parts, at, freeform, options);
    if (message.role !== 'tool') return encodeSpoken(message, at, options);
    return message.parts.flatMap((part, i) =>
      part.kind === 'tool-result' ? [encodeResult(part, `${at}.parts[${i}]`, freeform, options)] : [],
    );
  });
  return defined({ instructions, input });
}

function plainText(message: Message | undefined, { target, itemsOnly }: InputOptions): string | undefined {
  if (itemsOnly) return undefined;
  if (message?.role !== 'system' || message.extensions !== undefined || message.name !== undefined)
    return undefined;
  const [part, ...others] = message.parts;
  if (part?.kind !== 'text' || others.length > 0) return undefined;
  // A place for the cache can only be marked on a part.
  return part.cache !== undefined && target.rules.cacheMarks ? undefined : part.text;
}

function encodeSpoken(message: Message, at: string, { target, loss }: InputOptions): JsonObject[] {
  const { systemRole, cacheMarks } = target.rules;
  const [only] = message.parts;
  if (only?.kind === 'opaque' && only.wire === wire && isObject(only.block) && isItem(only.block))
    return [only.block];
  const content = message.parts
    .map((part, i) => encodePart(part, `${at}.parts[${i}]`, loss, cacheMarks))
    .filter((part) => part !== undefined);
  if (content.length === 0) return [];
  const role = !isSystem(message) || systemRole === 'developer' ? message.role : 'system';
  return [{ type: 'message', role, content }];
}

/** What is said in a message elsewhere and is an item of its own here. */
function isItem({ type }: JsonObject): boolean {
  return type === 'mcp_approval_response' || type === 'item_reference' || type === 'compaction';
}

/** The items that one turn made, in its order; texts side by side are parts of one message. */
function encodeAssistant(
  parts: readonly Part[],
  at: string,
  freeform: Set<string>,
  options: InputOptions,
): JsonObject[] {
  const items: JsonObject[] = [];
  let said: { readonly phase: Phase | undefined; readonly content: JsonObject[] } | undefined;
  parts.forEach((part, index) => {
    const path = `${at}.parts[${index}]`;
    if (part.kind === 'text' || part.kind === 'refusal') {
      const phase = part.kind === 'text' ? part.phase : said?.phase;
      if (said === undefined || said.phase !== phase) {
        said = { phase, content: [] };
        items.push(defined({ type: 'message', role: 'assistant', phase, content: said.content }));
      }
      said.content.push(part.kind === 'text' ? encodeText(part) : { type: 'refusal', refusal: part.text });
      return;
    }
    said = undefined;
    const item = encodeItem(part, path, options);
    if (item !== undefined) items.push(item);
    if (part.kind === 'tool-call' && part.freeform) freeform.add(part.id);
  });
  return items;
}

function encodeText({ text }: TextPart): JsonObject {
  return { type: 'output_text', text, annotations: [] };
}

function encodeItem(part: Part, at: string, options: InputOptions): JsonObject | undefined {
  const { loss } = options;
  switch (part.kind) {
    case 'tool-call':
      return encodeCall(part, options);
    case 'reasoning':
      return encodeReasoning(part, at, options);
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return part.block;
      loss.add(at, `only ${part.wire} understands it${part.text === '' ? '' : '; its text is sent'}`);
      return part.text === ''
        ? undefined
        : { type: 'message', role: 'assistant', content: [encodeText({ kind: 'text', text: part.text })] };
    default:
      loss.add(at, `an assistant's ${part.kind} cannot be sent`);
      return undefined;
  }
}

/** Empty arguments become an object, or the next reader fails on them; text that is no JSON is wrapped, not lost. */
function encodeArguments(text: string): string {
  if (text.trim() === '') return '{}';
  return parseJson(text) === undefined ? JSON.stringify({ arguments: text }) : text;
}

function encodeCall(part: ToolCallPart, { names }: InputOptions): JsonObject {
  const call = { call_id: fitCallId(part.id), name: names.encode(part.name) };
  if (part.freeform) return { type: 'custom_tool_call', ...call, input: part.arguments };
  return { type: 'function_call', ...call, arguments: encodeArguments(part.arguments) };
}

/** Encrypted reasoning goes back to its issuer alone; ids would point at what nobody stored. */
function encodeReasoning(
  { text, proof }: ReasoningPart,
  at: string,
  { target, loss }: InputOptions,
): JsonObject | undefined {
  if (proof === undefined || !belongsTo(proof, wire, target.issuer)) {
    loss.add(at, 'this upstream takes no reasoning back but its own');
    return undefined;
  }
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return { type: 'reasoning', summary, encrypted_content: proof.data };
}

function encodeResult(
  part: ToolResultPart,
  at: string,
  freeform: ReadonlySet<string>,
  { target, loss }: InputOptions,
): JsonObject {
  const { cacheMarks } = target.rules;
  const parts: readonly Part[] = part.failed ? markFailed(part.parts) : part.parts;
  const content = parts
    .map((one, i) => encodePart(one, `${at}.parts[${i}]`, loss, cacheMarks))
    .filter((one) => one !== undefined);
  const [only] = parts;
  const isPlain = parts.length === 1 && only?.kind === 'text' && !(cacheMarks && only.cache !== undefined);
  return {
    type: freeform.has(part.id) ? 'custom_tool_call_output' : 'function_call_output',
    call_id: fitCallId(part.id),
    output: isPlain ? only.text : content.length === 0 ? '' : content,
  };
}

/** There is no flag for it: the text says so. */
function markFailed(parts: readonly Part[]): readonly Part[] {
  const [first, ...rest] = parts;
  return first?.kind === 'text'
    ? [{ ...first, text: `Error: ${first.text}` }, ...rest]
    : [{ kind: 'text', text: 'Error:' }, ...parts];
}
