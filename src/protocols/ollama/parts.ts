// One content part or tool call of Ollama ⇄ the hub. The only place of this folder that lists the kinds.
import { decodeText, readUri } from '../../ir/data-uri.ts';
import { wrapInput } from '../../ir/freeform.ts';
import { imageTypeOf } from '../../ir/image-type.ts';
import { refuse } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { isBlank } from '../../ir/parts.ts';
import type { FilePart, ImagePart, Part, Source, ToolCallPart } from '../../ir/parts.ts';
import { demandObject, demandString, join, readString, wrong } from '../../ir/read.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { WireCall } from './wire.ts';

/** A list of pictures in Base64; data URIs are taken as well, clients send them. */
export function decodeImages(values: readonly unknown[] | undefined, at: string): ImagePart[] {
  return (values ?? []).map((value, index) => {
    if (typeof value !== 'string' || value === '') return wrong(`${at}[${index}]`, 'a picture in Base64');
    return decodeImage(value);
  });
}

export function decodeImage(value: string): ImagePart {
  if (value.includes(':')) return { kind: 'image', source: readUri(value, 'image/png') };
  return {
    kind: 'image',
    source: { kind: 'data', mediaType: imageTypeOf(value) ?? 'image/png', data: value },
  };
}

/** What a message says: one text, and the pictures in front of it. */
export interface Content {
  readonly content: string;
  readonly images: readonly string[];
}

/** The parts of a user message or of a tool's result. Refuses what Ollama has no form for. */
export function encodeContent(parts: readonly Part[], at: string, loss: LossReport): Content {
  const texts: string[] = [];
  const images: string[] = [];
  parts.forEach((part, index) => {
    const path = `${at}.parts[${index}]`;
    switch (part.kind) {
      case 'text':
      case 'refusal':
        if (part.text !== '') texts.push(part.text);
        break;
      case 'image':
        images.push(encodeImage(part.source, path));
        break;
      case 'file':
        texts.push(encodeFile(part, path));
        break;
      case 'audio':
        return refuse(path, 'this upstream takes no audio');
      case 'opaque':
        if (isBlank(part.text)) return refuse(path, `only ${part.wire} understands this content`);
        loss.add(path, `only ${part.wire} understands it; its text is sent`);
        texts.push(part.text);
        break;
      default:
        loss.add(path, `a ${part.kind} cannot stand here`);
    }
  });
  if (isInterleaved(parts)) loss.add(`${at}.images`, 'pictures stand in front of the whole text');
  return { content: texts.join('\n\n'), images };
}

/** Whether a picture between two texts loses its place. */
function isInterleaved(parts: readonly Part[]): boolean {
  const kinds = parts.filter(({ kind }) => kind === 'image' || kind === 'text').map(({ kind }) => kind);
  const picture = kinds.lastIndexOf('image');
  return picture > 0 && kinds.slice(0, picture).includes('text') && kinds.slice(picture).includes('text');
}

export function encodeImage(source: Source, at: string): string {
  switch (source.kind) {
    case 'data':
      return source.data;
    case 'url':
      return refuse(at, 'this upstream takes no pictures by URL; send the bytes');
    default:
      return refuse(at, 'the picture is a file id of another provider');
  }
}

function encodeFile({ source, name, context }: FilePart, at: string): string {
  const text =
    source.kind === 'text'
      ? source.text
      : source.kind === 'data' && /^(text\/|application\/(json|xml|yaml))/.test(source.mediaType)
        ? decodeText(source.data)
        : undefined;
  if (text === undefined) return refuse(at, 'this upstream takes documents as plain text only');
  return [name, context, text].filter((piece) => piece !== undefined && piece !== '').join('\n\n');
}

/** `fallback` is the id of a call that came without one. */
export function decodeCall(value: unknown, at: string, fallback: string): ToolCallPart {
  const call = demandObject(value, at);
  const place = join(at, 'function');
  const fn = demandObject(call['function'], place);
  const id = readString(call, 'id', at);
  return {
    kind: 'tool-call',
    id: id === undefined || id === '' ? fallback : id,
    name: demandString(fn, 'name', place),
    arguments: readArguments(fn['arguments']),
  };
}

/** An object; clients that come from OpenAI send its text. */
export function readArguments(value: unknown): string {
  if (typeof value === 'string') return isBlank(value) ? '{}' : value;
  return value === undefined || value === null ? '{}' : JSON.stringify(value);
}

export function encodeCall(part: ToolCallPart, name: string, index: number): WireCall {
  return { id: part.id, function: { index, name, arguments: encodeArguments(part) } };
}

/** Arguments as an object; text that is no JSON object is wrapped rather than lost. */
function encodeArguments(part: ToolCallPart): unknown {
  if (part.freeform) return parseJson(wrapInput(part.arguments));
  if (isBlank(part.arguments)) return {};
  const value = parseJson(part.arguments);
  return isObject(value) ? value : { arguments: part.arguments };
}
