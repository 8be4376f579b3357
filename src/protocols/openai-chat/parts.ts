// One content part or tool call of Chat ⇄ the hub. The only place of this folder that lists the kinds.
import { readUri, writeUri } from '../../ir/data-uri.ts';
import { refuse } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { FilePart, ImagePart, Part, ReasoningPart, Source, ToolCallPart } from '../../ir/parts.ts';
import { isSealed, sealProof, unsealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { demandObject, demandString, join, readString, wrong } from '../../ir/read.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeMark, encodeMark } from '../openai/cache.ts';
import { decodeAudio, encodeAudio, nameFile, readFileData } from '../openai/media.ts';
import { wire } from './wire.ts';
import type { WireCall } from './wire.ts';

/** `content` of any message: a string, null or a list of parts. */
export function decodeContent(value: unknown, at: string): Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [{ kind: 'text', text: value }];
  if (!Array.isArray(value)) wrong(at, 'a string or an array');
  return (value as unknown[]).map((part, index) => decodePart(part, `${at}[${index}]`));
}

function decodePart(value: unknown, at: string): Part {
  if (typeof value === 'string') return { kind: 'text', text: value };
  const part = demandObject(value, at);
  const cache = decodeMark(part, at);
  switch (demandString(part, 'type', at)) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return defined({ kind: 'text' as const, text: demandString(part, 'text', at), cache });
    case 'refusal':
      return { kind: 'refusal', text: demandString(part, 'refusal', at) };
    case 'image_url':
      return defined({ ...decodeImage(part['image_url'], join(at, 'image_url')), cache });
    case 'input_audio':
      return defined({ kind: 'audio' as const, source: decodeAudio(part, at), cache });
    case 'file':
      return defined({
        ...decodeFile(demandObject(part['file'], join(at, 'file')), join(at, 'file')),
        cache,
      });
    case 'thinking':
      return { kind: 'reasoning', text: readNestedText(part['thinking']) };
    default:
      return { kind: 'opaque', wire, block: value, text: '' };
  }
}

function decodeImage(value: unknown, at: string): ImagePart {
  if (typeof value === 'string') return { kind: 'image', source: readUri(value, 'image/png') };
  const image = demandObject(value, at);
  const detail = (['auto', 'low', 'high', 'original'] as const).find((known) => known === image['detail']);
  return defined({
    kind: 'image' as const,
    source: readUri(demandString(image, 'url', at), 'image/png'),
    detail,
  });
}

function decodeFile(file: JsonObject, at: string): FilePart {
  const id = readString(file, 'file_id', at);
  const data = readString(file, 'file_data', at);
  const name = readString(file, 'filename', at);
  if (id !== undefined)
    return defined({ kind: 'file' as const, source: { kind: 'reference' as const, wire, id }, name });
  if (data === undefined) return wrong(at, 'an object with file_data or file_id');
  return defined({ kind: 'file' as const, source: readFileData(data), name });
}

/** A part of a user message or of a tool's result. Refuses what Chat has no form for. */
export function encodePart(part: Part, at: string, loss: LossReport, marks: boolean): JsonObject | undefined {
  const mark = marks ? encodeMark(part.cache) : {};
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: part.text, ...mark };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image':
      return {
        type: 'image_url',
        image_url: defined({ url: encodeImageUrl(part.source, at), detail: part.detail }),
        ...mark,
      };
    case 'file':
      if (part.context !== undefined) loss.add(`${at}.context`, 'Chat has no such field');
      if (part.citable) loss.add(`${at}.citable`, 'Chat does not cite documents');
      return { ...encodeFile(part.source, part.name, at), ...mark };
    case 'audio':
      return { ...encodeAudio(part.source, at), ...mark };
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return part.block;
      if (part.text === '') return refuse(at, `only ${part.wire} understands this content`);
      loss.add(at, `only ${part.wire} understands it; its text is sent`);
      return { type: 'text', text: part.text };
    default:
      loss.add(at, `a ${part.kind} cannot stand here`);
      return undefined;
  }
}

function encodeImageUrl(source: Source, at: string): string {
  if (source.kind === 'data') return writeUri(source);
  return source.kind === 'url' ? source.url : refuse(at, 'the image is a file id of another provider');
}

function encodeFile(source: Source, name: string | undefined, at: string): JsonObject {
  switch (source.kind) {
    case 'text':
      return { type: 'text', text: name === undefined ? source.text : `${name}\n\n${source.text}` };
    case 'data':
      return {
        type: 'file',
        file: { filename: nameFile(name, source.mediaType), file_data: writeUri(source) },
      };
    case 'reference':
      if (source.wire !== wire) refuse(at, 'the document is a file id of another provider');
      return { type: 'file', file: defined({ file_id: source.id, filename: name }) };
    case 'url':
      return refuse(at, 'a document by URL cannot be sent to this upstream; send its bytes');
  }
}

export function decodeCall(value: unknown, at: string): ToolCallPart {
  const call = demandObject(value, at);
  const id = readString(call, 'id', at) ?? '';
  if (call['type'] === 'custom') {
    const custom = demandObject(call['custom'], join(at, 'custom'));
    const input = readString(custom, 'input', at) ?? '';
    return {
      kind: 'tool-call',
      id,
      name: demandString(custom, 'name', join(at, 'custom')),
      arguments: input,
      freeform: true,
    };
  }
  const fn = demandObject(call['function'], join(at, 'function'));
  return {
    kind: 'tool-call',
    id,
    name: demandString(fn, 'name', join(at, 'function')),
    arguments: readArguments(fn['arguments']),
  };
}

/** JSON text; some servers send the object itself. */
export function readArguments(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** `name` is the one that the wire accepts. Empty arguments become an object, or the next reader fails on them. */
export function encodeCall(part: ToolCallPart, name: string): WireCall {
  if (part.freeform) return { id: part.id, type: 'custom', custom: { name, input: part.arguments } };
  const args = part.arguments.trim() === '' ? '{}' : part.arguments;
  return { id: part.id, type: 'function', function: { name, arguments: args } };
}

/** Reasoning of a past assistant turn: details where there are some, else the plain text. */
export function decodeReasoning(message: JsonObject): ReasoningPart[] {
  const text = [message['reasoning_content'], message['reasoning']].find(
    (value) => typeof value === 'string',
  );
  const plain: ReasoningPart[] = typeof text === 'string' && text !== '' ? [{ kind: 'reasoning', text }] : [];
  const details = message['reasoning_details'];
  if (!Array.isArray(details)) return plain;
  const parts = (details as unknown[]).filter(isObject).map(decodeDetail);
  return parts.every((part) => part.text === '' && part.proof === undefined) ? plain : parts;
}

/** One entry of `reasoning_details`, the form that OpenRouter introduced. */
export function decodeDetail(detail: JsonObject): ReasoningPart {
  const value = [detail['text'], detail['summary']].find((text) => typeof text === 'string');
  const text = typeof value === 'string' ? value : '';
  const slot = [detail['signature'], detail['data']].find(
    (proof) => typeof proof === 'string' && proof !== '',
  );
  if (typeof slot !== 'string') return { kind: 'reasoning', text };
  const proof: Proof | undefined = isSealed(slot)
    ? unsealProof(slot)
    : { wire, form: detail['data'] === slot ? 'redacted' : 'signature', data: JSON.stringify(detail) };
  return defined({ kind: 'reasoning' as const, text, proof });
}

/** A proof on its way to the client or back to its issuer; ours are sealed, so that nobody takes them for OpenRouter's. */
export function encodeDetail(text: string, proof: Proof, index: number, back: boolean): unknown {
  if (back) return JSON.parse(proof.data) as unknown;
  const data = sealProof(proof);
  return proof.form === 'redacted'
    ? { type: 'reasoning.encrypted', data, format: 'omniroute', index }
    : { type: 'reasoning.text', text, signature: data, format: 'omniroute', index };
}

function readNestedText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return (value as unknown[])
    .map((entry) => (isObject(entry) && typeof entry['text'] === 'string' ? entry['text'] : ''))
    .join('');
}
