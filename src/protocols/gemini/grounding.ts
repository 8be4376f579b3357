// Grounding and citation metadata of Gemini ⇄ citations of the hub. Google counts bytes of UTF-8 from the start of the
// text, the hub UTF-16 units.
import type { Citation } from '../../ir/parts.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Citations of a candidate; `text` is what they point into. */
export function decodeGrounding(candidate: JsonObject, text: string): readonly Citation[] {
  const { groundingMetadata: grounding, citationMetadata: recited } = candidate;
  const citations: Citation[] = [];
  if (isObject(grounding)) {
    const chunks = list(grounding['groundingChunks']);
    const used = new Set<number>();
    for (const support of list(grounding['groundingSupports'])) {
      const segment = isObject(support['segment']) ? support['segment'] : {};
      const indices = support['groundingChunkIndices'];
      for (const index of Array.isArray(indices) ? (indices as unknown[]) : []) {
        const chunk = typeof index === 'number' ? chunks[index] : undefined;
        if (chunk === undefined) continue;
        used.add(index as number);
        citations.push(decodeChunk(chunk, segment, text));
      }
    }
    // A source that no passage names supports the whole.
    chunks.forEach((chunk, index) => {
      if (!used.has(index)) citations.push(decodeChunk(chunk, {}, text));
    });
  }
  const sources = isObject(recited) ? (recited['citationSources'] ?? recited['citations']) : undefined;
  for (const source of list(sources)) {
    citations.push(
      defined({
        kind: typeof source['uri'] === 'string' ? ('url' as const) : ('document' as const),
        url: words(source['uri']),
        title: words(source['title']),
        ...decodeSpan(source, text),
        raw: { wire, value: source },
      }),
    );
  }
  return citations;
}

function decodeChunk(chunk: JsonObject, segment: JsonObject, text: string): Citation {
  const source =
    [chunk['web'], chunk['maps'], chunk['retrievedContext'], chunk['image']].find(isObject) ?? {};
  const url = words(source['uri']) ?? words(source['sourceUri']);
  return defined({
    kind: url === undefined ? ('document' as const) : ('url' as const),
    url,
    title: words(source['title']) ?? words(source['domain']),
    citedText: words(segment['text']),
    ...decodeSpan(segment, text),
    raw: { wire, value: chunk },
  });
}

function decodeSpan({ startIndex, endIndex }: JsonObject, text: string): { start?: number; end?: number } {
  if (typeof endIndex !== 'number') return {};
  const start = typeof startIndex === 'number' ? startIndex : 0;
  return { start: unitsOf(text, start), end: unitsOf(text, endIndex) };
}

export interface GroundedText {
  readonly text: string;
  readonly citations: readonly Citation[];
}

/** `groundingMetadata` for the texts of an answer; undefined when they cite no page. */
export function encodeGrounding(texts: readonly GroundedText[]): JsonObject | undefined {
  const chunks: JsonObject[] = [];
  const supports: JsonObject[] = [];
  const indexes = new Map<string, number>();
  let offset = 0;
  for (const { text, citations } of texts) {
    for (const { url, title, start = 0, end = text.length } of citations) {
      if (url === undefined) continue;
      let index = indexes.get(url);
      if (index === undefined) {
        index = chunks.push({ web: { uri: url, title: title ?? url } }) - 1;
        indexes.set(url, index);
      }
      const segment = {
        startIndex: offset + bytesOf(text, start),
        endIndex: offset + bytesOf(text, end),
        text: text.slice(start, end),
      };
      supports.push({ segment, groundingChunkIndices: [index] });
    }
    offset += bytesOf(text, text.length);
  }
  return chunks.length === 0 ? undefined : { groundingChunks: chunks, groundingSupports: supports };
}

function bytesOf(text: string, units: number): number {
  return new TextEncoder().encode(text.slice(0, units)).length;
}

/** UTF-16 units of the first so many bytes of a text. */
function unitsOf(text: string, bytes: number): number {
  let seen = 0;
  let units = 0;
  for (const sign of text) {
    if (seen >= bytes) break;
    const code = sign.codePointAt(0)!;
    seen += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    units += sign.length;
  }
  return units;
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}

function words(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
