// Files and recordings inside JSON, as OpenAI's wires carry them ⇄ the hub.
import { readUri } from '../../ir/data-uri.ts';
import { refuse } from '../../ir/loss.ts';
import type { Source } from '../../ir/parts.ts';
import { demandObject, demandString, join, readString } from '../../ir/read.ts';
import type { JsonObject } from '../../lib/json.ts';

/** `{input_audio: {data, format}}`. */
export function decodeAudio(part: JsonObject, at: string): Source {
  const audio = demandObject(part['input_audio'], join(at, 'input_audio'));
  const format = readString(audio, 'format', at) ?? 'wav';
  return { kind: 'data', mediaType: `audio/${format}`, data: demandString(audio, 'data', at) };
}

export function encodeAudio(source: Source, at: string): JsonObject {
  if (source.kind !== 'data') return refuse(at, 'audio must travel as data');
  const format = source.mediaType.replace(/^audio\/(x-)?/, '').replace('mpeg', 'mp3');
  return { type: 'input_audio', input_audio: { data: source.data, format } };
}

/** A data URI. Base64 without a prefix is not what the documentation says, but what some clients send. */
export function readFileData(data: string): Source {
  return data.includes(':')
    ? readUri(data, 'application/pdf')
    : { kind: 'data', mediaType: 'application/pdf', data };
}

/** Hosts tell a file's kind by the end of its name. */
export function nameFile(name: string | undefined, mediaType: string): string {
  const isNamed = name !== undefined && /\.\w{1,5}$/.test(name);
  return isNamed ? name : `${name ?? 'document'}.${mediaType === 'application/pdf' ? 'pdf' : 'txt'}`;
}
