// One content block of Messages ⇄ the hub. The only place of this folder that lists the kinds.
import type { CacheMark } from '../../ir/cache.ts';
import { decodeText } from '../../ir/data-uri.ts';
import { extend } from '../../ir/extensions.ts';
import { wrapInput } from '../../ir/freeform.ts';
import { refuse } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { isBlank } from '../../ir/parts.ts';
import type { FilePart, Part, ReasoningPart, Source, ToolCallPart } from '../../ir/parts.ts';
import { belongsTo, isSealed, unsealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import {
  demandObject,
  demandString,
  join,
  readBoolean,
  readObject,
  readString,
  wrong,
} from '../../ir/read.ts';
import { fitCallId } from '../../ir/tool-names.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import { defined, isObject, omitKnown, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeCitation, encodeCitation } from './citations.ts';
import { describeBlock } from './server-tools.ts';
import { wire } from './wire.ts';
import type { WireBlock, WireMark } from './wire.ts';

/** `content` of a message or of a tool's result: a string or a list of blocks. */
export function decodeContent(value: unknown, at: string): Part[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ kind: 'text', text: value }];
  if (!Array.isArray(value)) return wrong(at, 'a string or an array');
  return (value as unknown[]).map((block, index) => decodePart(block, `${at}[${index}]`));
}

function decodePart(value: unknown, at: string): Part {
  const block = demandObject(value, at);
  const cache = decodeMark(block['cache_control']);
  switch (demandString(block, 'type', at)) {
    case 'text': {
      const cited = Array.isArray(block['citations']) ? (block['citations'] as unknown[]) : [];
      const citations = cited.map(decodeCitation).filter((citation) => citation !== undefined);
      const text = demandString(block, 'text', at);
      return defined({
        kind: 'text' as const,
        text,
        citations: citations.length === 0 ? undefined : citations,
        cache,
      });
    }
    case 'image': {
      const source = decodeSource(demandObject(block['source'], join(at, 'source')), join(at, 'source'));
      return defined({ kind: 'image' as const, source, cache });
    }
    case 'document':
      return decodeDocument(block, at, cache);
    case 'thinking':
    case 'redacted_thinking':
      return decodeReasoning(block, wire, undefined);
    case 'tool_use':
      return defined({ ...decodeCall(block, at), cache });
    case 'tool_result':
      return defined({
        kind: 'tool-result' as const,
        id: demandString(block, 'tool_use_id', at),
        parts: decodeContent(block['content'], join(at, 'content')),
        failed: readBoolean(block, 'is_error', at) === true ? true : undefined,
        cache,
        extensions: extend(wire, omitKnown(block, resultFields)),
      });
    default:
      return defined({ kind: 'opaque' as const, wire, block, text: describeBlock(block), cache });
  }
}

const resultFields = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control']);
const callFields = new Set(['type', 'id', 'name', 'input', 'cache_control']);

function decodeCall(block: JsonObject, at: string): ToolCallPart {
  const { caller } = block;
  const direct = isObject(caller) && caller['type'] === 'direct';
  const rest = omitKnown(direct ? { ...block, caller: undefined } : block, callFields);
  return defined({
    kind: 'tool-call' as const,
    id: demandString(block, 'id', at),
    name: demandString(block, 'name', at),
    arguments: JSON.stringify(block['input'] ?? {}),
    extensions: extend(wire, rest),
  });
}

/** A thinking block of a history or an answer. A sealed signature holds another issuer's proof, or none. */
export function decodeReasoning(block: JsonObject, from: string, issuer: string | undefined): ReasoningPart {
  const redacted = block['type'] === 'redacted_thinking';
  const slot = block[redacted ? 'data' : 'signature'];
  const text = redacted || typeof block['thinking'] !== 'string' ? '' : block['thinking'];
  let proof: Proof | undefined;
  if (typeof slot === 'string' && slot !== '') {
    const form = redacted ? ('redacted' as const) : ('signature' as const);
    proof = isSealed(slot) ? unsealProof(slot) : defined({ wire: from, issuer, form, data: slot });
  }
  return defined({ kind: 'reasoning' as const, text, proof });
}

function decodeDocument(block: JsonObject, at: string, cache: CacheMark | undefined): Part {
  const value = demandObject(block['source'], join(at, 'source'));
  if (value['type'] === 'content' && typeof value['content'] !== 'string') {
    return defined({ kind: 'opaque' as const, wire, block, text: describeBlock(block), cache });
  }
  const citations = readObject(block, 'citations', at);
  return defined({
    kind: 'file' as const,
    source: decodeSource(value, join(at, 'source')),
    name: readString(block, 'title', at),
    context: readString(block, 'context', at),
    citable: citations?.['enabled'] === true ? true : undefined,
    cache,
  });
}

function decodeSource(source: JsonObject, at: string): Source {
  switch (source['type']) {
    case 'base64':
      return {
        kind: 'data',
        mediaType: demandString(source, 'media_type', at),
        data: demandString(source, 'data', at),
      };
    case 'url':
      return { kind: 'url', url: demandString(source, 'url', at) };
    case 'file':
      return { kind: 'reference', wire, id: demandString(source, 'file_id', at) };
    case 'text':
      return { kind: 'text', text: demandString(source, 'data', at) };
    case 'content':
      return { kind: 'text', text: demandString(source, 'content', at) };
    default:
      return wrong(join(at, 'type'), 'one of base64, url, file, text, content');
  }
}

export interface PartOptions {
  readonly role: 'user' | 'assistant';
  readonly issuer: string;
  readonly names: ToolNames;
  readonly loss: LossReport;
}

/** A block of a message, or undefined when nothing may be sent for the part. Refuses what has no form here. */
export function encodePart(part: Part, at: string, options: PartOptions): WireBlock | undefined {
  switch (part.kind) {
    case 'text':
      // Empty blocks are refused by the API.
      if (isBlank(part.text)) return undefined;
      return defined({
        type: 'text',
        text: part.text,
        citations: encodeCitations(part.citations, options.role),
      });
    case 'refusal':
      return isBlank(part.text) ? undefined : { type: 'text', text: part.text };
    case 'image':
      if (part.detail !== undefined && part.detail !== 'auto')
        options.loss.add(`${at}.detail`, 'Messages has no such field');
      return { type: 'image', source: encodeImageSource(part.source, at) };
    case 'file':
      return encodeDocument(part, at);
    case 'audio':
      return refuse(at, 'this upstream takes no audio');
    case 'tool-call':
      return {
        ...part.extensions?.[wire],
        type: 'tool_use',
        id: fitCallId(part.id),
        name: options.names.encode(part.name),
        input: encodeInput(part),
      };
    case 'tool-result':
      return defined({
        ...part.extensions?.[wire],
        type: 'tool_result',
        tool_use_id: fitCallId(part.id),
        content: encodeAll(part.parts, `${at}.parts`, options),
        is_error: part.failed,
      });
    case 'reasoning': {
      const block = encodeReasoning(part, options.issuer);
      if (block === undefined)
        options.loss.add(at, 'reasoning without a signature of this upstream cannot be sent back');
      return block;
    }
    case 'opaque':
      return encodeOpaque(part, at, options);
  }
}

/** Blocks in order; a mark on a part that sends nothing moves to the block before it. */
export function encodeAll(parts: readonly Part[], at: string, options: PartOptions): WireBlock[] {
  const blocks: WireBlock[] = [];
  parts.forEach((part, index) => {
    const block = encodePart(part, `${at}[${index}]`, options);
    if (block !== undefined) blocks.push(block);
    const target = blocks.at(-1);
    if (part.cache !== undefined && target !== undefined && !target.type.endsWith('thinking')) {
      target.cache_control = encodeMark(part.cache);
    }
  });
  return blocks;
}

/** Undefined without a proof that this issuer made: Anthropic refuses thinking that it did not sign. */
export function encodeReasoning(part: ReasoningPart, issuer: string): WireBlock | undefined {
  const { proof, text } = part;
  if (proof === undefined || !belongsTo(proof, wire, issuer)) return undefined;
  return proof.form === 'redacted'
    ? { type: 'redacted_thinking', data: proof.data }
    : { type: 'thinking', thinking: text, signature: proof.data };
}

/** Arguments as an object; text that is no JSON object is wrapped rather than lost. */
export function encodeInput(part: ToolCallPart): unknown {
  if (part.freeform) return parseJson(wrapInput(part.arguments));
  if (isBlank(part.arguments)) return {};
  const value = parseJson(part.arguments);
  return isObject(value) ? value : { arguments: part.arguments };
}

function encodeOpaque(
  part: Extract<Part, { kind: 'opaque' }>,
  at: string,
  { role, loss }: PartOptions,
): WireBlock | undefined {
  if (part.wire === wire && isObject(part.block)) {
    const { cache_control: _, ...block } = part.block;
    return { type: '', ...block };
  }
  if (part.text === '' && role === 'user') return refuse(at, `only ${part.wire} understands this content`);
  loss.add(at, `only ${part.wire} understands it${part.text === '' ? '' : '; its text is sent'}`);
  return isBlank(part.text) ? undefined : { type: 'text', text: part.text };
}

function encodeCitations(citations: Extract<Part, { kind: 'text' }>['citations'], role: string): unknown {
  // Cited user text is an error in the newer version of the API and means nothing in the older one.
  if (citations === undefined || role === 'user') return undefined;
  const own = citations.filter(({ raw }) => raw?.wire === wire).map(encodeCitation);
  return own.length === 0 ? undefined : own;
}

const imageTypes = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function encodeImageSource(source: Source, at: string): JsonObject {
  switch (source.kind) {
    case 'data': {
      const type = source.mediaType === 'image/jpg' ? 'image/jpeg' : source.mediaType;
      if (!imageTypes.has(type)) return refuse(at, `this upstream takes no ${type}`);
      return { type: 'base64', media_type: type, data: source.data };
    }
    case 'url':
      return { type: 'url', url: source.url };
    case 'reference':
      if (source.wire !== wire) return refuse(at, 'the image is a file id of another provider');
      return { type: 'file', file_id: source.id };
    case 'text':
      return refuse(at, 'an image cannot be text');
  }
}

function encodeDocument(part: FilePart, at: string): WireBlock {
  return defined({
    type: 'document',
    source: encodeDocumentSource(part.source, at),
    title: part.name,
    context: part.context,
    citations: part.citable ? { enabled: true } : undefined,
  });
}

function encodeDocumentSource(source: Source, at: string): JsonObject {
  switch (source.kind) {
    case 'data': {
      if (source.mediaType === 'application/pdf')
        return { type: 'base64', media_type: source.mediaType, data: source.data };
      const text = /^(text\/|application\/(json|xml|yaml))/.test(source.mediaType)
        ? decodeText(source.data)
        : undefined;
      return text === undefined
        ? refuse(at, `this upstream takes no ${source.mediaType}`)
        : { type: 'text', media_type: 'text/plain', data: text };
    }
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text };
    case 'url':
      return { type: 'url', url: source.url };
    case 'reference':
      if (source.wire !== wire) return refuse(at, 'the document is a file id of another provider');
      return { type: 'file', file_id: source.id };
  }
}

export function decodeMark(value: unknown): CacheMark | undefined {
  if (!isObject(value)) return undefined;
  return defined({ ttl: (['5m', '1h'] as const).find((known) => known === value['ttl']) });
}

/** OpenAI's 30 minutes and 12 hours are nearest to an hour. */
export function encodeMark(mark: CacheMark): WireMark {
  const ttl = mark.ttl === undefined ? undefined : mark.ttl === '5m' ? ('5m' as const) : ('1h' as const);
  return defined({ type: 'ephemeral' as const, ttl });
}
