// One content part or reasoning item of Responses ⇄ the hub. The only place of this folder that lists the kinds.
import { readUri, writeUri } from '../../ir/data-uri.ts';
import { refuse } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { FilePart, Part, ReasoningPart, Source } from '../../ir/parts.ts';
import { isSealed, unsealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { demandObject, demandString, readString, wrong } from '../../ir/read.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeMark, encodeMark } from '../openai/cache.ts';
import { decodeAudio, encodeAudio, nameFile, readFileData } from '../openai/media.ts';
import { decodeCitation } from './citations.ts';
import { wire } from './wire.ts';

/** `content` of a message or `output` of a call: a string, null or a list of parts. */
export function decodeContent(value: unknown, at: string): Part[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ kind: 'text', text: value }];
  if (!Array.isArray(value)) return wrong(at, 'a string or an array');
  return (value as unknown[]).map((part, index) => decodePart(part, `${at}[${index}]`));
}

function decodePart(value: unknown, at: string): Part {
  if (typeof value === 'string') return { kind: 'text', text: value };
  const part = demandObject(value, at);
  const cache = decodeMark(part, at);
  switch (demandString(part, 'type', at)) {
    case 'input_text':
    case 'output_text':
    case 'summary_text':
    case 'text': {
      const annotations = Array.isArray(part['annotations']) ? (part['annotations'] as unknown[]) : [];
      const citations = annotations.map(decodeCitation).filter((citation) => citation !== undefined);
      const text = demandString(part, 'text', at);
      return defined({
        kind: 'text' as const,
        text,
        citations: citations.length === 0 ? undefined : citations,
        cache,
      });
    }
    case 'refusal':
      return { kind: 'refusal', text: demandString(part, 'refusal', at) };
    case 'input_image':
    case 'computer_screenshot':
      return defined({
        kind: 'image' as const,
        source: decodeImage(part, at),
        detail: (['auto', 'low', 'high', 'original'] as const).find((known) => known === part['detail']),
        cache,
      });
    case 'input_file':
      return defined({ ...decodeFile(part, at), cache });
    case 'input_audio':
      return defined({ kind: 'audio' as const, source: decodeAudio(part, at), cache });
    default:
      return { kind: 'opaque', wire, block: value, text: '' };
  }
}

function decodeImage(part: JsonObject, at: string): Source {
  const id = readString(part, 'file_id', at);
  return id === undefined
    ? readUri(demandString(part, 'image_url', at), 'image/png')
    : { kind: 'reference', wire, id };
}

function decodeFile(part: JsonObject, at: string): FilePart {
  const name = readString(part, 'filename', at);
  const id = readString(part, 'file_id', at);
  const url = readString(part, 'file_url', at);
  const data = readString(part, 'file_data', at);
  if (id !== undefined)
    return defined({ kind: 'file' as const, source: { kind: 'reference' as const, wire, id }, name });
  if (url !== undefined)
    return defined({ kind: 'file' as const, source: { kind: 'url' as const, url }, name });
  if (data === undefined) return wrong(at, 'an object with file_data, file_url or file_id');
  return defined({ kind: 'file' as const, source: readFileData(data), name });
}

/** A reasoning item of a history or an answer: the raw thoughts of open models, else their summary. */
export function decodeReasoning(item: JsonObject, issuer: string | undefined): ReasoningPart {
  const text = readTexts(item['content']) || readTexts(item['summary']);
  const { encrypted_content: data } = item;
  if (typeof data !== 'string' || data === '') return { kind: 'reasoning', text };
  const proof: Proof | undefined = isSealed(data)
    ? unsealProof(data)
    : defined({ wire, issuer, form: 'redacted' as const, data });
  return defined({ kind: 'reasoning' as const, text, proof });
}

/** Between two parts of one summary. */
export const summaryBreak = '\n\n';

function readTexts(value: unknown): string {
  if (!Array.isArray(value)) return '';
  return (value as unknown[])
    .filter(isObject)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .filter((text) => text !== '')
    .join(summaryBreak);
}

/** A part of a user's or system's message, or of a tool's result. Refuses what Responses has no form for. */
export function encodePart(part: Part, at: string, loss: LossReport, marks: boolean): JsonObject | undefined {
  const mark = marks ? encodeMark(part.cache) : {};
  switch (part.kind) {
    case 'text':
      return { type: 'input_text', text: part.text, ...mark };
    case 'refusal':
      return { type: 'input_text', text: part.text };
    case 'image':
      return defined({
        type: 'input_image',
        ...encodeImage(part.source, at),
        detail: part.detail,
        ...mark,
      });
    case 'file':
      if (part.context !== undefined) loss.add(`${at}.context`, 'Responses has no such field');
      if (part.citable) loss.add(`${at}.citable`, 'Responses does not cite documents of the request');
      return { ...encodeFile(part.source, part.name, at), ...mark };
    case 'audio':
      return { ...encodeAudio(part.source, at), ...mark };
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return part.block;
      if (part.text === '') return refuse(at, `only ${part.wire} understands this content`);
      loss.add(at, `only ${part.wire} understands it; its text is sent`);
      return { type: 'input_text', text: part.text };
    default:
      loss.add(at, `a ${part.kind} cannot stand here`);
      return undefined;
  }
}

function encodeImage(source: Source, at: string): JsonObject {
  switch (source.kind) {
    case 'data':
      return { image_url: writeUri(source) };
    case 'url':
      return { image_url: source.url };
    case 'reference':
      if (source.wire !== wire) refuse(at, 'the image is a file id of another provider');
      return { file_id: source.id };
    case 'text':
      return refuse(at, 'an image cannot be text');
  }
}

function encodeFile(source: Source, name: string | undefined, at: string): JsonObject {
  switch (source.kind) {
    case 'text':
      return {
        type: 'input_text',
        text: name === undefined ? source.text : `${name}\n\n${source.text}`,
      };
    case 'data':
      return {
        type: 'input_file',
        filename: nameFile(name, source.mediaType),
        file_data: writeUri(source),
      };
    case 'url':
      return { type: 'input_file', file_url: source.url };
    case 'reference':
      if (source.wire !== wire) refuse(at, 'the document is a file id of another provider');
      return { type: 'input_file', file_id: source.id };
  }
}
