// One part of a content ⇄ the hub. The only place of this folder that lists the kinds.
import { extend } from '../../ir/extensions.ts';
import { wrapInput } from '../../ir/freeform.ts';
import { refuse } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { FilePart, Part, ReasoningPart, Source, ToolCallPart } from '../../ir/parts.ts';
import { demandObject, demandString, join, readString } from '../../ir/read.ts';
import { defined, isObject, omitKnown, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { describePart } from './opaque.ts';
import { decodeSlot } from './signatures.ts';
import { wire } from './wire.ts';
import type { WirePart } from './wire.ts';

/** Parts of a history that are neither calls nor results; a signature becomes reasoning in front of what it stands on. */
export function decodePart(part: JsonObject, at: string): readonly Part[] {
  const { thoughtSignature: slot, ...bare } = part;
  const signed = decodeSlot(slot);
  const { text } = bare;
  if (bare['thought'] === true) {
    const words = typeof text === 'string' ? text : '';
    return [defined({ kind: 'reasoning' as const, ...signed, text: words || (signed?.text ?? '') })];
  }
  const proof: readonly Part[] = signed === undefined ? [] : [{ kind: 'reasoning', ...signed }];
  if (typeof text === 'string') return text === '' ? proof : [...proof, { kind: 'text', text }];
  const content = decodeContent(bare, at);
  return [...proof, content];
}

function decodeContent(part: JsonObject, at: string): Part {
  const { inlineData: inline, fileData: file } = part;
  const extensions = extend(wire, omitKnown(part, mediaFields));
  if (isObject(inline)) {
    const mediaType = readString(inline, 'mimeType', join(at, 'inlineData')) ?? 'application/octet-stream';
    const data = demandString(inline, 'data', join(at, 'inlineData'));
    const media = toMedia(
      mediaType,
      { kind: 'data', mediaType, data },
      readString(inline, 'displayName', at),
    );
    return extensions === undefined ? media : { ...media, extensions };
  }
  if (isObject(file)) {
    const uri = demandString(file, 'fileUri', join(at, 'fileData'));
    const mediaType = readString(file, 'mimeType', join(at, 'fileData')) ?? '';
    const known = isStored(uri);
    const source: Source = known ? { kind: 'reference', wire, id: uri } : { kind: 'url', url: uri };
    const more =
      known && mediaType !== '' ? { [wire]: { ...extensions?.[wire], mimeType: mediaType } } : extensions;
    const media = toMedia(mediaType, source, readString(file, 'displayName', at));
    return more === undefined ? media : { ...media, extensions: more };
  }
  return { kind: 'opaque', wire, block: part, text: describePart(part) };
}

const mediaFields = new Set(['inlineData', 'fileData', 'thought']);

/** Whether the bytes must be fetched: Google itself only reads its own hosts. */
export function needsBytes(part: Part): boolean {
  const isMedia = part.kind === 'image' || part.kind === 'file' || part.kind === 'audio';
  return isMedia && part.source.kind === 'url' && !isStored(part.source.url);
}

/** Google's own files, buckets and videos: nobody else can read them. */
function isStored(uri: string): boolean {
  return /^gs:|^https:\/\/(generativelanguage\.googleapis\.com|storage\.googleapis\.com|(www\.)?youtube\.com|youtu\.be)\//.test(
    uri,
  );
}

/** Bytes by their kind. A picture by address without a type is taken for one. */
export function toMedia(mediaType: string, source: Source, name?: string): Part {
  if (mediaType.startsWith('image/')) return { kind: 'image', source };
  if (mediaType.startsWith('audio/')) return { kind: 'audio', source };
  return defined({ kind: 'file' as const, source, name });
}

/** A call in a history; `id` is the one that it goes by. */
export function decodeCall(value: unknown, id: string, at: string): ToolCallPart {
  const call = demandObject(value, at);
  return {
    kind: 'tool-call',
    id,
    name: demandString(call, 'name', at),
    arguments: JSON.stringify(call['args'] ?? {}),
  };
}

/** A part of the user or of a result; undefined when nothing may be sent for it. Refuses what has no form here. */
export function encodePart(part: Part, at: string, loss: LossReport): WirePart | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text === '' ? undefined : { text: part.text };
    case 'image':
    case 'audio':
      return encodeSource(part.source, part, at);
    case 'file':
      return encodeFile(part, at, loss);
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return part.block;
      if (part.text === '') return refuse(at, `only ${part.wire} understands this content`);
      loss.add(at, `only ${part.wire} understands it; its text is sent`);
      return { text: part.text };
    default:
      loss.add(at, `a ${part.kind} cannot stand here`);
      return undefined;
  }
}

function encodeFile(part: FilePart, at: string, loss: LossReport): WirePart {
  const { source, name, context, citable } = part;
  if (context !== undefined) loss.add(`${at}.context`, 'Gemini has no such field');
  if (citable) loss.add(`${at}.citable`, 'Gemini does not cite documents');
  if (source.kind === 'text') return { text: name === undefined ? source.text : `${name}\n\n${source.text}` };
  if (name !== undefined) loss.add(`${at}.name`, 'Gemini has no names of files');
  return encodeSource(source, part, at);
}

function encodeSource(source: Source, part: Part, at: string): WirePart {
  const known = part.extensions?.[wire] ?? {};
  switch (source.kind) {
    case 'data': {
      const mimeType = source.mediaType === 'image/jpg' ? 'image/jpeg' : source.mediaType;
      return { ...known, inlineData: { mimeType, data: source.data } };
    }
    case 'reference': {
      if (source.wire !== wire) return refuse(at, 'it is a file id of another provider');
      const { mimeType, ...rest } = known;
      return { ...rest, fileData: defined({ mimeType, fileUri: source.id }) };
    }
    case 'url':
      if (isStored(source.url)) return { ...known, fileData: { fileUri: source.url } };
      return refuse(at, 'this upstream does not fetch by address; send the bytes');
    case 'text':
      return { ...known, text: source.text };
  }
}

/** Arguments as an object; text that is no JSON object is wrapped rather than lost. */
export function encodeArguments(part: ToolCallPart): unknown {
  if (part.freeform) return parseJson(wrapInput(part.arguments));
  if (part.arguments.trim() === '') return {};
  const value = parseJson(part.arguments);
  return isObject(value) ? value : { arguments: part.arguments };
}

export interface TurnWriter {
  /** The signature to send for a proof, in front of `text`'s reader. */
  sign(part: ReasoningPart, at: string): string | undefined;
  /** May the words of this reasoning be sent? */
  shows(part: ReasoningPart, signed: boolean, at: string): boolean;
  /** A part of another kind than text and reasoning. */
  write(part: Part, at: string): WirePart | undefined;
}

/**
 * Parts of the model's turn, with each signature on the part behind its reasoning: the way back of `decodePart` and of the
 * stream's reader. One that nothing follows stands on an empty part of its own.
 */
export function encodeTurn(parts: readonly Part[], at: string, writer: TurnWriter): WirePart[] {
  const written: WirePart[] = [];
  let pending: string | undefined;
  parts.forEach((part, index) => {
    const path = `${at}[${index}]`;
    if (part.kind === 'reasoning') {
      flush(true);
      const signature = writer.sign(part, path);
      if (part.text !== '' && writer.shows(part, signature !== undefined, path))
        written.push({ text: part.text, thought: true });
      pending = signature;
      return;
    }
    const said =
      part.kind === 'text' || part.kind === 'refusal' ? textPart(part.text) : writer.write(part, path);
    if (said === undefined) return;
    written.push(pending === undefined ? said : { ...said, thoughtSignature: pending });
    pending = undefined;
  });
  flush(false);
  return written;

  function flush(inside: boolean): void {
    if (pending === undefined) return;
    const last = written.at(-1);
    if (inside && last?.thought) last.thoughtSignature = pending;
    else written.push({ text: '', ...(inside && { thought: true as const }), thoughtSignature: pending });
    pending = undefined;
  }
}

function textPart(text: string): WirePart | undefined {
  return text === '' ? undefined : { text };
}
