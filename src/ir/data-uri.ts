// `data:` URIs, the way images and files travel inside JSON on OpenAI's wires.
import type { Source } from './parts.ts';

/** The bytes of a data URI as a source, or the address itself when it is an ordinary URL. */
export function readUri(uri: string, fallbackType: string): Source {
  if (!/^data:/i.test(uri)) return { kind: 'url', url: uri };
  const comma = uri.indexOf(',');
  if (comma === -1) return { kind: 'data', mediaType: fallbackType, data: '' };
  const [type = '', ...parameters] = uri.slice(5, comma).split(';');
  const mediaType = type === '' ? fallbackType : type.toLowerCase();
  const payload = uri.slice(comma + 1);
  if (parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64')) {
    return { kind: 'data', mediaType, data: payload };
  }
  return { kind: 'data', mediaType, data: encodeText(decodePercent(payload)) };
}

export function writeUri(source: Extract<Source, { kind: 'data' }>): string {
  return `data:${source.mediaType};base64,${source.data}`;
}

/** Base64 of the UTF-8 bytes of a text. */
export function encodeText(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The text behind Base64, or undefined when it is not Base64 of UTF-8. */
export function decodeText(data: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
