// Citations, which stand beside the text of an answer.
import type { Citation } from '../../ir/parts.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Undefined for what is no annotation. */
export function decodeCitation(value: unknown): Citation | undefined {
  if (!isObject(value) || typeof value['type'] !== 'string') return undefined;
  const { url, title, filename, start_index: start, end_index: end } = value;
  const link = typeof url === 'string' ? url : undefined;
  return defined({
    kind: link === undefined ? ('document' as const) : ('url' as const),
    url: link,
    title: typeof title === 'string' ? title : typeof filename === 'string' ? filename : undefined,
    start: typeof start === 'number' ? start : undefined,
    end: typeof end === 'number' ? end : undefined,
    raw: { wire, value },
  });
}

/** `length`: of the text that is cited. Only web pages have a form for others' citations. */
export function encodeCitation(citation: Citation, length: number): JsonObject | undefined {
  if (citation.raw?.wire === wire && isObject(citation.raw.value)) return citation.raw.value;
  const { url, title, start = 0, end = length } = citation;
  if (url === undefined) return undefined;
  return { type: 'url_citation', url, title: title ?? url, start_index: start, end_index: end };
}
