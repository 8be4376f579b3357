// What a real vendor would refuse in a conversation. A simulator that swallowed it would hide every fault of a
// translation: calls without results, results without calls, proofs that the vendor never gave, schemas it cannot read.
import { BadAsk } from './ask.ts';
import type { JsonObject } from './json.ts';
import { asObject, asObjects, asText } from './json.ts';
import { signatureMark } from './say.ts';

/** Chat: the results of an assistant's calls follow it at once, one per call. */
export function checkChat(messages: readonly JsonObject[]): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages.${index}`;
    if (message['role'] === 'tool') {
      const id = asText(message['tool_call_id']) ?? '';
      if (!open.delete(id))
        throw new BadAsk(at, `${at}: a tool message must answer a tool_call before it; "${id}" does not`);
      continue;
    }
    refuseOpen(open, at);
    if (message['role'] === 'assistant') open = new Set(asObjects(message['tool_calls']).map(callId));
  }
  refuseOpen(open, 'messages');
}

/** Responses: every output names a call of the same input, every call has its output. */
export function checkResponses(items: readonly JsonObject[]): void {
  const open = new Set<string>();
  const known = new Set<string>();
  for (const [index, item] of items.entries()) {
    const id = asText(item['call_id']) ?? '';
    if (item['type'] === 'function_call' || item['type'] === 'custom_tool_call') {
      open.add(id);
      known.add(id);
    } else if (item['type'] === 'function_call_output' || item['type'] === 'custom_tool_call_output') {
      if (!known.has(id))
        throw new BadAsk('input', `input[${index}]: no tool call found for output with call_id "${id}"`);
      open.delete(id);
    } else if (item['type'] === 'reasoning') {
      if (!Array.isArray(item['summary'])) throw new BadAsk(`input[${index}].summary`, 'summary: required');
      refuseForeign(item['encrypted_content'], `input[${index}].encrypted_content`);
    }
  }
  const [left] = open;
  if (left !== undefined) throw new BadAsk('input', `no tool output found for function call "${left}"`);
}

/** Messages: results in the very next message and before its text, no empty text, proofs unchanged. */
export function checkMessages(messages: readonly JsonObject[]): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages.${index}`;
    if (index === 0 && message['role'] === 'assistant')
      throw new BadAsk(at, `${at}: the first message must be of the user`);
    const blocks = asObjects(message['content']);
    for (const [position, block] of blocks.entries()) {
      const place = `${at}.content.${position}`;
      if (block['type'] === 'text' && (asText(block['text']) ?? '').trim() === '') {
        throw new BadAsk(place, `${place}: text content blocks must hold more than white space`);
      }
      if (block['type'] === 'thinking') {
        if (typeof block['signature'] !== 'string')
          throw new BadAsk(place, `${place}.thinking.signature: Field required`);
        refuseForeign(block['signature'], `${place}.signature`);
      }
      if (block['type'] !== 'tool_result') continue;
      const id = asText(block['tool_use_id']) ?? '';
      if (!open.delete(id)) throw new BadAsk(place, `${place}: unexpected tool_use_id in tool_result: ${id}`);
      if (blocks.slice(0, position).some((before) => before['type'] !== 'tool_result')) {
        throw new BadAsk(place, `${place}: tool_result blocks must come first`);
      }
    }
    // A system message may stand between a call and its results.
    if (message['role'] === 'system') continue;
    refuseOpen(open, at);
    open = new Set(
      blocks.filter((block) => block['type'] === 'tool_use').map((block) => toolUseId(block, at)),
    );
  }
  refuseOpen(open, 'messages');
}

/** Gemini: as many results as calls in the turn before, in the next turn; declarations in the subset that it reads. */
export function checkGemini(
  turns: readonly (readonly JsonObject[])[],
  declarations: readonly JsonObject[],
): void {
  let open = 0;
  for (const [index, parts] of turns.entries()) {
    const responses = parts.filter(
      (part) => 'functionResponse' in part || 'function_response' in part,
    ).length;
    if (responses !== open) {
      const message =
        'the number of function response parts must equal the number of function call parts of the turn before';
      throw new BadAsk(`contents[${index}]`, message);
    }
    open = parts.filter((part) => 'functionCall' in part || 'function_call' in part).length;
    for (const part of parts)
      refuseForeign(part['thoughtSignature'] ?? part['thought_signature'], `contents[${index}]`);
  }
  for (const declaration of declarations) {
    if (!/^[a-zA-Z_][\w.:-]{0,127}$/.test(asText(declaration['name']) ?? '')) {
      throw new BadAsk('tools', `invalid function name "${asText(declaration['name']) ?? ''}"`);
    }
    refuseKeywords(declaration['parameters'], `parameters of ${asText(declaration['name']) ?? ''}`);
  }
}

/** Values that Gemini documents as "do not check". */
const bypasses = new Set(['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']);

/** A proof is either ours or a fault: vendors refuse what they did not sign. */
function refuseForeign(proof: unknown, place: string): void {
  if (typeof proof !== 'string' || proof === '' || proof.startsWith(signatureMark) || bypasses.has(proof))
    return;
  throw new BadAsk(place, `${place}: invalid signature, it was not issued here`);
}

const refusedKeywords = new Set([
  '$schema',
  '$ref',
  '$defs',
  '$id',
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'const',
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'uniqueItems',
  'multipleOf',
  'examples',
]);

/** The OpenAPI subset of `parameters`; `parametersJsonSchema` takes more and is not looked at. */
function refuseKeywords(schema: unknown, place: string): void {
  const node = asObject(schema);
  if (!node) return;
  const refused = Object.keys(node).find((key) => refusedKeywords.has(key));
  if (refused !== undefined)
    throw new BadAsk('tools', `Unknown name "${refused}" in ${place}: Cannot find field.`);
  if (Array.isArray(node['type'])) throw new BadAsk('tools', `type in ${place} must be one type`);
  if (Array.isArray(node['enum']) && node['enum'].some((value) => typeof value !== 'string')) {
    throw new BadAsk('tools', `enum in ${place} must hold strings`);
  }
  for (const [name, inner] of Object.entries(asObject(node['properties']) ?? {}))
    refuseKeywords(inner, `${place}.${name}`);
  refuseKeywords(node['items'], `${place}[]`);
  for (const inner of asObjects(node['anyOf'])) refuseKeywords(inner, place);
}

function refuseOpen(open: ReadonlySet<string>, at: string): void {
  const [left] = open;
  if (left !== undefined) throw new BadAsk(at, `${at}: tool call "${left}" has no result right after it`);
}

function callId(call: JsonObject): string {
  return asText(call['id']) ?? '';
}

function toolUseId(block: JsonObject, at: string): string {
  const id = asText(block['id']) ?? '';
  if (!/^[a-zA-Z0-9_-]+$/.test(id))
    throw new BadAsk(at, `${at}: tool_use.id "${id}" has characters that are not allowed`);
  return id;
}
